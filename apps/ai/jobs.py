"""Work of the queue: by schedule, and the tests of prompts."""

from __future__ import annotations

from uuid import UUID

from apps.ai import services
from apps.ai.prompts import testing
from apps.ai.usage import rolling
from apps.dispatch.contracts import JobContext

SWEEP_KIND = "ai.sweep_reservations"
ROLL_KIND = "ai.roll_up_usage"


def sweep(context: JobContext) -> None:
    """Give back forgotten reservations of one tenant, page by page."""
    while services.sweep_reservations() == services.SWEEP_PAGE and not context.is_lost():
        pass


def roll_up_usage(context: JobContext) -> None:
    """Add up the closed days of one tenant that are not yet."""
    while rolling.roll_up(now=context.now()) and not context.is_lost():
        pass


def try_prompt(context: JobContext) -> None:
    """Try the next case of a run of a prompt's tests."""
    testing.try_next(UUID(context.work.ref))
