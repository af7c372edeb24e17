"""Threads that own a database connection and run job handlers, one item at a time each."""

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from apps.core.context import bind_log_context
from apps.core.errors import PlatformError
from apps.dispatch import services
from apps.dispatch.conf import DispatchConf
from apps.dispatch.contracts import ClaimedWork, JobKind, Settlement
from apps.dispatch.enums import WorkState
from apps.dispatch.errors import WorkLost
from apps.dispatch.registries import enter_tenant, work_kinds
from apps.dispatch.verdict import is_database_away, settlement_after, settlement_at_gate

logger = logging.getLogger(__name__)

SETTLE_PAUSE_S = 0.5


class RunningJob:
    """The handler's view of its item (``contracts.JobContext``)."""

    def __init__(self, work: ClaimedWork) -> None:
        self.work = work
        self.attempt = work.attempt
        self.tenant: Any = None
        self.committed = False
        self._lost = threading.Event()

    def now(self) -> datetime:
        """The database's clock."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            return cursor.fetchone()[0]  # type: ignore[no-any-return]

    def complete_in_transaction(self) -> None:
        """Settle as done inside the caller's atomic block. Raises ``WorkLost`` when the item was fenced out."""
        if not connection.in_atomic_block:
            raise RuntimeError("complete_in_transaction needs an open transaction")
        if not services.settle([_done(self.work)]):
            raise WorkLost(detail=f"work item {self.work.id} fence {self.work.fence}")
        transaction.on_commit(self._note_commit)

    def is_lost(self) -> bool:
        """Whether the item is known to be somebody else's by now."""
        return self._lost.is_set()

    def mark_lost(self) -> None:
        """Called by the loop when a heartbeat shows that the item changed hands."""
        self._lost.set()

    def _note_commit(self) -> None:
        self.committed = True


class JobPool:
    """A few threads; the loop never hands over more items than there are."""

    def __init__(self, *, size: int, conf: DispatchConf, on_end: Callable[[Iterable[int]], None]) -> None:
        self.size = size
        self._conf = conf
        self._on_end = on_end
        self._queue: queue.SimpleQueue[ClaimedWork | None] = queue.SimpleQueue()
        self._running: dict[int, RunningJob] = {}
        self._threads: list[threading.Thread] = []

    def submit(self, work: ClaimedWork) -> None:
        """Run the item's handler on the next free thread and settle it."""
        if len(self._threads) < self.size:
            thread = threading.Thread(target=self._work, name=f"dispatch-job-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._queue.put(work)

    def mark_lost(self, works: Iterable[ClaimedWork]) -> None:
        """Tell handlers whose item changed hands."""
        for work in works:
            running = self._running.get(work.id)
            if running is not None and running.work.fence == work.fence:
                running.mark_lost()

    def close(self) -> None:
        """Let idle threads end; busy ones end with their job or with the process."""
        for _ in self._threads:
            self._queue.put(None)

    def _work(self) -> None:
        while (work := self._queue.get()) is not None:
            job = self._running[work.id] = RunningJob(work)
            try:
                with bind_log_context(work=work.id, kind=work.kind, tenant=work.tenant_id, attempt=work.attempt):
                    self._run(job)
            except Exception:
                logger.exception("job could not be settled; a sweep will find it")
            finally:
                self._running.pop(work.id, None)
                self._on_end([work.id])
                if not connection.is_usable():
                    connection.close()
        connection.close()

    def _run(self, job: RunningJob) -> None:
        settlement = self._attempt(job)
        until = time.monotonic() + self._conf.lease_s
        while settlement is not None and not job.committed:
            try:
                if not services.settle([settlement]):
                    logger.info("job's outcome was refused: the item had changed hands or was settled already")
                return
            except Exception as error:
                if not is_database_away(error) or time.monotonic() > until:
                    raise
                connection.close()
                time.sleep(SETTLE_PAUSE_S)

    def _attempt(self, job: RunningJob) -> Settlement | None:
        kind = work_kinds.get(job.work.kind)
        assert isinstance(kind, JobKind)
        entered = False
        try:
            with enter_tenant(tenant_id=job.work.tenant_id, epoch=job.work.epoch) as job.tenant:
                entered = True
                kind.handler(job)
        except WorkLost:
            logger.info("job stopped: its item had changed hands")
            return None
        except Exception as error:
            if not entered and isinstance(error, PlatformError):
                return settlement_at_gate(error, work=job.work, conf=self._conf)
            level = logging.WARNING if isinstance(error, PlatformError) or is_database_away(error) else logging.ERROR
            logger.log(level, "job failed", exc_info=error)
            return settlement_after(error, work=job.work, conf=self._conf)
        return _done(job.work)


def _done(work: ClaimedWork) -> Settlement:
    return Settlement(work_id=work.id, fence=work.fence, to=WorkState.DONE)
