"""What every worker does for all: sweep items of dead owners, fire schedules, end old epochs, prune. No worker is special."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import psycopg2
from django.db import connections

from apps.core.errors import PlatformError
from apps.dispatch import metrics, wakeups
from apps.dispatch.backoff import jittered
from apps.dispatch.conf import DispatchConf
from apps.dispatch.identity import Identity, is_gone
from apps.dispatch.scheduling import sync_params
from apps.dispatch.session import DatabaseAway, Session
from apps.dispatch.signals import WorkDied, work_died
from apps.dispatch.sql import schedule, worker

logger = logging.getLogger(__name__)

FIRE_EVERY_S = 1.0
SELDOM_S = 60.0
RECHECK_S = 15.0
AWAY_PAUSE_S = 0.5


@dataclass
class _Chore:
    name: str
    every_s: float
    run: Callable[[], object]
    due_at: float = 0.0


class Housekeeper:
    """Runs the chores on a thread with its own session; ``tick`` asks for all of them now (the metronome).

    ``allowed`` raises a ``PlatformError`` while this process may take no new work; ``refusal`` is the last answer.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        conf: DispatchConf,
        session: Session | None = None,
        allowed: Callable[[], object] | None = None,
    ) -> None:
        self._allowed = allowed
        self.refusal: PlatformError | None = None
        self._identity = identity
        self._conf = conf
        self._session = session or Session(name="dispatch housekeeping")
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._chores = [
            _Chore("sweep", conf.sweep_s, self.sweep),
            _Chore("fire", FIRE_EVERY_S, self.fire),
            _Chore("sync schedules", SELDOM_S, self.sync_schedules),
            _Chore("end old epochs", SELDOM_S, self.end_old_epochs),
            _Chore("prune", SELDOM_S, self.prune),
            *([_Chore("recheck", RECHECK_S, self.recheck)] if allowed else []),
        ]

    def start(self) -> None:
        """Begin; the first round is spread so that workers started together do not march in step."""
        now = time.monotonic()
        for chore in self._chores:
            chore.due_at = now + jittered(min(chore.every_s, self._conf.sweep_s) / 2, part=1)
        self._thread = threading.Thread(target=self._run, name="dispatch-housekeeping", daemon=True)
        self._thread.start()

    def tick(self) -> None:
        """Do every chore now."""
        for chore in self._chores:
            chore.due_at = 0
        self._wake.set()

    def stop(self) -> None:
        """End after the chore at hand."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join(timeout=self._conf.sweep_s)
        self._session.close()

    def _run(self) -> None:
        while not self._stopping:
            now = time.monotonic()
            for chore in self._chores:
                if chore.due_at <= now and not self._stopping:
                    self._do(chore)
            self._wake.wait(max(0.01, min(chore.due_at for chore in self._chores) - time.monotonic()))
            self._wake.clear()
        connections.close_all()

    def _do(self, chore: _Chore) -> None:
        try:
            chore.run()
        except DatabaseAway as error:
            logger.warning(
                "housekeeping waits for the database", extra={"chore": chore.name, "error": str(error)[:200]}
            )
            chore.due_at = time.monotonic() + jittered(AWAY_PAUSE_S)
        except Exception:
            logger.exception("chore failed", extra={"chore": chore.name})
            chore.due_at = time.monotonic() + jittered(chore.every_s)
        else:
            chore.due_at = time.monotonic() + jittered(chore.every_s)

    def recheck(self) -> None:
        """Ask again whether new work may be taken; what is in hand goes on either way."""
        before, found = self.refusal, None
        try:
            if self._allowed is not None:
                self._allowed()
        except PlatformError as error:
            found = error
        self.refusal = found
        if found is not None and before is None:
            logger.warning("no new work is taken", extra={"code": found.code, "reason": found.text})
        elif found is None and before is not None:
            logger.info("new work is taken again")

    def sweep(self) -> int:
        """Take running items from owners that are gone, late or over the deadline. Returns how many."""
        self.declare_dead_neighbours()
        swept, after = 0, ("-infinity", 0)
        page = self._conf.sweep_page
        while True:
            try:
                rows = self._sweep_page(after, page)
            except DatabaseAway:
                raise
            except psycopg2.Error:
                # One row the database refuses must not keep the rest of its page waiting.
                if page > 1:
                    page = max(1, page // 4)
                    continue
                logger.exception("one item cannot be swept; going on with the next", extra={"after": after})
                skipped = self._session.run(worker.SWEEP_DUE, self._sweep_params(after, 1))
                if not skipped:
                    break
                after = (skipped[0][1], skipped[0][0])
                continue
            swept += len(rows)
            if len(rows) < page:
                break
            after = max((row[7], row[0]) for row in rows)
        if swept:
            wakeups.ring()
        return swept

    def _sweep_page(self, after: tuple[str | datetime, int], page: int) -> list[tuple]:  # type: ignore[type-arg]
        rows = self._session.run(worker.SWEEP, {**self._sweep_params(after, page), "max_losses": self._conf.max_losses})
        for work_id, tenant_id, kind, ref, state, losses, why, _ in rows:
            metrics.SWEPT.labels(why).inc()
            logger.warning(
                "item taken from its owner",
                extra={
                    "work": work_id,
                    "tenant": tenant_id,
                    "kind": kind,
                    "why": why,
                    "losses": losses,
                    "state": state,
                },
            )
            if state == "dead":
                work_died.announce(
                    WorkDied(tenant_id=tenant_id, work_id=work_id, kind=kind, ref=ref, error_code="poison")
                )
        return rows

    def _sweep_params(self, after: tuple[str | datetime, int], page: int) -> dict[str, object]:
        return {"after_at": after[0], "after_id": after[1], "page": page}

    def declare_dead_neighbours(self) -> None:
        """End the leases of processes on this machine that no longer exist, so their items need not wait for the lease."""
        rows = self._session.run(
            worker.NEIGHBOURS, {"place": self._identity.place, "worker": str(self._identity.incarnation)}
        )
        for incarnation, pid, pid_started in rows:
            if is_gone(pid=pid, pid_started=pid_started):
                logger.warning("a worker on this machine died", extra={"worker": str(incarnation), "pid": pid})
                self._session.run(worker.DECLARE_DEAD, {"dead": str(incarnation)})

    def fire(self) -> int:
        """Create the items of schedules that have come due. Returns how many."""
        fired = 0
        while True:
            created, seen = self._session.run(schedule.FIRE, {"page": self._conf.firing_page})[0]
            fired += int(created)
            if seen < self._conf.firing_page:
                break
        if fired:
            metrics.FIRED.inc(fired)
            wakeups.ring()
        return fired

    def sync_schedules(self) -> None:
        """Bring the schedule rows in line with the code, and give every tenant its due times."""
        self._session.run(schedule.SYNC, sync_params())
        self._session.run(schedule.PLANT)

    def end_old_epochs(self) -> None:
        """Cancel what a restored tenant had in hand before."""
        for (tenant_id,) in self._session.run(worker.OLD_EPOCH_TENANTS):
            self._session.run(worker.VOID_EPOCHS, {"tenant_id": tenant_id})

    def prune(self) -> int:
        """Remove finished items and workers past their keeping time, in pages. Returns how many items."""
        gone = 0
        for state, keep in (
            ("done", self._conf.keep_done_s),
            ("cancelled", self._conf.keep_done_s),
            ("dead", self._conf.keep_dead_s),
        ):
            removed = self._conf.prune_page
            while removed >= self._conf.prune_page and not self._stopping:
                removed = len(
                    self._session.run(worker.PRUNE_ITEMS, {"state": state, "keep": keep, "page": self._conf.prune_page})
                )
                gone += removed
        self._session.run(worker.PRUNE_WORKERS, {"keep": self._conf.keep_workers_s})
        return gone
