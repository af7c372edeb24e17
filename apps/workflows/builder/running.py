"""Starting a workflow by hand: a form from its inputs schema, and where a run's steps stand for the canvas."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apps.workflows.builder.fields import MISSING, Node, Reader, build
from apps.workflows.core.inputs import with_defaults
from apps.workflows.enums import StepState
from apps.workflows.models import Run, StepRun

Json = Any
STATES = {
    StepState.RUNNING: "running", StepState.WAITING: "waiting", StepState.REVIEW: "person", StepState.SUCCEEDED: "done",
    StepState.FAILED: "failed", StepState.CANCELLED: "cancelled",
}  # fmt: skip
FREE = {"type": "object", "properties": {}}


def input_form(schema: Mapping[str, Json] | None, value: Json) -> Node:
    """The form of a run's inputs; without a schema one field for a JSON object."""
    if schema and schema.get("properties"):
        return build("inputs", schema, with_defaults(schema, value if isinstance(value, Mapping) else {}))
    node = build("inputs", {}, None)
    node.kind, node.text = "any", "" if value in (None, {}) else str(value)
    return node


def read_inputs(schema: Mapping[str, Json] | None, sent: Mapping[str, Any]) -> Json:
    """The inputs as sent; placeholders are plain text here."""
    reader = Reader(sent, add=sent.get("_add", ""), remove=sent.get("_remove", ""))
    found = reader.value("inputs", schema if schema and schema.get("properties") else {}, None)
    return {} if found is MISSING else plain_texts(found)


def plain_texts(value: Json) -> Json:
    """The value with texts that look like placeholders as they were typed: nothing is filled in here."""
    if isinstance(value, Mapping):
        return value["$text"] if set(value) == {"$text"} else {key: plain_texts(child) for key, child in value.items()}
    return [plain_texts(child) for child in value] if isinstance(value, list) else value


def states_of(run_id: UUID) -> dict[str, dict[str, Json]]:
    """Where each step of a run stands: its latest attempt of its latest visit. A wait for an answer needs a person."""
    run = Run.objects.filter(pk=run_id).values("cursor").first()
    asked = {token[1] for token in (run or {"cursor": {}})["cursor"].get("tokens", ()) if token[3] == "waiting"}
    found: dict[str, dict[str, Json]] = {}
    rows = StepRun.objects.filter(run_id=run_id).order_by("seq", "attempt")
    for step_id, state, attempt in rows.values_list("step_id", "state", "attempt"):
        shown = "person" if state == StepState.WAITING and step_id in asked else STATES[StepState(state)]
        visits = found.get(step_id, {}).get("visits", 0) + 1
        found[step_id] = {"state": shown, "attempt": attempt, "visits": visits}
    return found
