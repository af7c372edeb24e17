"""Wake-ups: hints that make workers look now rather than at their next poll. They carry nothing and may be lost or doubled.

``ring`` never blocks and never raises: a daemon thread talks to the broker, joins rings that come close together and, when the
broker is gone, leaves it alone for a while.
"""

import atexit
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable

from apps.dispatch import metrics
from apps.dispatch.bell import ring_local
from apps.dispatch.conf import dispatch_conf

logger = logging.getLogger(__name__)

WAKE_TASK = "dispatch.wake"
EXIT_FLUSH_S = 0.3


def send_wake() -> None:
    """Publish one wake-up for all workers. Raises whatever the broker's client raises."""
    from celery import current_app

    current_app.send_task(WAKE_TASK, expires=dispatch_conf().wake_expires_s, ignore_result=True, retry=False)


class WakeSender:
    """One per process. ``ring`` sets a flag; the thread sends, at most once per gap, and backs off while sending fails."""

    def __init__(self, *, send: Callable[[], None] = send_wake, clock: Callable[[], float] = time.monotonic) -> None:
        self._send = send
        self._clock = clock
        self._due = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._pid = 0
        self._sending = False
        self._failures = 0
        self._closed_until = 0.0

    def ring(self) -> None:
        """Ask for a wake-up; dropped while the breaker is open."""
        if self._clock() < self._closed_until:
            metrics.WAKEUPS.labels("dropped").inc()
            return
        self._due.set()
        if self._thread is None or self._pid != os.getpid():
            self._start()

    def flush(self, seconds: float) -> None:
        """Give a wake-up that is due up to ``seconds`` to leave (end of a short-lived process)."""
        until = self._clock() + seconds
        while self._pid == os.getpid() and (self._due.is_set() or self._sending) and self._clock() < until:
            time.sleep(0.01)

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None and self._pid == os.getpid():
                return
            self._pid = os.getpid()
            self._thread = threading.Thread(target=self._run, name="dispatch-wakeups", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            self._due.wait()
            self.send_due()
            time.sleep(dispatch_conf().wake_gap_s)

    def send_due(self) -> None:
        """Send what is due now and record how it went; never raises. A ring during the sending makes another one due."""
        self._sending = True
        self._due.clear()
        try:
            self._send()
        except Exception as error:  # noqa: BLE001 - any failure of the broker's client means the same: polling carries on
            conf = dispatch_conf()
            pause = min(conf.wake_breaker_cap_s, conf.wake_breaker_s * 2**self._failures)
            self._failures += 1
            self._closed_until = self._clock() + pause
            metrics.WAKEUPS.labels("failed").inc()
            logger.warning(
                "wake-up not sent, workers poll meanwhile", extra={"error": str(error)[:200], "pause_s": pause}
            )
        else:
            self._failures = 0
            metrics.WAKEUPS.labels("sent").inc()
        finally:
            self._sending = False


_sender = WakeSender()
_silent = False
atexit.register(lambda: _sender.flush(EXIT_FLUSH_S))


def ring() -> None:
    """Wake the loop of this process and, through the broker, all others."""
    ring_local()
    if not _silent and dispatch_conf().wake_by_broker:
        _sender.ring()


def silence() -> None:
    """Send nothing to the broker from this process any more."""
    global _silent  # noqa: PLW0603 - a property of the process, set once at its start
    _silent = True


def count_settled(*, rows: Iterable[tuple[int, str]], refused: int) -> None:
    """Record the outcome of one settle statement."""
    for _, state in rows:
        metrics.SETTLED.labels(state).inc()
    if refused:
        metrics.REFUSED.inc(refused)
        logger.info("settlements refused", extra={"refused": refused})
