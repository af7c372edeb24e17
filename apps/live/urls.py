"""Addresses of live updates on a tenant's host; the streams themselves are served by the events process."""

from django.urls import path

from apps.live import views

app_name = "live"
urlpatterns = [path("live/ticket/", views.ticket_issue, name="ticket_issue")]
