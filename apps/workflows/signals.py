"""Events of workflows, sent after commit; rows are the truth, so listeners also have a sweep."""

from dataclasses import dataclass
from uuid import UUID

from apps.core.events import Event, EventSignal


@dataclass(frozen=True, kw_only=True)
class RunFinished(Event):
    """A run succeeded, failed or was cancelled (``state``)."""

    run_id: UUID
    state: str
    subject_kind: str
    subject_id: str


@dataclass(frozen=True, kw_only=True)
class RunWaiting(Event):
    """A run waits for the events named (empty: a timer), or for a person (``state`` review)."""

    run_id: UUID
    state: str
    subject_kind: str
    subject_id: str
    waiting_for: tuple[str, ...]


run_finished = EventSignal()
run_waiting = EventSignal()
