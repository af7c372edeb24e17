"""Who belongs to a tenant, and as what."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.utils import timezone

from apps.accounts import signals
from apps.accounts.enums import Role
from apps.accounts.errors import InvalidRole, LastOwner, UnknownMember
from apps.accounts.models import ApiSession, Membership, User
from apps.accounts.permissions import permissions_of_role
from apps.accounts.scope import current_tenant_id
from apps.accounts.selectors import permissions_of
from apps.core.errors import InvalidInput, NotAllowed


def add_owner(*, user_id: int, tenant_id: int) -> None:
    """Make a person an owner of a tenant; a person who is there already becomes one."""
    add_member(user_id=user_id, tenant_id=tenant_id, role=Role.OWNER)


def add_member(*, user_id: int, tenant_id: int, role: str, actor_id: int | None = None) -> None:
    """Give a person a role in a tenant, in place of any it has there. Callers check permissions and capacity."""
    with transaction.atomic():
        Membership.objects.update_or_create(user_id=user_id, tenant_id=tenant_id, defaults={"role": require_role(role)})
        _announce(tenant_id, user_id, role, actor_id)


def find_or_create_person(*, email: str, name: str = "") -> User:
    """The person by address in any case; created without password when unknown, to sign in with codes."""
    address = email.strip()
    try:
        validate_email(address)
    except ValidationError as error:
        raise InvalidInput(fields={"email": "Enter an e-mail address."}) from error
    person = User.objects.filter(email__iexact=address).first()
    return person or User.objects.create_user(address, name=name)


def change_role(*, membership_id: int, role: str, actor: User) -> None:
    """Give a member of the current tenant another role.

    Needs ``members.manage``, and ``owners.manage`` when an owner is involved. Raises ``UnknownMember`` for foreign and unknown
    ids alike, ``LastOwner`` when nobody would own the tenant any more.
    """
    require_role(role)
    with transaction.atomic():
        membership = _locked(membership_id)
        _require_power(actor, {membership.role, role})
        if membership.role == Role.OWNER and role != Role.OWNER:
            _require_other_owner(membership)
        Membership.objects.filter(pk=membership.pk).update(role=role)
        _announce(membership.tenant_id, membership.user_id, role, actor.pk)


def remove_member(*, membership_id: int, actor: User) -> None:
    """Take a person out of the current tenant at once: pages, API and API sessions. People may leave by themselves.

    Raises as ``change_role``.
    """
    with transaction.atomic():
        membership = _locked(membership_id)
        if membership.user_id != actor.pk:
            _require_power(actor, {membership.role})
        if membership.role == Role.OWNER:
            _require_other_owner(membership)
        ApiSession.objects.filter(user_id=membership.user_id, tenant_id=membership.tenant_id).delete()
        membership.delete()
        _announce(membership.tenant_id, membership.user_id, "", actor.pk)


def require_role(role: str) -> str:
    """The role itself. Raises ``InvalidRole``."""
    if role not in Role.values:
        raise InvalidRole(fields={"role": InvalidRole.message})
    return role


def require_may_grant(actor: User, role: str) -> None:
    """Make sure that ``actor`` may give out ``role`` in the current tenant; nobody gives more than they have."""
    _require_power(actor, {require_role(role)})


def _require_power(actor: User, roles: set[str]) -> None:
    held = permissions_of(actor.pk, current_tenant_id())
    needed = {"members.manage"} | ({"owners.manage"} if Role.OWNER in roles else set())
    if not needed <= held or any(not permissions_of_role(role) <= held for role in roles):
        raise NotAllowed(detail=f"user {actor.pk} may not change roles {sorted(roles)}")


def _locked(membership_id: int) -> Membership:
    """The membership, with its tenant locked: changes of people in one tenant happen one after another."""
    tenant_id = current_tenant_id()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM public.tenants_tenant WHERE id = %s FOR UPDATE", [tenant_id])
    membership = Membership.objects.filter(pk=membership_id, tenant_id=tenant_id).first()
    if membership is None:
        raise UnknownMember
    return membership


def _require_other_owner(membership: Membership) -> None:
    others = Membership.objects.filter(tenant_id=membership.tenant_id, role=Role.OWNER).exclude(pk=membership.pk)
    if not others.filter(user__is_active=True).exists():
        raise LastOwner


def _announce(tenant_id: int, user_id: int, role: str, actor_id: int | None) -> None:
    signals.membership_changed.announce(
        signals.MembershipChanged(tenant_id=tenant_id, user_id=user_id, role=role, actor_id=actor_id)
    )


def mark_started(*, membership_id: int, put_away: bool = True) -> None:
    """Put a member's getting-started list away (or bring it back); a second call changes nothing."""
    moment = timezone.now() if put_away else None
    Membership.objects.filter(pk=membership_id, started_at__isnull=put_away).update(started_at=moment)
