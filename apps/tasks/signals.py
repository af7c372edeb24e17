"""Events of the task queue, sent after commit. They are hints: the rows are the truth."""

from dataclasses import dataclass
from uuid import UUID

from apps.core.events import Event, EventSignal


@dataclass(frozen=True, kw_only=True)
class TaskChanged(Event):
    """A task was submitted or moved to another state."""

    task_id: UUID
    state: str
    before: str


task_changed = EventSignal()
