"""Cancelling with an undo that is real: the run stands still at once and ends some seconds later, or goes on."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts import facade as accounts
from apps.core.errors import Conflict, NotAllowed
from apps.dispatch import facade as dispatch
from apps.dispatch.enums import Queue
from apps.dispatch.facade import Holding
from apps.tenants.facade import current_tenant
from apps.workflows.conf import CANCEL_KIND, RUN_KIND
from apps.workflows.errors import AlreadyDecided, RunHasEnded
from apps.workflows.models import HeldCancel, Run
from apps.workflows.registries import subjects
from apps.workflows.services.recovery import cancel_run
from apps.workflows.services.runs import announce_change, enqueue_run, is_live, require_run


def hold_cancel(*, run_id: UUID, user_id: int, reason: str = "") -> None:
    """Stop a live run now; it ends, with what it works for, when the seconds for ``undo_cancel`` are over.

    A call on its way counts as interrupted, as when a worker is lost. Raises ``NotAllowed``, ``UnknownRun``, ``RunHasEnded``
    and ``AlreadyDecided`` (somebody has just cancelled it).
    """
    accounts.require(user_id, "runs.cancel")
    why = reason.strip()[:500] or _("Cancelled by a person.")
    tenant = current_tenant()
    with transaction.atomic():
        # The work item first: the runner takes its row before the run's, and so must we.
        dispatch.cancel(tenant_id=tenant.id, kind=RUN_KIND, ref=str(run_id), reason=why[:200])
        run = require_run(run_id, lock=True)
        if not is_live(run.state):
            raise RunHasEnded
        if HELD.hold(tenant_id=tenant.id, user_id=user_id, run=run, reason=why) is None:
            raise AlreadyDecided
        announce_change(run_id=run_id, subject_kind=run.subject_kind, subject_id=run.subject_id)


def undo_cancel(*, run_id: UUID, user_id: int) -> None:
    """Let a run go on that one has just cancelled. Raises ``TooLateToUndo`` when it has ended, or somebody else cancelled it."""
    with transaction.atomic():
        HELD.take_back(user_id=user_id, run_id=run_id)
        _go_on(require_run(run_id, lock=True))


def _go_on(run: Run) -> None:
    enqueue_run(run_id=run.pk, queue=Queue(run.queue), priority=run.priority)
    announce_change(run_id=run.pk, subject_kind=run.subject_kind, subject_id=run.subject_id)


def _end(held: HeldCancel) -> None:
    run = held.run
    try:
        accounts.require(held.decided_by, "runs.cancel")
    except NotAllowed:
        _go_on(run)
        return
    if run.subject_kind in subjects:
        try:
            with transaction.atomic():
                subjects.get(run.subject_kind).cancel(run.subject_id, held.decided_by)
        except Conflict:
            pass  # What it works for is closed: only the run is left to end.
    cancel_run(run_id=run.pk, reason=held.reason)


HELD = Holding(model=HeldCancel, kind=CANCEL_KIND, act=_end)
