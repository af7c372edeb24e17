"""A person opens a workspace by themselves."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.accounts.facade import list_memberships
from apps.core.errors import LimitReached
from apps.tenants.conf import OWNED_WORKSPACES
from apps.tenants.contracts import TenantRef
from apps.tenants.services.provisioning import provision_tenant


class TooManyWorkspaces(LimitReached):
    """One person owns as many workspaces as one person may."""

    code = "too_many_workspaces"
    message = _("You own %(owned)s workspaces already. Delete one you do not need, or ask us for more.")


def open_workspace(*, person: Any, name: str, slug: str, time_zone: str = "", language: str = "") -> TenantRef:
    """Provision a workspace owned by ``person`` on the smallest plan, in the time zone and language it is opened from.

    Raises ``TooManyWorkspaces`` and provisioning's errors.
    """
    owned = sum(place.role == "owner" for place in list_memberships(user_id=person.pk))
    if owned >= OWNED_WORKSPACES and not person.is_staff:
        raise TooManyWorkspaces(owned=owned)
    return provision_tenant(
        slug=slug,
        name=name,
        email=person.email,
        owner_id=person.pk,
        time_zone=time_zone or person.time_zone,
        language=language or person.language or "en",
    )
