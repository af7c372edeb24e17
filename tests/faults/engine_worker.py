"""Workers of the engine's scenarios, as functions for the nursery: real loops with the provider double's step types."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.conf import settings

from apps.dispatch import identity
from apps.dispatch.process import build_loop
from apps.workflows import faultpoints
from apps.workflows.approvals import settings as approval_settings
from apps.workflows.approvals.conf import EXPIRE_KIND, TALLY_KIND
from apps.workflows.conf import CANCEL_KIND, RUN_KIND
from apps.workflows.engine import runner
from apps.workflows.registries import step_types
from tests.workflows.provider_steps import STEPS

LEASE_S = 3.0
DISPATCH = {
    "lease_s": LEASE_S,
    "heartbeat_s": 0.5,
    "self_fence_s": 2.0,
    "suicide_s": LEASE_S,
    "sweep_s": 0.5,
    "deadline_grace_s": 2.0,
    "slots": 48,
    "claim_batch": 16,
    "shutdown_grace_s": 2.0,
    "backoff_base_s": 0.1,
    "backoff_cap_s": 1.0,
    "max_losses": 1000,
}
WORKFLOWS = {"quiescence_s": 1.0}
KINDS = (RUN_KIND, EXPIRE_KIND, TALLY_KIND, CANCEL_KIND)
# The shortest time limit of a question is a minute; here it passes in a second and a half.
HASTE = 40


def _hasty(value: Any, low: int, high: int) -> float:
    return max(low, min(int(value), high)) / (HASTE if low >= 60 else 1)


@contextlib.contextmanager
def _equipped(dispatch: dict[str, Any], workflows: dict[str, Any]) -> Iterator[None]:
    settings.DISPATCH, settings.WORKFLOWS = dispatch, workflows
    if dispatch is DISPATCH:
        approval_settings._within = _hasty
    with step_types.temporarily(*STEPS):
        yield


def _run_loop(dispatch: dict[str, Any], workflows: dict[str, Any]) -> None:
    with _equipped(dispatch, workflows):
        loop = build_loop(broker=False, kinds=KINDS)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.stop())
        loop.run()


def plain() -> None:
    """The loop without a broker."""
    _run_loop(DISPATCH, WORKFLOWS)


def strange() -> None:
    """The same, hidden from its neighbours, so that its death shows by the lease alone."""
    identity._place = lambda: f"unknown:{uuid4()}"
    plain()


def under_celery() -> None:
    """The loop inside a Celery worker, woken through the broker."""
    from echopilot.celery import app

    with _equipped(DISPATCH, WORKFLOWS):
        app.worker_main(["worker", "--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--pool", "solo"])


def armed() -> None:
    """Dies at the point named in the file ``FAULT_FILE``, once: the next one to boot finds the file gone and lives."""
    file = Path(os.environ["FAULT_FILE"])
    with contextlib.suppress(FileNotFoundError):
        point = file.read_text().strip()
        file.unlink()
        faultpoints._armed, faultpoints._left = point, 1
    plain()


def mailing() -> None:
    """``armed`` in a workspace that is live, its mails going to the server on port ``MAIL_PORT``."""
    runner.is_rehearsal = lambda _tenant: False
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", int(os.environ["MAIL_PORT"])
    armed()


def measured() -> None:
    """The loop with the product's own constants and many slots, for benchmarks."""
    _run_loop({"slots": 512}, {})


def measured_calls() -> None:
    """Room for 200 ordinary items of one tenant at once (nine tenths of four fifths of the slots)."""
    _run_loop({"slots": 278}, {})


def measured_under_celery() -> None:
    """The same inside a Celery worker, woken through the broker."""
    from echopilot.celery import app

    with _equipped({"slots": 512}, {}):
        app.worker_main(["worker", "--loglevel", "WARNING", "--without-gossip", "--without-mingle", "--pool", "solo"])
