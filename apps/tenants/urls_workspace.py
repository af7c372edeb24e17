"""Addresses of tenancy on a tenant's host."""

from django.urls import path

from apps.tenants.views import closing, settings, workspace

app_name = "tenants"
urlpatterns = [
    path("getting-started/", workspace.getting_started, name="getting_started"),
    path("getting-started/close/", workspace.getting_started_close, name="getting_started_close"),
    path("getting-started/reopen/", workspace.getting_started_reopen, name="getting_started_reopen"),
    path("settings/", settings.general, name="settings"),
    path("settings/launch-stage/", settings.launch_stage, name="launch_stage"),
    path("settings/domains/", settings.domain_list, name="domain_list"),
    path("settings/domains/verify/", settings.domain_verify, name="domain_verify"),
    path("settings/domains/remove/", settings.domain_remove, name="domain_remove"),
    path("settings/leaving/", closing.leaving, name="leaving"),
    path("settings/exports/", closing.export_create, name="export_create"),
    path("settings/exports/<int:export_id>/", closing.export_download, name="export_download"),
    path("settings/deletion/", closing.deletion_schedule, name="deletion_schedule"),
    path("settings/copy/", closing.workspace_copy, name="workspace_copy"),
    path("settings/invitations/", workspace.invitation_create, name="invitation_create"),
]
