"""Address of the Living Canvas."""

from django.urls import path

from apps.portal.canvas import views

app_name = "canvas"
urlpatterns = [path("canvas/", views.canvas, name="canvas")]
