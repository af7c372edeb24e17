"""Decisions: votes bound to exact bytes, counted when they take effect, and the run that goes on or fails by them.

Every writer takes the run's work item first (``nudge``), then the question, as the engine does; so two people who decide at once, a
deadline that passes and a worker at the run meet in one order, and the first one counts.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.core.ids import new_id
from apps.dispatch import facade as dispatch
from apps.dispatch.errors import TooLateToUndo
from apps.tenants.facade import current_tenant
from apps.workflows.approvals.asking import MARGIN_S, announce, later, tell
from apps.workflows.approvals.channels import close_everywhere
from apps.workflows.approvals.conf import TALLY_KIND, UNDO_S
from apps.workflows.approvals.enums import ApprovalKind, ApprovalState, Channel, Choice
from apps.workflows.approvals.errors import (
    AlreadyVoted,
    ApprovalClosed,
    ApprovalExpired,
    PayloadChanged,
    UnknownApproval,
)
from apps.workflows.approvals.models import Approval, ApprovalVote
from apps.workflows.approvals.people import person_for
from apps.workflows.conf import RUN_KIND
from apps.workflows.core.state import APPROVAL
from apps.workflows.core.validate import schema_problems, schema_validator
from apps.workflows.models import RunEvent
from apps.workflows.services.clock import database_now
from apps.workflows.triggers.happenings import tell_approval


def decide(
    *,
    approval_id: UUID,
    choice: str,
    payload_hash: str,
    user_id: int,
    channel: Channel,
    reason: str = "",
    answer: Mapping[str, Any] | None = None,
    undo: bool = False,
) -> Approval:
    """One person's word about exactly the bytes ``payload_hash`` names. With ``undo`` it counts ``UNDO_S`` seconds later.

    Raises ``UnknownApproval``, ``PayloadChanged``, ``ApprovalClosed``, ``ApprovalExpired``, ``AlreadyVoted``, ``NotAllowed`` family
    (``MayNotDecide``, ``OwnRequest``) and ``InvalidInput``. Nothing is kept then.
    """
    if choice not in Choice.values:
        raise InvalidInput(fields={"choice": _("Use approve or deny.")})
    if expire_if_due(approval_id):
        raise ApprovalExpired
    with transaction.atomic():
        row = locked(approval_id)
        require_open(row, payload_hash)
        vote(row, user_id=user_id, choice=choice, channel=channel, reason=reason, answer=answer, undo=undo)
        count(row)
    return row


def vote(
    row: Approval,
    *,
    user_id: int,
    choice: str,
    channel: str,
    reason: str = "",
    answer: Mapping[str, Any] | None = None,
    undo: bool = False,
) -> ApprovalVote:
    """Write the vote of somebody who may decide about a locked question."""
    person = person_for(row, user_id)
    if choice == Choice.APPROVE and row.kind == ApprovalKind.QUESTION:
        _require_fitting(row, answer)
    now = database_now()
    at = now + timedelta(seconds=UNDO_S) if undo else now
    at = max(now, min(at, row.expires_at - timedelta(seconds=MARGIN_S)))
    try:
        with transaction.atomic():
            kept = ApprovalVote.objects.create(
                approval=row,
                user_id=user_id,
                person_id=person,
                choice=choice,
                payload_hash=row.payload_hash,
                reason=reason[:500],
                answer=dict(answer) if answer else None,
                channel=channel,
                effective_at=at,
            )
    except IntegrityError:
        raise AlreadyVoted from None
    if at > now:
        later(TALLY_KIND, row, delay_s=(at - now).total_seconds() + 0.3, suffix=str(kept.pk))
    announce(row)
    return kept


def count(row: Approval) -> bool:
    """Let a locked question be decided by the votes in effect: one refusal refuses it, its quorum approves it."""
    votes = list(
        ApprovalVote.objects.filter(approval=row, effective_at__lte=database_now()).order_by("effective_at", "pk")
    )
    refusal = next((one for one in votes if one.choice == Choice.DENY), None)
    agreeing = [one for one in votes if one.choice == Choice.APPROVE]
    if refusal is not None:
        _close(row, ApprovalState.DENIED, note=refusal.reason)
    elif len(agreeing) >= row.quorum:
        answers = [one.answer for one in agreeing if one.answer]
        until = database_now() + timedelta(seconds=row.valid_s)
        _close(row, ApprovalState.APPROVED, valid_until=until, answer=answers[-1] if answers else None)
    else:
        return False
    wake(row)
    return True


def tally(approval_id: UUID) -> bool:
    """Count votes whose seconds for taking them back are over. False when there is nothing to decide (yet)."""
    if expire_if_due(approval_id):
        return False
    with transaction.atomic():
        row = locked(approval_id)
        return row.state == ApprovalState.PENDING and count(row)


def take_back(*, approval_id: UUID, user_id: int) -> None:
    """Take one's own vote back while it does not count yet. Raises ``TooLateToUndo``."""
    with transaction.atomic():
        row = locked(approval_id)
        gone = 0
        if row.state == ApprovalState.PENDING:
            gone, _rows = ApprovalVote.objects.filter(
                approval=row, user_id=user_id, effective_at__gt=database_now()
            ).delete()
        if not gone:
            raise TooLateToUndo
        announce(row)


def expire_if_due(approval_id: UUID) -> bool:
    """Refuse a question whose time is over. True when this call did it; committed on its own when no transaction is open."""
    with transaction.atomic():
        due = Approval.objects.filter(pk=approval_id, state=ApprovalState.PENDING, expires_at__lte=database_now())
        if not due.exists():
            return False
        row = locked(approval_id)
        if row.state != ApprovalState.PENDING:
            return False
        _close(row, ApprovalState.EXPIRED)
        wake(row)
    return True


def locked(approval_id: UUID) -> Approval:
    """The question, with the work of its run and itself locked in the order everybody takes. Raises ``UnknownApproval``."""
    run_id = Approval.objects.filter(pk=approval_id).values_list("run_id", flat=True).first()
    if run_id is None:
        raise UnknownApproval(detail=str(approval_id))
    dispatch.nudge(tenant_id=current_tenant().id, kind=RUN_KIND, ref=str(run_id))
    row = Approval.objects.select_for_update(of=("self",)).filter(pk=approval_id).first()
    if row is None:
        raise UnknownApproval(detail=str(approval_id))
    return row


def require_open(row: Approval, payload_hash: str) -> None:
    """Raises ``PayloadChanged`` or ``ApprovalClosed`` unless a decision about these bytes is still wanted."""
    if row.payload_hash != payload_hash:
        raise PayloadChanged(detail=f"approval {row.pk}")
    if row.state == ApprovalState.VOID:
        raise PayloadChanged(detail=f"approval {row.pk} was replaced")
    if row.state != ApprovalState.PENDING:
        raise ApprovalClosed(detail=f"approval {row.pk} is {row.state}")


def wake(row: Approval) -> None:
    """Tell the run to look at its question; what it finds there decides."""
    RunEvent.objects.create(
        run_id=row.run_id,
        event=APPROVAL,
        slot=f"{row.path}/{str(new_id())[:18]}"[-100:],
        payload={"path": row.path, "approval": str(row.pk)},
    )
    dispatch.nudge(tenant_id=current_tenant().id, kind=RUN_KIND, ref=str(row.run_id))


def _close(row: Approval, state: ApprovalState, **columns: Any) -> None:
    row.state, row.decided_at = state, database_now()
    for name, value in columns.items():
        setattr(row, name, value)
    row.save(update_fields=["state", "decided_at", *columns])
    announce(row)
    close_everywhere(row)
    tell_approval(row, kind="decided")


def _require_fitting(row: Approval, answer: Mapping[str, Any] | None) -> None:
    if not row.fields:
        if answer:
            raise InvalidInput(fields={"answer": _("Nothing is asked here but yes or no.")})
        return
    problems = schema_problems(schema_validator(row.fields), dict(answer or {}), place="answer")
    if problems:
        raise InvalidInput(fields={problem.place: problem.message for problem in problems})


def remind_and_escalate() -> int:
    """Questions whose reminder or escalation is due: told again, or to more people. Returns how many."""
    now = database_now()
    pending = Approval.objects.filter(state=ApprovalState.PENDING, expires_at__gt=now)
    told = 0
    for row in list(pending.filter(escalate_at__lte=now, escalated_at=None)[:200]):
        with transaction.atomic():
            if Approval.objects.filter(pk=row.pk, state=ApprovalState.PENDING, escalated_at=None).update(
                escalated_at=Now()
            ):
                tell(row, occasion="escalated")
                announce(row)
                told += 1
    for row in list(pending.filter(next_reminder_at__lte=now)[:200]):
        step = timedelta(seconds=row.remind_s or 86_400)
        following = max(now, row.next_reminder_at or now) + step
        with transaction.atomic():
            same = Approval.objects.filter(
                pk=row.pk, state=ApprovalState.PENDING, next_reminder_at=row.next_reminder_at
            )
            if same.update(next_reminder_at=following if following < row.expires_at else None):
                tell(row, occasion=f"reminded-{int(now.timestamp())}")
                told += 1
    return told


def sweep() -> int:
    """Catch up: deadlines that passed, votes whose job was lost, reminders and escalations that are due. Returns how many."""
    now = database_now()
    over = Approval.objects.filter(state=ApprovalState.PENDING, expires_at__lte=now).values_list("pk", flat=True)[:500]
    done = sum(expire_if_due(pk) for pk in list(over))
    waiting = ApprovalVote.objects.filter(
        approval__state=ApprovalState.PENDING, effective_at__lte=now - timedelta(seconds=2)
    ).values_list("approval_id", flat=True)
    done += sum(tally(pk) for pk in set(waiting[:500]))
    return done + remind_and_escalate()
