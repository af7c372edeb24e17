"""Cancelling with an undo that is real: the run stands still at once and ends some seconds later, or goes on."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts import facade as accounts
from apps.core.errors import Conflict, NotAllowed
from apps.dispatch.enums import Queue
from apps.dispatch.facade import Holding
from apps.tenants.facade import current_tenant
from apps.workflows.conf import CANCEL_KIND
from apps.workflows.errors import AlreadyDecided, RunHasEnded
from apps.workflows.models import HeldCancel, Run
from apps.workflows.registries import subjects
from apps.workflows.services.recovery import cancel_run, stop_work
from apps.workflows.services.runs import announce_change, enqueue_run, is_live, require_run


def hold_cancel(*, run_id: UUID, user_id: int, reason: str = "") -> None:
    """Stop a live run and the runs it started now; they end, with what it works for, when the seconds for ``undo_cancel`` are over.

    A call on its way counts as interrupted, as when a worker is lost. Raises ``NotAllowed``, ``UnknownRun``, ``RunHasEnded``
    and ``AlreadyDecided`` (somebody has just cancelled it).
    """
    accounts.require(user_id, "runs.cancel")
    why = reason.strip()[:500] or _("Cancelled by a person.")
    with transaction.atomic():
        # Work items first: the runner takes their rows before the runs', and so must we.
        stop_work(run_id=run_id, reason=why)
        run = require_run(run_id, lock=True)
        if not is_live(run.state):
            raise RunHasEnded
        if HELD.hold(tenant_id=current_tenant().id, user_id=user_id, run=run, reason=why) is None:
            raise AlreadyDecided
        announce_change(run_id=run_id, subject_kind=run.subject_kind, subject_id=run.subject_id)


def undo_cancel(*, run_id: UUID, user_id: int) -> None:
    """Let a run that one has just cancelled, and those below it, go on.

    Raises ``TooLateToUndo`` when it has ended, or somebody else cancelled it.
    """
    with transaction.atomic():
        HELD.take_back(user_id=user_id, run_id=run_id)
        _go_on(require_run(run_id, lock=True))


def _go_on(run: Run) -> None:
    """Queue a run and what is below it again, except for what is held by another cancel, its own or one above."""
    above = run
    while above.parent_id is not None:
        if HeldCancel.objects.filter(run_id=above.parent_id).exists():
            return
        above = require_run(above.parent_id)
    todo = [run]
    while todo:
        one = todo.pop()
        enqueue_run(run_id=one.pk, queue=Queue(one.queue), priority=one.priority)
        announce_change(run_id=one.pk, subject_kind=one.subject_kind, subject_id=one.subject_id)
        todo += Run.objects.filter(parent_id=one.pk, finished_at=None, held_cancel=None)


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
