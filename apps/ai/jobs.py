"""Work done by schedule."""

from __future__ import annotations

from apps.ai import services
from apps.dispatch.contracts import JobContext

SWEEP_KIND = "ai.sweep_reservations"


def sweep(context: JobContext) -> None:
    """Give back forgotten reservations of one tenant, page by page."""
    while services.sweep_reservations() == services.SWEEP_PAGE and not context.is_lost():
        pass
