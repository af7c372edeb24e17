"""The events process's one database connection: a thread that waits for NOTIFY, reads new rows, and answers replays.

Everything that touches the connection happens on this thread. Whatever wakes it, it reads rows by id, so that a lost NOTIFY or a
lost connection costs time and never an event.
"""

import asyncio
import contextlib
import logging
import os
import queue
import select
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg2

from apps.live.contracts import CHANNEL, Change

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
AWAY_S = 1.0
PAGE = 1_000
MAX_REPLAY = 1_000
NEWER = "SELECT id, tenant_id, body FROM public.live_notice WHERE id > %s ORDER BY id LIMIT %s"
OF_TENANT = "SELECT id, body FROM public.live_notice WHERE tenant_id = %s AND id > %s AND id <= %s ORDER BY id LIMIT %s"
EDGES = "SELECT coalesce(min(id), 0), coalesce(max(id), 0) FROM public.live_notice"


@dataclass(frozen=True)
class Replay:
    """A wish for a tenant's stored changes with ``after < id <= until``; the answer is None when too much is gone or missing."""

    tenant_id: int
    after: int
    until: int
    answer: "asyncio.Future[list[Change] | None]"


class Source:
    """Runs from ``start`` to ``stop``. ``publish`` and ``begin`` are called on ``loop``."""

    def __init__(
        self,
        *,
        dsn: dict[str, Any],
        loop: asyncio.AbstractEventLoop,
        begin: Callable[[int], None],
        publish: Callable[[int, Change], None],
    ) -> None:
        self._dsn, self._loop, self._begin, self._publish = dsn, loop, begin, publish
        self._wishes: queue.SimpleQueue[Replay] = queue.SimpleQueue()
        self._read_end, self._write_end = os.pipe()
        os.set_blocking(self._read_end, False)
        self._stopping = False
        self._cursor = -1
        self.connected = False
        self._thread = threading.Thread(target=self._run, name="live-source", daemon=True)

    def start(self) -> None:
        """Connect and listen in the background."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and give the connection back."""
        self._stopping = True
        self._wake()
        self._thread.join(timeout=5)

    def replay(self, *, tenant_id: int, after: int, until: int) -> "asyncio.Future[list[Change] | None]":
        """Stored changes, or None when the page must look afresh."""
        wish = Replay(tenant_id, after, until, self._loop.create_future())
        self._wishes.put(wish)
        self._wake()
        return wish.answer

    def _wake(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self._write_end, b"!")

    def _run(self) -> None:
        while not self._stopping:
            try:
                with contextlib.closing(psycopg2.connect(**self._dsn)) as connection:
                    connection.autocommit = True
                    self._listen(connection)
            except psycopg2.Error as error:
                logger.warning("events: waiting for the database", extra={"error": str(error)[:200]})
            self.connected = False
            if not self._stopping:
                select.select([self._read_end], [], [], AWAY_S)
        os.close(self._write_end)

    def _listen(self, connection: Any) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"LISTEN {CHANNEL}")
            if self._cursor < 0:
                cursor.execute(EDGES)
                self._cursor = int(cursor.fetchone()[1])
                self._call(self._begin, self._cursor)
            self.connected = True
            while not self._stopping:
                self._read_new(cursor)
                self._grant(cursor)
                select.select([connection, self._read_end], [], [], LOOK_EVERY_S)
                with contextlib.suppress(BlockingIOError):
                    os.read(self._read_end, 4096)
                connection.poll()
                connection.notifies.clear()

    def _read_new(self, cursor: Any) -> None:
        while True:
            cursor.execute(NEWER, [self._cursor, PAGE])
            rows = cursor.fetchall()
            for notice_id, tenant_id, body in rows:
                self._cursor = notice_id
                self._call(self._publish, tenant_id, Change.from_json(notice_id, body))
            if len(rows) < PAGE:
                return

    def _grant(self, cursor: Any) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                wish = self._wishes.get_nowait()
                try:
                    found = self._stored(cursor, wish)
                except psycopg2.Error:
                    self._call(_resolve, wish.answer, None)
                    raise
                self._call(_resolve, wish.answer, found)

    def _stored(self, cursor: Any, wish: Replay) -> list[Change] | None:
        cursor.execute(EDGES)
        oldest, _latest = cursor.fetchone()
        if oldest == 0 or wish.after + 1 < oldest:
            return None
        cursor.execute(OF_TENANT, [wish.tenant_id, wish.after, wish.until, MAX_REPLAY + 1])
        rows = cursor.fetchall()
        return None if len(rows) > MAX_REPLAY else [Change.from_json(*row) for row in rows]

    def _call(self, function: Callable[..., None], *arguments: Any) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(function, *arguments)


def _resolve(answer: "asyncio.Future[list[Change] | None]", found: list[Change] | None) -> None:
    if not answer.done():
        answer.set_result(found)
