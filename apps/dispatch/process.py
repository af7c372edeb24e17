"""Puts a worker together from the command line, Celery or a test, and knows the loops of this process."""

import logging
import weakref
from collections.abc import Sequence
from dataclasses import replace

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from prometheus_client import start_http_server

from apps.core.revision import require_clean_revision
from apps.dispatch import wakeups
from apps.dispatch.conf import dispatch_conf
from apps.dispatch.loop import Loop

logger = logging.getLogger(__name__)

IDLE_IN_TRANSACTION = "30s"

_loops: "weakref.WeakSet[Loop]" = weakref.WeakSet()


def build_loop(
    *,
    slots: int | None = None,
    kinds: Sequence[str] | None = None,
    until_empty: bool = False,
    broker: bool = True,
    metrics_port: int | None = None,
) -> Loop:
    """A loop ready to ``run``. Raises ``DirtyRevision`` or ``UnknownRevision`` when work may not be done with this code."""
    revision = require_clean_revision()
    connection_created.connect(_bound_transactions, dispatch_uid="dispatch transactions")
    conf = dispatch_conf()
    if slots is not None:
        conf = replace(conf, slots=slots)
    if not broker:
        wakeups.silence()
    if metrics_port is not None:
        start_http_server(metrics_port, addr="127.0.0.1")
    loop = Loop(
        conf=conf,
        kinds=kinds,
        revision=revision.label,
        until_empty=until_empty,
        allowed=lambda: require_clean_revision(max_age_s=0),
    )
    _loops.add(loop)
    return loop


def _bound_transactions(connection: BaseDatabaseWrapper, **_: object) -> None:
    """A worker that is frozen inside a transaction must not hold its items' rows against the sweep for ever."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('idle_in_transaction_session_timeout', %s, false)", [IDLE_IN_TRANSACTION])


def tick_local() -> None:
    """The metronome reached this process: every loop here does its housekeeping and looks for work."""
    for loop in list(_loops):
        loop.tick()
