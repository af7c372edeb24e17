"""Edit and approve: a person changes what would be sent, and decides about the changed bytes. Both versions stay on record."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.workflows.approvals import asking
from apps.workflows.approvals.deciding import count, expire_if_due, locked, require_open, vote
from apps.workflows.approvals.enums import ApprovalKind, Channel, Choice
from apps.workflows.approvals.errors import ApprovalClosed, ApprovalExpired, NotEditable
from apps.workflows.approvals.gate import Judged
from apps.workflows.approvals.judging import judge_again
from apps.workflows.approvals.models import Approval
from apps.workflows.approvals.people import person_for
from apps.workflows.approvals.settings import Asking
from apps.workflows.core.classes import from_stored, riskier
from apps.workflows.core.definition import canonical
from apps.workflows.core.effects import request_digest
from apps.workflows.core.schema import plain
from apps.workflows.core.validate import schema_problems, schema_validator
from apps.workflows.engine.plain_json import UnstorableValue, clean, storable
from apps.workflows.enums import EffectState
from apps.workflows.models import Effect
from apps.workflows.registries import step_types
from apps.workflows.services.clock import database_now

LIMIT_BYTES = 2_000_000


def edit_and_approve(
    *,
    approval_id: UUID,
    payload_hash: str,
    value: Mapping[str, Any],
    user_id: int,
    channel: Channel,
    reason: str = "",
    undo: bool = False,
) -> Approval:
    """Put ``value`` in place of what the step lets people change, and approve exactly that. Returns the new question.

    When the change makes the act riskier, the new question waits for votes of its own, the editor's included: nobody approves what
    they have not been shown. Raises what ``deciding.decide`` does, ``NotEditable``, and ``InvalidInput`` naming fields.
    """
    if expire_if_due(approval_id):
        raise ApprovalExpired
    with transaction.atomic():
        row = locked(approval_id)
        require_open(row, payload_hash)
        person_for(row, user_id)
        text = _rendered(row, value)
        if text == row.payload:
            vote(row, user_id=user_id, choice=Choice.APPROVE, channel=channel, reason=reason, undo=undo)
            count(row)
            return row
        judged = judge_again(row, text=text)
        new = _replace(row, text, judged, user_id)
        if not riskier(judged.verdict, from_stored(row.risk_class, row.reasons)):
            vote(new, user_id=user_id, choice=Choice.APPROVE, channel=channel, reason=reason, undo=undo)
            count(new)
    return new


def editable_part(row: Approval) -> tuple[Mapping[str, Any], Mapping[str, Any]] | None:
    """What a person may change of a question's request, with its JSON Schema; None when nothing."""
    if row.kind != ApprovalKind.EFFECT or row.type not in step_types:
        return None
    return step_types.get(row.type).editable(json.loads(row.payload))


def _rendered(row: Approval, value: Mapping[str, Any]) -> str:
    part = editable_part(row)
    if part is None:
        raise NotEditable
    before, schema = part
    if not isinstance(value, Mapping):
        raise InvalidInput(fields={"value": _("Send an object.")})
    problems = schema_problems(schema_validator(plain(schema)), dict(value), place="value")
    if problems:
        raise InvalidInput(fields={problem.place: problem.message for problem in problems})
    if sorted(_handles(before, "")) != sorted(_handles(value, "")):
        raise InvalidInput(fields={"value": _("Secrets stay where the workflow put them.")})
    try:
        request = step_types.get(row.type).edited(json.loads(row.payload), value)
        storable(request, limit=LIMIT_BYTES)
        return clean(canonical(request))
    except UnstorableValue as problem:
        raise InvalidInput(fields={"value": str(problem)}) from None


def _handles(node: Any, place: str) -> Iterator[str]:
    """Where secrets are used, and which: an edit may neither add nor move one."""
    if isinstance(node, Mapping):
        for key, child in node.items():
            if str(key).startswith("$"):
                yield f"{place}.{key}={child!r}"
            yield from _handles(child, f"{place}.{key}")
    elif isinstance(node, list):
        for number, child in enumerate(node):
            yield from _handles(child, f"{place}.{number}")


def _replace(row: Approval, text: str, judged: Judged, user_id: int) -> Approval:
    columns, effect_id = judged.columns(), row.effect_id
    if effect_id is None:
        raise NotEditable
    untouched = Effect.objects.filter(pk=effect_id, state=EffectState.INTENDED, sends=0, held=True)
    if not asking.void(row, note=gettext("Replaced by an edited version.")):
        raise ApprovalClosed
    if not untouched.update(
        request=text, request_hash=request_digest(text), risk_class=columns["risk"], reasons=columns["reasons"]
    ):
        raise ApprovalClosed
    left = int((row.expires_at - database_now()).total_seconds())
    return asking.ask(
        run_id=row.run_id,
        effect_id=row.effect_id,
        path=row.path,
        attempt=row.attempt,
        step_type=row.type,
        title=row.title,
        payload=text,
        asking=Asking(
            quorum=row.quorum,
            expires_s=max(1, left),
            remind_s=row.remind_s or left + 1,
            escalate_s=max(1, left * 2 // 3),
            escalate_to=tuple(row.escalate_to),
            roles=tuple(row.roles),
            users=tuple(row.users),
            allow_self=row.allow_self,
            delegate=row.delegate,
        ),
        risk_class=columns["risk"],
        reasons=columns["reasons"],
        replaces=row.pk,
        edited_by=user_id,
    )
