"""Addresses of a tenant's host: the portal and its API."""

from django.urls import include, path

from apps.core.back_office import workspace_office

urlpatterns = [
    path("hooks/", include("apps.workflows.triggers.urls_doors")),
    path("hooks/", include("apps.connectors.urls")),
    path("admin/", workspace_office.urls),
    path("api/v1/", include("echopilot.api")),
    path("", include("apps.portal.urls")),
    path("", include("apps.portal.canvas.urls")),
    path("", include("apps.portal.pwa.urls")),
    path("", include("apps.portal.pwa.urls_workspace")),
    path("", include("apps.live.urls")),
    path("tasks/", include("apps.tasks.urls")),
    path("workflows/describe/", include("apps.workflows.authoring.urls")),
    path("workflows/templates/", include("apps.workflows.library.urls")),
    path("", include("apps.workflows.urls")),
    path("triggers/", include("apps.workflows.triggers.urls")),
    path("secrets/", include("apps.workflows.secrets.urls")),
    path("connections/webhooks/", include("apps.connectors.webhooks_out.urls")),
    path("connections/", include("apps.connectors.urls_portal")),
    path("costs/", include("apps.ai.urls")),
    path("prompts/", include("apps.ai.prompts.urls")),
    path("assistant/", include("apps.tasks.assistant.urls")),
    path("", include("apps.accounts.urls")),
    path("", include("apps.tenants.urls_workspace")),
    path("accounts/", include("allauth.urls")),
]

handler400 = "apps.core.pages.bad_request"
handler403 = "apps.core.pages.permission_denied"
handler404 = "apps.core.pages.page_not_found"
handler429 = "apps.core.pages.too_many_requests"
handler500 = "apps.core.pages.server_error"
