"""What a model was asked and answered in a step: the frozen request and the response of the effect that carries the call's key."""

import json
from typing import Any
from uuid import UUID

from apps.ai.registries import CallTexts
from apps.workflows.models import Effect


def read_texts(key: str, run_id: UUID | None) -> tuple[list[tuple[str, str]], str] | None:
    """Messages as (role, text) and the answer; None when no step's effect has that key. One query."""
    row = Effect.objects.filter(key=key).values_list("request", "response").first() if run_id else None
    if row is None:
        return None
    request, response = json.loads(row[0]), row[1] or {}
    turns: list[dict[str, Any]] = (request.get("request") or {}).get("messages") or []
    return [(turn.get("role", ""), turn.get("content", "")) for turn in turns], str(response.get("text") or "")


STEP_TEXTS = CallTexts(name="workflows", read=read_texts)
