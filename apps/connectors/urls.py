"""Addresses of connectors on a tenant's host."""

from django.urls import path

from apps.connectors import views

app_name = "connectors"
urlpatterns = [
    path("notion/<slug:key>/", views.notion_webhook, name="notion_webhook"),
    path("slack/<slug:key>/", views.slack_interaction, name="slack_interaction"),
]
