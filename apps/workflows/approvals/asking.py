"""Putting a question to people: the row, its time limits, and telling those who may decide. Inside the caller's transaction."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.db.models.functions import Now

from apps.core.ids import new_id
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import NewWork
from apps.dispatch.enums import Queue
from apps.live import facade as live_updates
from apps.tenants.facade import current_tenant
from apps.workflows.approvals.channels import close_everywhere
from apps.workflows.approvals.conf import EXPIRE_KIND, TELL_KIND
from apps.workflows.approvals.enums import ApprovalKind, ApprovalState
from apps.workflows.approvals.models import Approval
from apps.workflows.approvals.settings import VALID_S, Asking
from apps.workflows.core.effects import payload_digest
from apps.workflows.models import Run
from apps.workflows.services.clock import database_now
from apps.workflows.triggers.happenings import tell_approval

OPEN = Q(state=ApprovalState.PENDING) | Q(state=ApprovalState.APPROVED, spent_at=None)
APPROVED = "approved"
MARGIN_S = 1.0


def ask(
    *,
    run_id: UUID,
    path: str,
    attempt: int,
    step_type: str,
    title: str,
    payload: str,
    asking: Asking,
    risk_class: str,
    reasons: list[dict[str, str]],
    effect_id: UUID | None = None,
    fields: dict[str, Any] | None = None,
    replaces: UUID | None = None,
    edited_by: int | None = None,
) -> Approval:
    """Write the question and let those who may decide know. ``payload`` are the exact bytes the decision is bound to."""
    run = (
        Run.objects.select_related("version__workflow").defer("inputs", "cursor", "version__definition").get(pk=run_id)
    )
    now = database_now()
    row = Approval.objects.create(
        pk=new_id(),
        kind=ApprovalKind.QUESTION if effect_id is None else ApprovalKind.EFFECT,
        run_id=run_id,
        effect_id=effect_id,
        path=path,
        attempt=attempt,
        type=step_type,
        title=title[:200],
        workflow=run.version.workflow.name,
        payload=payload,
        payload_hash=payload_digest(step_type, payload),
        fields=fields or {},
        risk_class=risk_class,
        reasons=reasons,
        quorum=asking.quorum,
        roles=list(asking.roles),
        users=list(asking.users),
        escalate_to=list(asking.escalate_to),
        allow_self=asking.allow_self,
        delegate=asking.delegate,
        started_by=run.started_by,
        valid_s=VALID_S,
        asked_at=now,
        expires_at=now + timedelta(seconds=asking.expires_s),
        remind_s=asking.remind_s,
        next_reminder_at=now + timedelta(seconds=asking.remind_s) if asking.remind_s < asking.expires_s else None,
        escalate_at=now + timedelta(seconds=asking.escalate_s) if asking.escalate_to else None,
        replaces_id=replaces,
        edited_by=edited_by,
    )
    tell(row)
    later(EXPIRE_KIND, row, delay_s=asking.expires_s + MARGIN_S)
    announce(row)
    tell_approval(row, kind="requested")
    return row


def tell(row: Approval, *, occasion: str = "asked") -> None:
    """Let mails and other channels go out once the transaction is committed; each occasion once."""
    later(TELL_KIND, row, suffix=occasion)


def later(kind: str, row: Approval, *, delay_s: float = 0, suffix: str = "") -> None:
    """Queue a job about a question; the same one twice is one."""
    ref = f"{row.pk}:{suffix}" if suffix else str(row.pk)
    work = NewWork(kind=kind, ref=ref, dedupe_key=ref, delay_s=delay_s, queue=Queue.INTERACTIVE)
    dispatch.enqueue(tenant_id=current_tenant().id, work=work)


def announce(row: Approval) -> None:
    """Open pages look again."""
    live_updates.changed(tenant_id=current_tenant().id, topics=["approvals", f"run:{row.run_id}"])


def void(row: Approval, *, note: str) -> bool:
    """Take a question out of force because its bytes are not the ones that would be sent. False when it was used or decided."""
    found = Approval.objects.filter(OPEN, pk=row.pk)
    if not found.update(state=ApprovalState.VOID, decided_at=Now(), note=note[:500]):
        return False
    close_everywhere(Approval(pk=row.pk, state=ApprovalState.VOID))
    return True


def withdraw(*, run_ids: list[UUID], reason: str) -> int:
    """The run ended: nobody needs to decide any more, and what was approved but not sent is not sent."""
    found = Approval.objects.filter(OPEN, run_id__in=run_ids)
    ids = list(found.values_list("pk", flat=True))
    count = found.update(state=ApprovalState.WITHDRAWN, decided_at=Now(), note=reason[:500])
    if count:
        for row in Approval.objects.filter(pk__in=ids, state=ApprovalState.WITHDRAWN).only("pk", "state"):
            close_everywhere(row)
        live_updates.changed(tenant_id=current_tenant().id, topics=["approvals"])
    return count
