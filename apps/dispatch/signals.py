"""What dispatch announces."""

from dataclasses import dataclass

from apps.core.events import Event, EventSignal


@dataclass(frozen=True, kw_only=True)
class WorkDied(Event):
    """A sweep gave an item up because its workers kept dying (``poison``). Sent from a worker's housekeeping thread."""

    work_id: int
    kind: str
    ref: str
    error_code: str


work_died = EventSignal()
