"""Puts a worker together from the command line, Celery or a test, and knows the loops of this process."""

import logging
import weakref
from collections.abc import Sequence
from dataclasses import replace

from prometheus_client import start_http_server

from apps.core.revision import require_clean_revision
from apps.dispatch import wakeups
from apps.dispatch.conf import dispatch_conf
from apps.dispatch.loop import Loop

logger = logging.getLogger(__name__)

_loops: "weakref.WeakSet[Loop]" = weakref.WeakSet()


def build_loop(
    *, slots: int | None = None, kinds: Sequence[str] | None = None, until_empty: bool = False, broker: bool = True,
    metrics_port: int | None = None,
) -> Loop:
    """A loop ready to ``run``. Raises ``DirtyRevision`` or ``UnknownRevision`` when work may not be done with this code."""
    revision = require_clean_revision()
    conf = dispatch_conf()
    if slots is not None:
        conf = replace(conf, slots=slots)
    if not broker:
        wakeups.silence()
    if metrics_port is not None:
        start_http_server(metrics_port, addr="127.0.0.1")
    loop = Loop(conf=conf, kinds=kinds, revision=revision.label, until_empty=until_empty)
    _loops.add(loop)
    return loop


def tick_local() -> None:
    """The metronome reached this process: every loop here does its housekeeping and looks for work."""
    for loop in list(_loops):
        loop.tick()
