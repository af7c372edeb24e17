"""Deputies: a member lets another decide in their place until a day they choose."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models.functions import Now
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from apps.accounts import facade as accounts
from apps.core.errors import InvalidInput
from apps.tenants.facade import current_tenant
from apps.workflows.approvals.days import end_of_day, zone_of
from apps.workflows.approvals.models import Deputy
from apps.workflows.approvals.people import PERMISSION
from apps.workflows.services.clock import database_now

LONGEST = timedelta(days=92)


def name_deputy(*, user_id: int, deputy: str, until: str) -> Deputy:
    """Name a member who may decide themselves until the end of a day in one's own zone. Raises ``InvalidInput`` by field."""
    accounts.require(user_id, PERMISSION)
    problems: dict[str, Any] = {}
    known = {str(member.user_id) for member in candidates(user_id=user_id)}
    if deputy not in known:
        problems["deputy"] = _("Choose a member who may decide about approvals.")
    now, end = database_now(), None
    try:
        day = parse_date(until)
    except ValueError:
        day = None
    if day is None:
        problems["until"] = _("Choose a day.")
    else:
        end = end_of_day(day, zone=zone_of(user_id))
        if not now < end <= now + LONGEST:
            problems["until"] = _("Choose a day within the next three months.")
    if problems or end is None:
        raise InvalidInput(fields=problems)
    return Deputy.objects.create(person_id=user_id, deputy_id=int(deputy), until_at=end)


def end_deputy(*, user_id: int, deputy_id: UUID) -> bool:
    """End one's own deputy's time. False when it is not one's own or over."""
    return bool(Deputy.objects.filter(pk=deputy_id, person_id=user_id, revoked_at=None).update(revoked_at=Now()))


def candidates(*, user_id: int) -> list[Any]:
    """Members who may decide, without oneself."""
    members = accounts.list_members(tenant_id=current_tenant().id)
    return [
        member
        for member in members
        if member.user.is_active
        and member.user_id != user_id
        and PERMISSION in accounts.permissions_of_role(member.role)
    ]


def overview(*, user_id: int) -> dict[str, Any]:
    """My deputies and whose deputy I am, now."""
    rows = Deputy.objects.filter(revoked_at=None, until_at__gt=Now())
    named = {
        member.user_id: member.user.name or member.user.email
        for member in accounts.list_members(tenant_id=current_tenant().id)
    }
    return {
        "mine": [{"row": row, "name": named.get(row.deputy_id, "")} for row in rows.filter(person_id=user_id)],
        "for_others": [{"row": row, "name": named.get(row.person_id, "")} for row in rows.filter(deputy_id=user_id)],
        "candidates": candidates(user_id=user_id),
    }
