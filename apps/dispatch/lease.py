"""The worker's lease: renewed by a thread with its own connection, judged by a clock that counts while the machine sleeps."""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable, Mapping

import psycopg2

from apps.dispatch import metrics
from apps.dispatch.backoff import jittered
from apps.dispatch.conf import DispatchConf
from apps.dispatch.identity import Identity
from apps.dispatch.session import DatabaseAway, Session
from apps.dispatch.sql import worker

logger = logging.getLogger(__name__)

EXIT_LEASE_LOST = 75
"""EX_TEMPFAIL of sysexits(3): a supervisor should start us again."""
RETRY_S = 0.5


def boot_clock() -> float:
    """Seconds that also pass while the machine is suspended (CLOCK_BOOTTIME), unaffected by changes of the wall clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def leave_at_once(code: int) -> None:
    """End the process without finishing anything: others may hold our items."""
    logging.shutdown()
    os._exit(code)


class Lease:
    """Registers the boot, keeps its lease fresh, stops new effects at ``self_fence_s`` and the process at ``suicide_s``.

    ``on_owned`` receives, after each heartbeat, when it was sent and which (id, fence) the database says are ours.
    """

    def __init__(
        self,
        *,
        identity: Identity,
        conf: DispatchConf,
        boot: Mapping[str, object],
        in_flight: Callable[[], int],
        last_tick: Callable[[], float],
        on_owned: Callable[[float, dict[int, int]], None],
        clock: Callable[[], float] = boot_clock,
        leave: Callable[[int], None] = leave_at_once,
        session: Session | None = None,
    ) -> None:
        self._identity = identity
        self._conf = conf
        self._boot = boot
        self._in_flight = in_flight
        self._last_tick = last_tick
        self._on_owned = on_owned
        self._clock = clock
        self._leave = leave
        self._session = session or Session(name="dispatch heartbeat", timeout_s=conf.heartbeat_s)
        self._renewed_at = float("-inf")
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.draining = False

    def age(self) -> float:
        """Seconds since the last renewal that succeeded was sent."""
        return self._clock() - self._renewed_at

    def is_fresh(self) -> bool:
        """Whether new effects may start."""
        return self.age() < self._conf.self_fence_s

    def start(self) -> None:
        """Register this boot and begin to renew. Raises ``DatabaseAway`` when the database cannot be reached now."""
        sent = self._clock()
        who = self._identity
        self._session.run(
            worker.BOOT,
            {
                "worker": str(who.incarnation),
                "host": who.host,
                "place": who.place,
                "pid": who.pid,
                "pid_started": who.pid_started,
                "lease": self._conf.lease_s,
                **self._boot,
            },
        )
        self._renewed_at = sent
        self._thread = threading.Thread(target=self._run, name="dispatch-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the lease now. Losing the database here only means that the lease runs out by itself."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(timeout=self._conf.heartbeat_s)
        with contextlib.suppress(DatabaseAway):
            self._session.run(worker.END, {"worker": str(self._identity.incarnation)})
        self._session.close()

    def beat(self) -> bool:
        """One renewal; True when the lease is ours for another term. Leaves the process when it is lost for good."""
        metrics.LEASE_AGE.set(self.age())
        if self._clock() - self._last_tick() > self._conf.stall_s:
            logger.error(
                "main loop has not moved, lease not renewed", extra={"stalled_s": self._clock() - self._last_tick()}
            )
            return self._judge()
        sent = self._clock()
        try:
            renewed = self._session.run(
                worker.HEARTBEAT,
                {
                    "worker": str(self._identity.incarnation),
                    "lease": self._conf.lease_s,
                    "in_flight": self._in_flight(),
                    "draining": self.draining,
                },
            )
            if not renewed:
                logger.error(
                    "lease ran out or was ended by others; leaving", extra={"worker": str(self._identity.incarnation)}
                )
                self._leave(EXIT_LEASE_LOST)
                return False
            owned = {
                row[0]: row[1] for row in self._session.run(worker.OWNED, {"worker": str(self._identity.incarnation)})
            }
        except (DatabaseAway, psycopg2.Error) as error:
            logger.warning("heartbeat failed", extra={"error": str(error)[:200], "lease_age_s": self.age()})
            return self._judge()
        self._renewed_at = sent
        self._on_owned(sent, owned)
        return True

    def _judge(self) -> bool:
        if self.age() >= self._conf.suicide_s:
            logger.error("lease is over and could not be renewed; leaving", extra={"lease_age_s": self.age()})
            self._leave(EXIT_LEASE_LOST)
        return False

    def _run(self) -> None:
        pause = self._conf.heartbeat_s
        while not self._stopping.wait(jittered(pause, part=0.1)):
            pause = self._conf.heartbeat_s if self.beat() else min(RETRY_S, self._conf.heartbeat_s)
