"""Fan-out in memory: who listens to what, and what they have not been told yet. No I/O; used on the event loop only."""

import asyncio
import json
from collections import deque
from collections.abc import Iterable

from apps.live.contracts import Change

REMEMBERED = 2_000
MAX_STREAMS = 5_000
MAX_PER_PERSON = 12


class Listener:
    """One stream. However slowly it reads, it holds one joined change: memory does not grow with what it misses."""

    def __init__(self, *, tenant_id: int, user_id: int, topics: Iterable[str], after: int = 0) -> None:
        self.tenant_id, self.user_id = tenant_id, user_id
        self.topics = frozenset(topics)
        self.after = after
        self.start = 0
        self._change: Change | None = None
        self._news = asyncio.Event()

    def offer(self, change: Change) -> None:
        """Join a change to what is pending, as far as it is about this listener's topics and later than what it knows."""
        if change.id <= self.after:
            return
        touched = [topic for topic in self.topics if change.touches(topic)]
        if not touched:
            return
        if self._change is None:
            self._change = Change()
        self._change.id = max(self._change.id, change.id)
        self._change.add(touched, change.flows if "runs" in self.topics else None)
        self._news.set()

    async def next(self, *, timeout_s: float) -> Change | None:
        """What is pending, as soon as there is something; None when nothing came in time."""
        try:
            await asyncio.wait_for(self._news.wait(), timeout_s)
        except TimeoutError:
            return None
        self._news.clear()
        change, self._change = self._change, None
        return change


class Hub:
    """All streams of this process and the latest changes of all tenants."""

    def __init__(self) -> None:
        self.cursor = 0
        self._floor = 0
        self._recent: deque[tuple[int, Change]] = deque(maxlen=REMEMBERED)
        self._listeners: dict[int, set[Listener]] = {}

    def begin_at(self, cursor: int) -> None:
        """Everything up to ``cursor`` is history that only the table remembers."""
        self.cursor = self._floor = max(self.cursor, cursor)

    def __len__(self) -> int:
        return sum(map(len, self._listeners.values()))

    def of_person(self, user_id: int) -> int:
        """How many streams a person has open."""
        return sum(one.user_id == user_id for group in self._listeners.values() for one in group)

    def join(self, listener: Listener) -> None:
        """From now on the listener hears what is published; what came before must be replayed up to ``listener.start``."""
        listener.start = self.cursor
        self._listeners.setdefault(listener.tenant_id, set()).add(listener)

    def leave(self, listener: Listener) -> None:
        """Forget a stream and everything it held."""
        group = self._listeners.get(listener.tenant_id)
        if group is not None:
            group.discard(listener)
            if not group:
                del self._listeners[listener.tenant_id]

    def publish(self, tenant_id: int, change: Change) -> None:
        """Fan one stored notice out to the listeners of its tenant, each id once."""
        if change.id <= self.cursor:
            return
        if len(self._recent) == REMEMBERED:
            self._floor = self._recent[0][1].id
        self._recent.append((tenant_id, change))
        self.cursor = change.id
        for listener in self._listeners.get(tenant_id, ()):
            listener.offer(change)

    def remembers(self, after: int) -> bool:
        """Whether everything later than ``after`` is still in memory."""
        return after >= self._floor

    def recent(self, tenant_id: int, *, after: int, until: int) -> list[Change]:
        """The tenant's changes in memory with ``after < id <= until``."""
        return [change for tenant, change in self._recent if tenant == tenant_id and after < change.id <= until]


def as_event(change: Change) -> bytes:
    """The change as a server-sent event (HTML standard, 9.2)."""
    body = json.dumps({"topics": list(change.topics), "flows": change.flows}, separators=(",", ":"))
    return f"id: {change.id}\nevent: change\ndata: {body}\n\n".encode()
