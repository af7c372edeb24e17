"""Pages of the template library on a tenant's host."""

from django.urls import path

from apps.workflows.library import views

app_name = "library"
urlpatterns = [
    path("", views.template_list, name="template_list"),
    path("<slug:slug>/", views.template_detail, name="template_detail"),
]
