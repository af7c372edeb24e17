"""Event triggers: what happens in the workspace starts workflows, each event once for each trigger, and never in a circle."""

from typing import Any

from django.db.models import Q

from apps.connectors import facade as connectors
from apps.connectors.contracts import HeardEvent
from apps.connectors.registries import event_types
from apps.workflows.models import Firing, Trigger
from apps.workflows.triggers import firing
from apps.workflows.triggers.enums import FiringState, TriggerKind
from apps.workflows.triggers.registries import TASKS, request_doors
from apps.workflows.triggers.types import TriggerProblem

ROW_CHANGED = "connector.row_changed"
KINDS = (TriggerKind.EVENT, TriggerKind.CONNECTOR)


def check_event(place: str, config: Any) -> list[TriggerProblem]:
    """Only events that exist can be waited for."""
    wanted = config.get("events") or [config.get("change")]
    return [
        TriggerProblem(code="unknown_event", place=f"{place}.events", message=f"There is no event {kind!r}.")
        for kind in wanted
        if kind not in event_types
    ]


def listen(trigger: Trigger) -> None:
    """Have the trigger's events kept."""
    connectors.set_event_interest(subscriber=f"trigger:{trigger.pk}", types=events_of(trigger))


def stop_listening(trigger: Trigger) -> None:
    """Have them kept no more for its sake."""
    connectors.set_event_interest(subscriber=f"trigger:{trigger.pk}", types=[])


def events_of(trigger: Trigger) -> list[str]:
    """The types of events a trigger waits for."""
    return list(trigger.config.get("events") or [trigger.config["change"]])


def bind_task_type(trigger: Trigger) -> None:
    """Have tasks of the type answered by the trigger's workflow."""
    request_doors.get(TASKS).bind(trigger.config["task_type"], trigger.workflow.slug)


def unbind_task_type(trigger: Trigger) -> None:
    """Have them answered as before."""
    request_doors.get(TASKS).unbind(trigger.config["task_type"], trigger.workflow.slug)


def hear(event: HeardEvent) -> None:
    """Give every trigger that waits for the event an occasion of its own; twice the same event is one occasion.

    A workflow is not started by what its own runs cause, and a chain of workflows that start one another is cut
    (``firing.DEEPEST``).
    """
    rows = Trigger.objects.select_related("workflow").filter(kind__in=KINDS, enabled=True, removed_at__isnull=True)
    waiting = [row for row in rows if event.type in events_of(row) and _fits(row, event)]
    if not waiting:
        return
    depth = _depth(event)
    payload = {
        "type": event.type,
        "id": str(event.uid),
        "occurred_at": event.occurred_at.isoformat(),
        "data": dict(event.data),
    }
    for trigger in waiting:
        taken, new = Firing.objects.get_or_create(
            trigger=trigger,
            key=f"event:{event.uid}",
            defaults={"state": FiringState.RECEIVED, "payload": payload, "depth": depth},
        )
        if new:
            firing.enqueue_begin(taken)


def _fits(trigger: Trigger, event: HeardEvent) -> bool:
    data, config = event.data, trigger.config
    if data.get("workflow") == trigger.workflow.slug:
        return False
    wanted = {name: config[name] for name in ("workflow", "task_type", "database", "connection") if config.get(name)}
    return all(data.get(name) == value for name, value in wanted.items())


def _depth(event: HeardEvent) -> int:
    """One more than the occasion whose run or task the event is about; 0 when nothing triggered that."""
    run_id, task_id = event.data.get("run_id"), event.data.get("task_id")
    about = Q(pk=None)
    if run_id:
        about |= Q(run_id=run_id)
    if task_id:
        about |= Q(task_id=task_id)
    earlier = Firing.objects.filter(about).order_by("-depth").values_list("depth", flat=True).first()
    return 0 if earlier is None else earlier + 1
