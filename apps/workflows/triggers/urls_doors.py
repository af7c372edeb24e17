"""Addresses that outside services call, below /hooks/."""

from django.urls import path

from apps.workflows.triggers import doors

app_name = "trigger_doors"
urlpatterns = [
    path("w/<slug:key>/", doors.webhook, name="webhook"),
    path("mail/<slug:key>/", doors.inbound_mail, name="mail"),
]
