"""The published JSON Schema of a workflow's definition."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_GET

from apps.core.policy import public
from apps.workflows.core.schema import SCHEMA, TRIGGER
from apps.workflows.triggers.types import TRIGGER_TYPES


@require_GET
@public(reason="The format of definitions is documentation; it holds nothing of anybody's.")
@cache_control(public=True, max_age=3600)
def definition_schema(request: HttpRequest) -> JsonResponse:
    """JSON Schema, draft 2020-12."""
    known = {"type": {"enum": sorted(entry.type for entry in TRIGGER_TYPES)}}
    trigger = {**TRIGGER, "properties": {**TRIGGER["properties"], **known}}
    triggers = {**SCHEMA["properties"]["triggers"], "additionalProperties": trigger}
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "triggers": triggers}}
    return JsonResponse(schema, content_type="application/schema+json")
