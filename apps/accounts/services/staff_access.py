"""Staff enter a workspace: with a reason, as one of its people, for half an hour, with every request on record.

The row is the only proof: each request reads it again, so ending it, switching the person off or taking staff rights away
works at once. A stay cannot be nested (one open stay per member of staff) and staff cannot be acted as, so the record always
names a person and a customer.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from apps.accounts.enums import AccessEnd, Role
from apps.accounts.errors import AccessNotPossible
from apps.accounts.mail import send_mail
from apps.accounts.models import Membership, User
from apps.accounts.models_staff import StaffAccess, StaffAct
from apps.core.context import current_request_id
from apps.core.errors import InvalidInput, NotAllowed, NotFound

MINUTES = 30
REASON_LENGTH = 10
SECRET_PARAMETERS = frozenset({"token", "key", "code", "uidb36"})


def start_access(
    *, staff: User, tenant_id: int, acting_as_id: int, reason: str, link: Callable[[], str], now: datetime | None = None
) -> StaffAccess:
    """Open a stay; an open one of the same member of staff ends. The workspace's owners are told by mail.

    ``link`` is the address of the page that lists stays. Raises ``NotAllowed``, ``InvalidInput`` (a reason of fewer than ten
    letters) or ``AccessNotPossible`` (the person is no active member, or staff).
    """
    if not (staff.is_active and staff.is_staff):
        raise NotAllowed(detail=f"user {staff.pk} is no staff")
    if len(reason.strip()) < REASON_LENGTH:
        raise InvalidInput(fields={"reason": _("Say in a sentence why; the workspace's owners read it.")})
    moment = now or timezone.now()
    place = _place(tenant_id, acting_as_id)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=staff.pk)
        _open(staff.pk).update(ended_at=moment, ended_why=AccessEnd.REPLACED)
        access = StaffAccess.objects.create(
            staff=staff,
            tenant_id=tenant_id,
            acting_as_id=acting_as_id,
            acting_as_email=place.user.email,
            reason=reason.strip()[:300],
            started_at=moment,
            expires_at=moment + timedelta(minutes=MINUTES),
        )
        owners = Membership.objects.filter(tenant_id=tenant_id, role=Role.OWNER, user__is_active=True)
        addresses = list(owners.values_list("user__email", flat=True))
        facts = {"tenant": place.tenant.name, "reason": access.reason, "minutes": MINUTES, "link": link()}
        transaction.on_commit(lambda: _tell(addresses, facts))
    return access


def find_live_access(
    *, access_id: int, staff_id: int, tenant_id: int, now: datetime | None = None
) -> StaffAccess | None:
    """The stay when it still counts for this member of staff in this workspace, with the person acted as; else None."""
    live = StaffAccess.objects.filter(
        pk=access_id, staff_id=staff_id, tenant_id=tenant_id, ended_at=None, expires_at__gt=now or timezone.now()
    )
    people = live.filter(
        staff__is_active=True, staff__is_staff=True, acting_as__is_active=True, acting_as__is_staff=False
    )
    stay: StaffAccess | None = people.select_related("acting_as", "staff").first()
    return stay


def open_access_of(*, staff_id: int, tenant_id: int, now: datetime | None = None) -> StaffAccess | None:
    """The open stay of a member of staff in a workspace, if there is one."""
    return _open(staff_id).filter(tenant_id=tenant_id, expires_at__gt=now or timezone.now()).first()


def end_access(*, access_id: int, why: AccessEnd, now: datetime | None = None) -> None:
    """End a stay at once; ending it twice keeps the first end."""
    StaffAccess.objects.filter(pk=access_id, ended_at=None).update(ended_at=now or timezone.now(), ended_why=why)


def end_access_by_owner(*, access_id: int, tenant_id: int, now: datetime | None = None) -> None:
    """The workspace shows support out. Raises ``NotFound`` for stays elsewhere and unknown ones alike."""
    if not StaffAccess.objects.filter(pk=access_id, tenant_id=tenant_id).exists():
        raise NotFound
    end_access(access_id=access_id, why=AccessEnd.OWNER, now=now)


def end_accesses_of(*, staff_id: int, why: AccessEnd, now: datetime | None = None) -> None:
    """End whatever stay a member of staff has open."""
    _open(staff_id).update(ended_at=now or timezone.now(), ended_why=why)


def record_act(*, access: StaffAccess, method: str, route: str, parameters: dict[str, Any]) -> int:
    """Write a request down before it is answered; returns the row's id for ``finish_act``."""
    target = " ".join(f"{name}={value}" for name, value in parameters.items() if name not in SECRET_PARAMETERS)
    act = StaffAct.objects.create(
        access=access, method=method[:8], route=route[:200], target=target[:200], request_id=current_request_id()[:64]
    )
    return int(act.pk)


def finish_act(*, act_id: int, status: int) -> None:
    """Add the answer's status."""
    StaffAct.objects.filter(pk=act_id).update(status=status)


def _open(staff_id: int) -> QuerySet[StaffAccess]:
    return StaffAccess.objects.filter(staff_id=staff_id, ended_at=None)


def _place(tenant_id: int, user_id: int) -> Membership:
    members = Membership.objects.filter(tenant_id=tenant_id, user_id=user_id, tenant__status="active")
    place = members.filter(user__is_active=True, user__is_staff=False).select_related("user", "tenant").first()
    if place is None:
        raise AccessNotPossible(fields={"acting_as": AccessNotPossible.message})
    return place


def _tell(addresses: list[str], facts: dict[str, object]) -> None:
    for address in addresses:
        send_mail(template="staff_access", to=address, context=facts)
