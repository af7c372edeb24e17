"""Runs the loop inside a Celery worker process, so one command supervises both and wake-ups arrive in the process."""

import logging
import threading
from typing import Any

from celery import bootsteps

from apps.dispatch.loop import Loop
from apps.dispatch.process import build_loop

logger = logging.getLogger(__name__)


class LoopStep(bootsteps.StartStopStep):
    """Starts the loop on a thread of the worker's main process; Celery's warm shutdown drains it."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **options: Any) -> None:
        super().__init__(parent, **options)
        self._loop: Loop | None = None
        self._thread: threading.Thread | None = None

    def start(self, parent: Any) -> None:
        """Begin to work."""
        self._loop = build_loop()
        self._thread = threading.Thread(target=self._run, args=(parent,), name="dispatch-loop", daemon=True)
        self._thread.start()

    def stop(self, parent: Any) -> None:
        """Drain within the grace time."""
        if self._loop is None or self._thread is None:
            return
        self._loop.stop()
        self._thread.join(timeout=self._loop.conf.shutdown_grace_s + 2 * self._loop.conf.heartbeat_s)

    terminate = stop

    def _run(self, parent: Any) -> None:
        assert self._loop is not None
        try:
            self._loop.run()
        except Exception:
            # A worker without its loop would look alive and do nothing.
            logger.exception("the loop ended with an error; the worker stops")
            parent.stop()
