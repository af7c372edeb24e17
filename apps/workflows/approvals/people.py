"""Who may decide about a question: by role or name, in their own right or as somebody's deputy."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models.functions import Now

from apps.accounts import facade as accounts
from apps.tenants.facade import current_tenant
from apps.workflows.approvals.errors import MayNotDecide, OwnRequest
from apps.workflows.approvals.models import Approval, Deputy

PERMISSION = "approvals.decide"


@dataclass(frozen=True, kw_only=True)
class Decider:
    """A member who may decide about a question; ``deputy_of`` names whose right is used, when it is not their own."""

    user_id: int
    name: str
    email: str
    language: str = ""
    deputy_of: int | None = None
    time_zone: str = ""


def deciders_of(row: Approval) -> list[Decider]:
    """Everybody who may decide about a question now, own right first. Three queries at most."""
    members = {
        member.user_id: member
        for member in accounts.list_members(tenant_id=current_tenant().id)
        if member.user.is_active and PERMISSION in accounts.permissions_of_role(member.role)
    }
    mine = {user_id for user_id, member in members.items() if _is_meant(row, user_id, member.role)}
    found: dict[int, int | None] = {user_id: None for user_id in sorted(mine) if not _started(row, user_id)}
    for deputy_id, person_id in _deputies(row, mine):
        if deputy_id in members and deputy_id not in found and not _started(row, deputy_id):
            found[deputy_id] = person_id
    return [
        Decider(
            user_id=user_id,
            name=members[user_id].user.name or members[user_id].user.email,
            email=members[user_id].user.email,
            language=members[user_id].user.language,
            deputy_of=person_id,
            time_zone=members[user_id].user.time_zone,
        )
        for user_id, person_id in found.items()
    ]


def person_for(row: Approval, user_id: int) -> int:
    """Whose right ``user_id`` uses to decide about this one. Raises ``NotAllowed``, ``OwnRequest`` and ``MayNotDecide``."""
    accounts.require(user_id, PERMISSION)
    if _started(row, user_id):
        raise OwnRequest
    for decider in deciders_of(row):
        if decider.user_id == user_id:
            return decider.deputy_of or user_id
    raise MayNotDecide(detail=f"user {user_id}, approval {row.pk}")


def _is_meant(row: Approval, user_id: int, role: str) -> bool:
    if not row.roles and not row.users:
        return True
    if role in row.roles or user_id in row.users:
        return True
    return row.escalated_at is not None and (role in row.escalate_to or user_id in row.escalate_to)


def _started(row: Approval, user_id: int) -> bool:
    return not row.allow_self and row.started_by == user_id


def _deputies(row: Approval, mine: Iterable[int]) -> list[tuple[int, int]]:
    if not row.delegate:
        return []
    rows = Deputy.objects.filter(
        person_id__in=[user_id for user_id in mine if not _started(row, user_id)],
        revoked_at=None,
        from_at__lte=Now(),
        until_at__gt=Now(),
    )
    return list(rows.order_by("created_at").values_list("deputy_id", "person_id"))
