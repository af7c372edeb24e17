"""Addresses both kinds of hosts answer: the icon, and what browsers report."""

from django.urls import include, path

from apps.portal.pwa import views

app_name = "everywhere"
urlpatterns = [
    path("favicon.ico", views.favicon, name="favicon"),
    path("telemetry/", include("apps.portal.telemetry.urls")),
]
