"""Catches up with work that ended behind a run's back: events are hints, rows are the truth."""

import logging
from datetime import timedelta

from django.db import connection, transaction
from django.db.models.functions import Now

from apps.core.errors import PlatformError
from apps.dispatch.enums import Queue
from apps.tenants.facade import current_tenant, tenant_context
from apps.workflows.engine import store
from apps.workflows.engine.children import CHILD_EVENT, wake_parents
from apps.workflows.engine.giving_up import fail_run
from apps.workflows.enums import RunState
from apps.workflows.models import Run
from apps.workflows.services import cancelling
from apps.workflows.services.recovery import cancel_run
from apps.workflows.services.runs import enqueue_run
from apps.workflows.whatif.services import finish_what_ifs

logger = logging.getLogger(__name__)
PAGE = 500
PAGES = 20
SETTLED_AFTER = timedelta(minutes=10)
PARENT_CANCELLED = "The run that started this one was cancelled."
GIVEN_UP = "Its worker was lost each time it was at this run. Look at the work item's evidence, then retry the run."


def reconcile_runs() -> int:
    """Queue every live run of the current tenant that may have no work item any more; one that has keeps it. Cancels whose
    time is over take effect.

    Returns how many runs were looked at (at most 10,000, oldest first).
    """
    cancelling.HELD.apply_overdue()
    finish_what_ifs()
    catch_up_parents()
    seen, last = 0, None
    for _page in range(PAGES):
        runs = Run.objects.filter(finished_at__isnull=True, created_at__lt=Now() - SETTLED_AFTER, held_cancel=None)
        runs = runs.order_by("pk")
        if last is not None:
            runs = runs.filter(pk__gt=last)
        rows = list(runs.values_list("pk", "queue", "priority")[:PAGE])
        for run_id, queue, priority in rows:
            with transaction.atomic():
                if Run.objects.select_for_update(skip_locked=True).filter(pk=run_id, finished_at__isnull=True).exists():
                    enqueue_run(run_id=run_id, queue=Queue(queue), priority=priority)
        seen += len(rows)
        if len(rows) < PAGE:
            break
        last = rows[-1][0]
    return seen


def catch_up_parents() -> int:
    """Wake every run that waits for children which all have ended, and cancel children whose parent was cancelled.

    Returns how many parents were woken (at most 500).
    """
    orphans = Run.objects.filter(
        finished_at__isnull=True,
        parent_id__in=Run.objects.filter(state=RunState.CANCELLED).values("pk"),
    )
    for child in list(orphans.values_list("pk", flat=True)[:PAGE]):
        cancel_run(run_id=child, reason=PARENT_CANCELLED)
    with transaction.atomic():
        untold = store.untold_parents(CHILD_EVENT)
        wake_parents(tenant_id=current_tenant().id, ended=untold)
    return len(untold)


def give_up_run(*, tenant_id: int, run_id: str, code: str) -> None:
    """Dispatch gave the run's work item up: the run has failed and says why. A run that has ended is left alone."""
    try:
        with tenant_context(tenant_id), transaction.atomic():
            fail_run(run_id=run_id, code=code or "given_up", message=GIVEN_UP, tenant_id=tenant_id)
    except PlatformError as error:
        logger.warning("a run whose work died could not be marked", extra={"run": run_id, "code": error.code})
    finally:
        if not connection.in_atomic_block:
            connection.close()
