"""The HTTP API of a tenant's host, put together from the apps' routes, and its description."""

from typing import Any, ClassVar

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView

from apps.accounts.guards import HasPermission


class SchemaView(SpectacularAPIView):
    """The OpenAPI description of everything below /api/v1/."""

    permission_classes: ClassVar[list[Any]] = [HasPermission.of("api.use")]


urlpatterns = [
    path("schema/", SchemaView.as_view(), name="api_schema"),
    path("auth/", include("apps.accounts.api.routes")),
    path("", include("apps.tasks.api.routes")),
    path("", include("apps.workflows.approvals.api")),
    path("", include("apps.workflows.approvals.rule_api")),
    path("", include("apps.workflows.secrets.api")),
    path("", include("apps.workflows.whatif.api")),
    path("", include("apps.connectors.webhooks_out.api")),
    path("", include("apps.ai.prompts.api")),
]
