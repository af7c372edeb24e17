"""Addresses of tenancy on the platform's own host."""

from django.urls import path

from apps.tenants.views import platform

app_name = "tenants"
urlpatterns = [
    path("workspaces/", platform.workspace_list, name="workspace_list"),
    path("workspaces/new/", platform.workspace_create, name="workspace_create"),
    path("workspaces/address/", platform.workspace_address, name="workspace_address"),
    path("workspaces/enter/", platform.workspace_enter, name="workspace_enter"),
    path("workspaces/<slug:slug>/open/", platform.workspace_open, name="workspace_open"),
    path("workspaces/<slug:slug>/keep/", platform.workspace_keep, name="workspace_keep"),
]
