"""What tasks tell the outside and event triggers: written in the transaction that moves the task."""

from django.utils.translation import gettext_lazy as _

from apps.connectors import facade as connectors
from apps.connectors.contracts import EventType, NewEvent
from apps.tasks.models import Task

_TEXT = {"type": "string"}
_TASK = {
    "type": "object",
    "required": ["task_id", "number", "state"],
    "properties": {
        **dict.fromkeys(("task_id", "title", "task_type", "state", "source", "client", "workflow"), _TEXT),
        "number": {"type": "integer"},
        "run_id": {"type": ["string", "null"]},
        "score": {"type": ["integer", "null"]},
    },
}
STATES = {
    "done": "task.finished",
    "failed": "task.failed",
    "review": "task.needs_review",
    "cancelled": "task.cancelled",
}
EVENT_TYPES = (
    EventType(type="task.created", title=_("A task was sent in"), group="task", schema=_TASK),
    EventType(type="task.finished", title=_("A task is done"), group="task", schema=_TASK),
    EventType(type="task.failed", title=_("A task failed"), group="task", schema=_TASK),
    EventType(type="task.needs_review", title=_("A task waits for a person"), group="task", schema=_TASK),
    EventType(type="task.cancelled", title=_("A task was cancelled"), group="task", schema=_TASK),
)


def tell_task(task: Task, *, before: str) -> None:
    """Write down that a task was sent in (``before`` empty) or came into a state others want to know of."""
    kinds = ["task.created"] if not before else []
    if task.state != before and task.state in STATES:
        kinds.append(STATES[task.state])
    data = {
        "task_id": str(task.id), "number": task.number, "title": task.title, "task_type": task.type.slug, "state": str(task.state),
        "source": str(task.source), "client": task.client, "workflow": task.workflow, "score": task.score,
        "run_id": str(task.run_id) if task.run_id else None,
    }  # fmt: skip
    connectors.publish_events([NewEvent(type=kind, object_key=f"task:{task.id}", data=data) for kind in kinds])
