"""Tells the events process what changed: after commit, joined per tenant, from a thread and connection of its own.

Nothing here happens inside anybody's transaction, so neither the lock that PostgreSQL takes for NOTIFY nor ours ever holds up
the engine's commits. Hints may be lost with their process; pages look again by themselves every half minute.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from apps.live.contracts import CHANNEL, Change

logger = logging.getLogger(__name__)

GAP_S = 0.1
IDLE_S = 30.0
AWAY_S = 2.0
TRIM_EVERY_S = 60.0
KEPT_FOR = "15 minutes"
# One lock from the id to the commit: without it a lower id could become visible after a higher one, and a reader who asks for
# everything after the higher one would never see it.
ORDER = "SELECT pg_advisory_xact_lock(7402191)"
WRITE = """
INSERT INTO public.live_notice (tenant_id, body)
SELECT x.tenant, x.body FROM jsonb_to_recordset(%s::jsonb) AS x(tenant bigint, body jsonb)
"""
TRIM = """
DELETE FROM public.live_notice WHERE id IN (
    SELECT id FROM public.live_notice WHERE at < clock_timestamp() - %s::interval ORDER BY id LIMIT 20000)
"""


class Outbox:
    """What changed since the last sending; one per process. ``note`` costs a few dictionary entries."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pending: dict[int, Change] = {}
        self._due = threading.Event()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._trimmed_at = 0.0

    def note(
        self, *, tenant_id: int, topics: Iterable[str], flows: Mapping[str, Mapping[str, int]] | None = None
    ) -> None:
        """Remember a change that is committed already."""
        with self._lock:
            self._pending.setdefault(tenant_id, Change()).add(topics, flows)
        if getattr(settings, "LIVE_SENDING", "thread") != "thread":
            return
        self._due.set()
        if self._thread is None or self._pid != os.getpid():
            self._start()

    def flush(self) -> int:
        """Write and announce what is pending, on this thread's connection; returns the number of notices."""
        pending = self._take()
        if pending:
            write(pending)
        return len(pending)

    def _take(self) -> dict[int, Change]:
        with self._lock:
            taken, self._pending = self._pending, {}
        return taken

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None and self._pid == os.getpid():
                return
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._run, name="live-notices", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            if not self._due.wait(timeout=IDLE_S):
                connection.close()
                self._due.wait()
            self._due.clear()
            time.sleep(self._send() or GAP_S)

    def _send(self) -> float:
        """Send what is due; the seconds to wait before the next time when that failed."""
        try:
            self.flush()
            if time.monotonic() - self._trimmed_at > TRIM_EVERY_S:
                self._trimmed_at = time.monotonic()
                trim()
        except Exception as error:  # noqa: BLE001 - hints: whatever failed, pages look by themselves and the next hint tries again
            logger.warning("notices not sent, pages poll meanwhile", extra={"error": str(error)[:200]})
            connection.close()
            return AWAY_S
        return 0.0


def write(pending: Mapping[int, Change]) -> None:
    """One transaction: an ordered row per tenant and one wake-up for the events processes."""
    rows: list[dict[str, Any]] = [{"tenant": tenant, "body": change.to_json()} for tenant, change in pending.items()]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL synchronous_commit TO off")
        cursor.execute(ORDER)
        cursor.execute(WRITE, [json.dumps(rows)])
        cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


def trim() -> None:
    """Forget notices nobody will ask for any more."""
    with connection.cursor() as cursor:
        cursor.execute(TRIM, [KEPT_FOR])


outbox = Outbox()
