"""Decisions with an undo that is real: kept in the database, in effect some seconds later, taken back until then."""

import logging
from datetime import timedelta
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from apps.accounts import facade as accounts
from apps.core.errors import PlatformError
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import NewWork
from apps.dispatch.enums import Queue
from apps.live import facade as live_updates
from apps.tasks.enums import ReviewState
from apps.tasks.errors import AlreadyDecided, TooLateToUndo
from apps.tasks.models import HeldDecision, ReviewItem
from apps.tasks.selectors import load_task
from apps.tasks.services import reviewing
from apps.tasks.services.clock import database_now
from apps.tenants.facade import current_tenant

logger = logging.getLogger(__name__)
APPLY = "tasks.apply_decision"
UNDO_S = 8
MARGIN_S = 0.5
OVERDUE_S = 10


def hold_decision(
    *, task_id: UUID | str, decision: str, edited_text: str | None = None, reason: str = "", user_id: int
) -> HeldDecision:
    """Keep a decision that takes effect in ``UNDO_S`` seconds, also when the person's page is closed by then.

    Same rules and errors as ``reviewing.decide_review``; the first decision counts, a held one included.
    """
    accounts.require(user_id, "tasks.review")
    choice, text, note = reviewing.checked(decision, edited_text, reason)
    tenant = current_tenant()
    with transaction.atomic():
        task = load_task(task_id)
        item = ReviewItem.objects.filter(task_id=task.id, state=ReviewState.OPEN).first()
        if item is None:
            raise AlreadyDecided
        reviewing.require_possible(item, choice, item.answer if text is None else text)
        try:
            with transaction.atomic():
                held = HeldDecision.objects.create(
                    review=item,
                    decision=choice,
                    edited_text=text,
                    note=note,
                    decided_by=user_id,
                    effective_at=database_now() + timedelta(seconds=UNDO_S),
                )
        except IntegrityError:
            raise AlreadyDecided from None
        # One item per decision: the one of a decision taken back comes too early for the next.
        work = NewWork(
            kind=APPLY,
            ref=str(item.id),
            dedupe_key=f"{item.id}:{held.effective_at.timestamp()}",
            delay_s=UNDO_S + MARGIN_S,
            queue=Queue.INTERACTIVE,
        )
        dispatch.enqueue(tenant_id=tenant.id, work=work)
        live_updates.changed(tenant_id=tenant.id, topics=["tasks", f"task:{task.id}"])
    return held


def undo_decision(*, task_id: UUID | str, user_id: int) -> None:
    """Take one's own decision back. Raises ``TooLateToUndo`` when it has taken effect, or is somebody else's."""
    accounts.require(user_id, "tasks.review")
    task = load_task(task_id)
    gone, _rows = HeldDecision.objects.filter(review__task_id=task.id, decided_by=user_id).delete()
    if not gone:
        raise TooLateToUndo
    live_updates.changed(tenant_id=current_tenant().id, topics=["tasks", f"task:{task.id}"])


def apply_decision(review_id: UUID | str) -> bool:
    """Let a held decision whose time has come take effect. False when it was taken back, is not due, or came to nothing.

    A decision that is refused by now (the task was cancelled, the person lost the right) is dropped; the review stays open if
    it was.
    """
    wanted = UUID(str(review_id))
    with transaction.atomic():
        held = (
            HeldDecision.objects.select_for_update(of=("self",))
            .select_related("review")
            .filter(pk=wanted, effective_at__lte=Now())
            .first()
        )
        if held is None:
            return False
        task_id = held.review.task_id
        HeldDecision.objects.filter(pk=wanted).delete()
        try:
            with transaction.atomic():
                reviewing.decide_review(
                    task_id=task_id,
                    decision=held.decision,
                    edited_text=held.edited_text,
                    reason=held.note,
                    user_id=held.decided_by,
                )
        except PlatformError as error:
            if error.retryable:
                raise
            logger.warning("a held decision came to nothing", extra={"review": str(review_id), "code": error.code})
            return False
    return True


def apply_overdue() -> int:
    """Decisions whose work item was lost. Returns how many took effect."""
    overdue = HeldDecision.objects.filter(effective_at__lt=database_now() - timedelta(seconds=OVERDUE_S))
    return sum(apply_decision(review_id) for review_id in overdue.values_list("pk", flat=True)[:200])
