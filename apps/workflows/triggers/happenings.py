"""What runs and approvals tell the outside, and event triggers: written in the transactions in which it happens."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.connectors import facade as connectors
from apps.connectors.contracts import EventType, NewEvent

_TEXT = {"type": "string"}
_RUN_FIELDS = dict.fromkeys(("run_id", "workflow", "state", "subject_kind", "subject_id"), _TEXT)
_RUN = {"type": "object", "required": ["run_id", "workflow", "state"], "properties": _RUN_FIELDS}
_ERROR = {"type": "object", "properties": dict.fromkeys(("code", "message", "path"), _TEXT)}
_FAILED = {**_RUN, "properties": {**_RUN_FIELDS, "error": _ERROR}}
_APPROVAL = {
    "type": "object",
    "required": ["approval_id", "run_id", "workflow", "state"],
    "properties": dict.fromkeys(("approval_id", "run_id", "workflow", "title", "state", "risk_class"), _TEXT),
}
ERROR_MAX = 500
RUN_STATES = {
    "succeeded": "run.succeeded",
    "failed": "run.failed",
    "cancelled": "run.cancelled",
    "review": "run.needs_person",
}
EVENT_TYPES = (
    EventType(type="run.succeeded", title=_("A run succeeded"), group="run", schema=_RUN),
    EventType(type="run.failed", title=_("A run failed"), group="run", schema=_FAILED),
    EventType(type="run.cancelled", title=_("A run was cancelled"), group="run", schema=_RUN),
    EventType(type="run.needs_person", title=_("A run waits for a person"), group="run", schema=_RUN),
    EventType(type="approval.requested", title=_("An approval is asked for"), group="approval", schema=_APPROVAL),
    EventType(type="approval.decided", title=_("An approval was decided"), group="approval", schema=_APPROVAL),
)


def run_event(*, run_id: UUID | str, state: str, workflow: str, subject_kind: str, subject_id: str,
              error: Mapping[str, Any] | None = None) -> NewEvent | None:  # fmt: skip
    """The event of a run that came into this state; None for states nobody is told about.

    A failed run tells its error as the run's page does: code, message, and the path of the step.
    """
    kind = RUN_STATES.get(state)
    if kind is None:
        return None
    data: dict[str, Any] = {
        "run_id": str(run_id),
        "workflow": workflow,
        "state": state,
        "subject_kind": subject_kind,
        "subject_id": subject_id,
    }
    if kind == "run.failed" and error:
        data["error"] = {name: str(error.get(name, ""))[:ERROR_MAX] for name in ("code", "message", "path")}
    return NewEvent(type=kind, object_key=f"run:{run_id}", data=data)


def tell_run(run: Any, *, state: str, error: Mapping[str, Any] | None = None) -> None:
    """Tell about a run that ended outside of the engine's own turn. ``run`` is its row, read in this transaction."""
    event = run_event(
        run_id=run.pk,
        state=state,
        workflow=run.version.workflow.slug,
        subject_kind=run.subject_kind,
        subject_id=run.subject_id,
        error=error,
    )
    if event is not None:
        connectors.publish_events([event])


def tell_approval(row: Any, *, kind: str) -> None:
    """Tell that an approval was asked for or decided. ``row`` is its row."""
    data = {
        "approval_id": str(row.pk), "run_id": str(row.run_id), "workflow": row.workflow, "title": row.title,
        "state": str(row.state), "risk_class": row.risk_class,
    }  # fmt: skip
    connectors.publish_events([NewEvent(type=f"approval.{kind}", object_key=f"approval:{row.pk}", data=data)])
