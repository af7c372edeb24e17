"""What hints may have missed, caught up from the rows. Every part works in pages and leaves what it cannot act on alone."""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime
from uuid import UUID

from django.db import OperationalError
from django.db.models import Q

from apps.core.errors import PlatformError
from apps.tasks.enums import TaskState
from apps.tasks.lifecycle import CLOSED
from apps.tasks.models import Task
from apps.tasks.services import defaults, holding, recovery, settling, stuck
from apps.tasks.services.clock import after, database_now

logger = logging.getLogger(__name__)
PAGE = 200
MOST = 2_000
QUIET_S = 30


def catch_up() -> dict[str, int]:
    """One sweep of the current tenant: defaults, finished runs, due retries, stuck tasks. Returns what it changed."""
    installed = not defaults.is_current() and defaults.install()
    return {
        "installed": int(installed),
        "decided": holding.HELD.apply_overdue(),
        "settled": _each(_unsettled(), lambda row: settling.settle_run(task_id=row[0], run_id=row[1])),
        "retried": _each(((row,) for row in _due()), lambda row: recovery.retry_by_rule(row[0])),
        "stuck": stuck.note_stuck(),
    }


def _unsettled() -> Iterator[tuple[UUID, UUID]]:
    """Tasks that are open, or closed without a final bill, and quiet for half a minute; longest untouched first."""
    last: tuple[datetime, UUID] | None = None
    for _page in range(MOST // PAGE):
        rows = (
            Task.objects.filter(
                Q(state__in=[TaskState.NEW, TaskState.RUNNING, TaskState.REVIEW]) | Q(state__in=CLOSED, is_billed=False)
            )
            .filter(run_id__isnull=False, touched_at__lt=after(-QUIET_S))
            .order_by("touched_at", "id")
        )
        if last is not None:
            rows = rows.filter(Q(touched_at__gt=last[0]) | Q(touched_at=last[0], id__gt=last[1]))
        page = list(rows.values_list("id", "run_id", "touched_at")[:PAGE])
        yield from ((task_id, run_id) for task_id, run_id, _touched in page if run_id is not None)
        if len(page) < PAGE:
            return
        last = (page[-1][2], page[-1][0])


def _due() -> list[UUID]:
    return list(
        Task.objects.filter(state=TaskState.FAILED, retry_at__lte=database_now())
        .order_by("retry_at")
        .values_list("id", flat=True)[:PAGE]
    )


def _each(rows: Iterator[tuple[UUID, ...]], act: Callable[[tuple[UUID, ...]], bool]) -> int:
    """Act on each row by itself, so that one that cannot be helped does not hold up the others."""
    changed = 0
    for row in rows:
        try:
            changed += bool(act(row))
        except (PlatformError, OperationalError):
            logger.warning("sweep left a task for the next round", exc_info=True, extra={"task": str(row[0])})
    return changed
