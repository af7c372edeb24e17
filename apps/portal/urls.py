"""Pages of the portal itself; the apps bring their own."""

from django.urls import path
from django.views.i18n import set_language

from apps.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("language/", set_language, name="language_set"),
]
