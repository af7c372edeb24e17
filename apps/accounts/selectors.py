"""Reads."""

from allauth.mfa.models import Authenticator
from django.db.models import Count
from django.utils import timezone

from apps.accounts.enums import Role
from apps.accounts.models import Invitation, Membership
from apps.accounts.models_staff import StaffAccess
from apps.accounts.permissions import permissions_of_role
from apps.accounts.scope import withheld_from


def get_membership(*, user_id: int, tenant_id: int) -> Membership | None:
    """The living membership of an active person in a tenant, or None."""
    return Membership.objects.filter(user_id=user_id, tenant_id=tenant_id, user__is_active=True).first()


def permissions_of(user_id: int, tenant_id: int) -> frozenset[str]:
    """What a person may do in a tenant; empty for strangers and people who were switched off."""
    membership = get_membership(user_id=user_id, tenant_id=tenant_id)
    return permissions_of_role(membership.role) - withheld_from(user_id) if membership else frozenset()


def list_memberships(*, user_id: int) -> list[Membership]:
    """The person's places with their tenants, by name."""
    return list(Membership.objects.filter(user_id=user_id).select_related("tenant").order_by("tenant__name", "id"))


def list_members(*, tenant_id: int) -> list[Membership]:
    """Everybody in a tenant, with the person, oldest first."""
    return list(Membership.objects.filter(tenant_id=tenant_id).select_related("user").order_by("id"))


def count_members(*, tenant_id: int) -> int:
    """How many people belong to a tenant."""
    return Membership.objects.filter(tenant_id=tenant_id).count()


def count_owners(*, tenant_id: int) -> int:
    """How many active people own a tenant."""
    return Membership.objects.filter(tenant_id=tenant_id, role=Role.OWNER, user__is_active=True).count()


def count_owners_with_second_factor(*, tenant_id: int) -> int:
    """How many of them have an authenticator app or a passkey."""
    owners = Membership.objects.filter(tenant_id=tenant_id, role=Role.OWNER, user__is_active=True)
    factors = Authenticator.objects.filter(type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN])
    return owners.filter(user_id__in=factors.values("user_id")).count()


def list_staff_accesses(*, tenant_id: int, limit: int = 50) -> list[StaffAccess]:
    """Stays of staff in a tenant, the latest first, each with its number of recorded requests as ``act_count``."""
    stays = StaffAccess.objects.filter(tenant_id=tenant_id).select_related("staff")
    return list(stays.annotate(act_count=Count("acts")).order_by("-id")[:limit])


def has_open_invitation(*, tenant_id: int) -> bool:
    """Whether somebody was invited and may still accept."""
    waiting = Invitation.objects.filter(tenant_id=tenant_id, accepted_at=None, revoked_at=None)
    return waiting.filter(expires_at__gt=timezone.now()).exists()
