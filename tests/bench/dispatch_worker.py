"""Workers for the dispatch bench, as functions for the nursery."""

import signal

from django.conf import settings

from apps.dispatch.process import build_loop
from tests.dispatch.kinds import registered

SETTINGS = {"claim_batch": 100}


def plain() -> None:
    """``manage.py worker --no-broker``."""
    settings.DISPATCH = SETTINGS
    with registered():
        loop = build_loop(broker=False)
        signal.signal(signal.SIGTERM, lambda *_: loop.stop())
        loop.run()


def under_celery() -> None:
    """The loop inside a Celery worker."""
    from echopilot.celery import app

    settings.DISPATCH = SETTINGS
    with registered():
        app.worker_main(["worker", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"])
