"""Pages of the portal itself; the apps bring their own."""

from django.urls import path
from django.views.i18n import set_language

from apps.core.policy import public
from apps.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("language/", public(reason="choosing a language needs no account")(set_language), name="language_set"),
]
