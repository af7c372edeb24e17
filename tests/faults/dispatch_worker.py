"""Workers of the dispatch scenario, as functions for the nursery."""

import signal
from uuid import uuid4

from django.conf import settings

from apps.dispatch import identity
from apps.dispatch.process import build_loop
from tests.dispatch.kinds import registered
from tests.faults.dispatch_kinds import DISPATCH, KINDS


def plain() -> None:
    """The loop of ``manage.py worker --no-broker``."""
    settings.DISPATCH = DISPATCH
    with registered(*KINDS):
        loop = build_loop(broker=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.stop())
        loop.run()


def strange() -> None:
    """The same, hidden from its neighbours, so that its death shows by the lease alone."""
    identity._place = lambda: f"unknown:{uuid4()}"
    plain()


def under_celery() -> None:
    """The loop inside a Celery worker, woken through the broker."""
    from echopilot.celery import app

    settings.DISPATCH = DISPATCH
    with registered(*KINDS):
        app.worker_main(["worker", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"])
