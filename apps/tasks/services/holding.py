"""Decisions about answers with an undo that is real."""

from uuid import UUID

from django.db import transaction

from apps.accounts import facade as accounts
from apps.dispatch.facade import Holding
from apps.live import facade as live_updates
from apps.tasks.enums import ReviewState
from apps.tasks.errors import AlreadyDecided
from apps.tasks.models import HeldDecision, ReviewItem
from apps.tasks.selectors import load_task
from apps.tasks.services import reviewing
from apps.tenants.facade import current_tenant

APPLY = "tasks.apply_decision"


def hold_decision(
    *, task_id: UUID | str, decision: str, edited_text: str | None = None, reason: str = "", user_id: int
) -> HeldDecision:
    """Keep a decision that takes effect some seconds later, also when the person's page is closed by then.

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
        held = HELD.hold(
            tenant_id=tenant.id, user_id=user_id, review=item, decision=choice, edited_text=text, note=note
        )
        if held is None:
            raise AlreadyDecided
        live_updates.changed(tenant_id=tenant.id, topics=["tasks", f"task:{task.id}"])
    return held


def undo_decision(*, task_id: UUID | str, user_id: int) -> None:
    """Take one's own decision back. Raises ``TooLateToUndo`` when it has taken effect, or is somebody else's."""
    accounts.require(user_id, "tasks.review")
    task = load_task(task_id)
    HELD.take_back(user_id=user_id, review__task_id=task.id)
    live_updates.changed(tenant_id=current_tenant().id, topics=["tasks", f"task:{task.id}"])


def _decide(held: HeldDecision) -> None:
    reviewing.decide_review(
        task_id=held.review.task_id,
        decision=held.decision,
        edited_text=held.edited_text,
        reason=held.note,
        user_id=held.decided_by,
    )


HELD = Holding(model=HeldDecision, kind=APPLY, act=_decide)
