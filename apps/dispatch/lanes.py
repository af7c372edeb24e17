"""Threads for calls that wait on the network: many, small, started on demand, without a database connection."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable

from django.db import connections

from apps.dispatch.bell import Bell
from apps.dispatch.contracts import ClaimedWork, Finished
from apps.dispatch.errors import DatabaseForbidden, LeaseLost

logger = logging.getLogger(__name__)

STACK_BYTES = 512 * 1024
IDLE_S = 10.0

Call = tuple[ClaimedWork, Callable[[], object], object]

_stack_lock = threading.Lock()


class LanePool:
    """Runs calls on up to ``size`` threads; further calls queue. Answers are collected by the loop's main thread."""

    def __init__(
        self, *, size: int, bell: Bell, may_start: Callable[[], bool], release: Callable[[Iterable[int]], None]
    ) -> None:
        self._size = size
        self._bell = bell
        self._may_start = may_start
        self._release = release
        self._calls: deque[Call] = deque()
        self._answers: deque[Finished] = deque()
        self._ready = threading.Condition()
        self._idle = 0
        self._threads = 0
        self._closed = False

    def submit(self, work: ClaimedWork, call: Callable[[], object], token: object) -> None:
        """See ``contracts.Lanes.submit``."""
        with self._ready:
            self._calls.append((work, call, token))
            if self._idle >= len(self._calls):
                self._ready.notify()
                return
            grow = self._threads < self._size
            self._threads += grow
        if grow:
            self._start_thread()

    def release(self, work_ids: Iterable[int]) -> None:
        """See ``contracts.Lanes.release``."""
        self._release(work_ids)

    def may_start(self) -> bool:
        """See ``contracts.Lanes.may_start``."""
        return self._may_start()

    def collect(self) -> list[Finished]:
        """Answers that came in since the last time."""
        answers = []
        while self._answers:
            answers.append(self._answers.popleft())
        return answers

    def close(self) -> None:
        """Start nothing more; threads end when their call does."""
        with self._ready:
            self._closed = True
            self._calls.clear()
            self._ready.notify_all()

    @property
    def threads(self) -> int:
        """Threads alive now."""
        return self._threads

    def _start_thread(self) -> None:
        with _stack_lock:
            before = threading.stack_size(STACK_BYTES)
            try:
                threading.Thread(target=self._work, name="dispatch-lane", daemon=True).start()
            finally:
                threading.stack_size(before)

    def _next(self) -> Call | None:
        deadline = time.monotonic() + IDLE_S
        with self._ready:
            while not self._calls:
                left = deadline - time.monotonic()
                if self._closed or left <= 0:
                    self._threads -= 1
                    return None
                self._idle += 1
                self._ready.wait(left)
                self._idle -= 1
            return self._calls.popleft()

    def _work(self) -> None:
        _forbid_database()
        while (call := self._next()) is not None:
            self._answers.append(self._perform(*call))
            self._bell.ring()
            del call

    def _perform(self, work: ClaimedWork, call: Callable[[], object], token: object) -> Finished:
        if not self._may_start():
            return Finished(work=work, token=token, result=None, error=LeaseLost(detail=f"work item {work.id}"))
        try:
            return Finished(work=work, token=token, result=call(), error=None)
        except BaseException as error:  # noqa: BLE001 - whatever a call raises is its answer; the engine classifies it
            return Finished(work=work, token=token, result=None, error=error)


def _forbid_database() -> None:
    """Make any use of a database on this thread fail loudly before a connection is opened."""
    for alias in connections:
        connections[alias].connect = _refuse  # type: ignore[method-assign]


def _refuse(*_: object, **__: object) -> None:
    raise DatabaseForbidden("A call on an effect lane must not use the database: fetch in `unlock`, write in `settle`.")
