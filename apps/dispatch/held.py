"""What this process has in its hands: one slot for each item, from claim to release."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from apps.dispatch.contracts import ClaimedWork


@dataclass(slots=True)
class _Slot:
    work: ClaimedWork
    since: float


class Held:
    """Thread-safe. ``clock`` must be the lease's, so that heartbeats can tell old items from new ones."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._slots: dict[int, _Slot] = {}
        self._queues: Counter[str] = Counter()
        self._kinds: Counter[str] = Counter()
        self._tenants: Counter[tuple[int, str]] = Counter()

    def __len__(self) -> int:
        return len(self._slots)

    def add(self, works: Iterable[ClaimedWork]) -> None:
        """Take a slot for each claimed item."""
        now = self._clock()
        with self._lock:
            for work in works:
                self._drop(work.id)
                self._slots[work.id] = _Slot(work, now)
                self._queues[work.queue] += 1
                self._kinds[work.kind] += 1
                self._tenants[work.tenant_id, work.queue] += 1

    def release(self, work_ids: Iterable[int]) -> None:
        """Free slots; unknown ids are ignored."""
        with self._lock:
            for work_id in work_ids:
                self._drop(work_id)

    def is_current(self, work: ClaimedWork) -> bool:
        """Whether this very claim is still in our hands."""
        slot = self._slots.get(work.id)
        return slot is not None and slot.work.fence == work.fence

    def lost(self, *, sent: float, owned: Mapping[int, int]) -> list[ClaimedWork]:
        """Items held since before ``sent`` which the database, asked after ``sent``, does not call ours."""
        with self._lock:
            return [
                slot.work
                for slot in self._slots.values()
                if slot.since < sent and owned.get(slot.work.id) != slot.work.fence
            ]

    def strays(self, owned: Mapping[int, int]) -> dict[int, int]:
        """What the database calls ours and we do not hold: a claim whose answer was lost, an outcome that was not written."""
        with self._lock:
            return {
                work_id: fence
                for work_id, fence in owned.items()
                if work_id not in self._slots or self._slots[work_id].work.fence != fence
            }

    def all(self) -> list[ClaimedWork]:
        """Everything held."""
        with self._lock:
            return [slot.work for slot in self._slots.values()]

    def by_queue(self, queues: Sequence[str]) -> dict[str, int]:
        """Held items for each queue."""
        return {queue: self._queues[queue] for queue in queues}

    def by_tenant(self) -> dict[tuple[int, str], int]:
        """Held items for each tenant and queue."""
        with self._lock:
            return dict(self._tenants)

    def count_kind(self, kind: str) -> int:
        """Held items of one kind."""
        return self._kinds[kind]

    def _drop(self, work_id: int) -> None:
        slot = self._slots.pop(work_id, None)
        if slot is not None:
            self._queues[slot.work.queue] -= 1
            self._kinds[slot.work.kind] -= 1
            place = (slot.work.tenant_id, slot.work.queue)
            self._tenants[place] -= 1
            if not self._tenants[place]:
                del self._tenants[place]
