"""Pages of the portal itself; the apps bring their own."""

from django.urls import path
from django.views.i18n import set_language

from apps.core.policy import public
from apps.portal import views

app_name = "portal"
urlpatterns = [
    path("", views.home, name="home"),
    path("more/", views.more, name="more"),
    path("search/", views.search, name="search"),
    path("palette/", views.palette, name="palette"),
    path("notifications/", views.notifications, name="notifications"),
    path("style/", views.style, name="style"),
    path("language/", public(reason="choosing a language needs no account")(set_language), name="language_set"),
]
