"""Where browsers report to, on every host."""

from django.urls import path

from apps.portal.telemetry import views

app_name = "telemetry"
urlpatterns = [
    path("", views.report, name="report"),
    path("content-policy/", views.content_policy, name="content_policy"),
]
