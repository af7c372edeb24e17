"""Addresses of tenancy on a tenant's host."""

from django.urls import path

from apps.tenants.views import workspace

app_name = "tenants"
urlpatterns = [
    path("settings/", workspace.settings_page, name="settings"),
    path("settings/launch-stage/", workspace.launch_stage_change, name="launch_stage_change"),
    path("settings/domains/", workspace.domain_create, name="domain_create"),
    path("settings/domains/verify/", workspace.domain_verify, name="domain_verify"),
    path("settings/domains/remove/", workspace.domain_remove, name="domain_remove"),
    path("settings/exports/", workspace.export_create, name="export_create"),
    path("settings/exports/<int:export_id>/", workspace.export_download, name="export_download"),
    path("settings/deletion/", workspace.deletion_schedule, name="deletion_schedule"),
    path("settings/invitations/", workspace.invitation_create, name="invitation_create"),
]
