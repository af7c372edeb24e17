"""The worker's main loop: claims what it can start, feeds engines and job threads, keeps the lease, leaves cleanly."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from django.db import connection

from apps.dispatch import metrics
from apps.dispatch.backoff import jittered
from apps.dispatch.bell import Bell
from apps.dispatch.claiming import Claimer, Room
from apps.dispatch.conf import DispatchConf, dispatch_conf
from apps.dispatch.contracts import ClaimedWork, EngineKind, JobKind
from apps.dispatch.engines import EngineHost
from apps.dispatch.fairness import queue_limits, tenant_limits
from apps.dispatch.held import Held
from apps.dispatch.housekeeping import Housekeeper
from apps.dispatch.identity import new_identity
from apps.dispatch.jobs import JobPool
from apps.dispatch.lanes import LanePool
from apps.dispatch.lease import Lease, boot_clock
from apps.dispatch.pace import Pace
from apps.dispatch.registries import work_kinds
from apps.dispatch.session import DatabaseAway

logger = logging.getLogger(__name__)

DRAIN_PAUSE_S = 0.05
AWAY_PAUSE_S = 0.2


class Loop:
    """One worker. ``run`` blocks until ``stop`` is called (from any thread or a signal handler) or, with ``until_empty``, until
    nothing is left to claim. ``kinds`` None means every registered kind. ``allowed`` is asked again and again whether new work
    may be taken (see ``Housekeeper``)."""

    def __init__(
        self,
        *,
        conf: DispatchConf | None = None,
        kinds: Sequence[str] | None = None,
        revision: str = "",
        until_empty: bool = False,
        allowed: Callable[[], object] | None = None,
    ) -> None:
        self.conf = conf or dispatch_conf()
        self.identity = new_identity()
        self.bell = Bell()
        self._until_empty = until_empty
        entries = [kind for kind in work_kinds if kinds is None or kind.name in kinds]
        self._jobs_by_kind = {kind.name: kind for kind in entries if isinstance(kind, JobKind)}
        self._engine_kinds = [kind.name for kind in entries if isinstance(kind, EngineKind)]
        self._tick = boot_clock()
        self._stopping = threading.Event()
        self._lost: deque[list[ClaimedWork]] = deque()
        self._strays: dict[int, int] = {}
        self._strays_due: deque[dict[int, int]] = deque()
        self.held = Held(clock=boot_clock)
        self.lease = Lease(
            identity=self.identity,
            conf=self.conf,
            in_flight=lambda: len(self.held),
            last_tick=lambda: self._tick,
            on_owned=self._compare,
            boot={"revision": revision[:64], "slots": self.conf.slots, "kinds": _json([k.name for k in entries])},
        )
        self.claimer = Claimer(incarnation=self.identity.incarnation, conf=self.conf)
        self.housekeeper = Housekeeper(identity=self.identity, conf=self.conf, allowed=allowed)
        self.lanes = LanePool(size=self.conf.slots, bell=self.bell, may_start=self.may_start, release=self._release)
        self._engines = EngineHost(conf=self.conf, held=self.held, lanes=self.lanes)
        self._jobs = JobPool(size=self.conf.job_threads, conf=self.conf, on_end=self._release)
        self._tenant_limits = tenant_limits(
            slots=self.conf.slots, shares=self.conf.queue_shares, tenant_share=self.conf.tenant_share
        )
        self._pace = Pace(conf=self.conf)

    def stop(self) -> None:
        """Ask the loop to drain and end. Safe in a signal handler; a second call changes nothing."""
        self._stopping.set()
        self.bell.ring()

    def tick(self) -> None:
        """The metronome: do the housekeeping and look for work now."""
        self.housekeeper.tick()
        self.bell.ring(look=True)

    def may_start(self) -> bool:
        """Whether new effects may start: the lease is fresh and we are not on our way out."""
        return not self._stopping.is_set() and self.lease.is_fresh()

    def run(self) -> None:
        """Boot, work, drain."""
        if not self._boot():
            return
        try:
            while not self._stopping.is_set():
                self._turn()
                if (
                    self._until_empty
                    and not self.held
                    and (self._pace.found_nothing or self.housekeeper.refusal is not None)
                ):
                    break
            self._drain()
        finally:
            self._close()

    def _boot(self) -> bool:
        while not self._stopping.is_set():
            try:
                self.lease.start()
            except DatabaseAway as error:
                logger.warning("waiting for the database", extra={"error": str(error)[:200]})
                self.bell.wait(jittered(1.0))
            else:
                self.housekeeper.start()
                logger.info(
                    "worker started", extra={"worker": str(self.identity.incarnation), "slots": self.conf.slots}
                )
                return True
        return False

    def _turn(self) -> None:
        self._tick = boot_clock()
        self._take_losses()
        finished = self.lanes.collect()
        if finished:
            self._engines.resume(finished)
        room = self._room()
        if self.bell.take_look():
            self._pace.asked()
        if room.total > 0 and self.lease.is_fresh() and self.housekeeper.refusal is None and self._pace.is_due():
            self._claim(room)
        self.bell.wait(self._pace.pause(can_claim=self._room().total > 0))

    def _claim(self, room: Room) -> None:
        try:
            claimed = self.claimer.claim(room)
        except DatabaseAway as error:
            logger.warning("claim failed, trying again", extra={"error": str(error)[:200]})
            self._pace.away()
            return
        self.held.add(claimed.works)
        self._pace.claimed(claimed, partial=len(room.kinds) < len(self._engine_kinds) + len(self._jobs_by_kind))
        jobs = [work for work in claimed.works if work.kind in self._jobs_by_kind]
        for work in jobs:
            self._jobs.submit(work)
        engine_works = [work for work in claimed.works if work.kind not in self._jobs_by_kind]
        if engine_works:
            self._engines.start(engine_works)
        for queue, count in self.held.by_queue([name for name, _ in self.conf.queue_shares]).items():
            metrics.IN_FLIGHT.labels(queue).set(count)

    def _room(self) -> Room:
        busy_jobs = sum(self.held.count_kind(name) for name in self._jobs_by_kind)
        free_jobs = max(0, self._jobs.size - busy_jobs)
        kind_limits = {
            name: min(free_jobs, max(0, kind.max_parallel - self.held.count_kind(name)))
            for name, kind in self._jobs_by_kind.items()
        }
        kinds = [*self._engine_kinds, *(name for name, free in kind_limits.items() if free)]
        shares = self.conf.queue_shares
        limits = queue_limits(
            slots=self.conf.slots, held=self.held.by_queue([name for name, _ in shares]), shares=shares
        )
        total = self.conf.slots - len(self.held)
        if not self._engine_kinds:
            total = min(total, free_jobs)
        return Room(
            kinds=kinds,
            total=total if kinds else 0,
            queue_limits=limits,
            kind_limits=kind_limits,
            job_limit=free_jobs,
            tenant_limits=self._tenant_limits,
            tenant_held=self.held.by_tenant(),
        )

    def _compare(self, sent: float, owned: dict[int, int]) -> None:
        """Heartbeat thread: hand differences between our memory and the database to the main thread."""
        lost = self.held.lost(sent=sent, owned=owned)
        strays = self.held.strays(owned)
        seen_twice = {work_id: fence for work_id, fence in strays.items() if self._strays.get(work_id) == fence}
        self._strays = strays
        if lost:
            self._lost.append(lost)
        if seen_twice:
            self._strays_due.append(seen_twice)
        if lost or seen_twice:
            self.bell.ring()

    def _take_losses(self) -> None:
        while self._lost:
            works = [work for work in self._lost.popleft() if self.held.is_current(work)]
            self._jobs.mark_lost(works)
            self._engines.drop([work for work in works if work.kind not in self._jobs_by_kind])
        while self._strays_due:
            strays = self._strays_due[0]
            try:
                logger.warning("giving back items we own but do not hold", extra={"works": sorted(strays)[:20]})
                self.claimer.release(strays)
            except DatabaseAway:
                return
            self._strays_due.popleft()

    def _release(self, work_ids: object) -> None:
        self.held.release(work_ids)  # type: ignore[arg-type]
        if self._pace.hungry:
            self.bell.ring(look=True)

    def _drain(self) -> None:
        self.lease.draining = True
        until = time.monotonic() + self.conf.shutdown_grace_s
        logger.info("worker stops", extra={"held": len(self.held)})
        while self.held and time.monotonic() < until:
            self._tick = boot_clock()
            self._take_losses()
            finished = self.lanes.collect()
            if finished:
                self._engines.resume(finished)
            self.bell.wait(DRAIN_PAUSE_S)
        left = self.held.all()
        self._engines.drop([work for work in left if work.kind not in self._jobs_by_kind])
        while time.monotonic() < until + self.conf.heartbeat_s:
            try:
                released = self.claimer.release()
            except DatabaseAway:
                self.bell.wait(AWAY_PAUSE_S)
            else:
                logger.info("worker stopped", extra={"released": len(released)})
                return

    def _close(self) -> None:
        self.lanes.close()
        self._jobs.close()
        self.housekeeper.stop()
        self.lease.stop()
        self.claimer.session.close()
        connection.close()


def _json(value: object) -> str:
    import json

    return json.dumps(value)
