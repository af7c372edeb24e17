"""The published JSON Schema of a workflow's definition."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from apps.core.policy import public
from apps.workflows.core.schema import SCHEMA


@require_GET
@public(reason="The format of definitions is documentation; it holds nothing of anybody's.")
@cache_control(public=True, max_age=3600)
def definition_schema(request: HttpRequest) -> JsonResponse:
    """JSON Schema, draft 2020-12."""
    return JsonResponse(SCHEMA, content_type="application/schema+json")
