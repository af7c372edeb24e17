"""The door for other apps."""

from typing import Any

from apps.accounts.errors import NotSignedIn
from apps.accounts.hosts import lead_to
from apps.accounts.permissions import permissions_of_role, require_known
from apps.accounts.preferences import language_choices, zone_choices
from apps.accounts.scope import current_tenant_id
from apps.accounts.selectors import (
    count_members,
    count_owners,
    count_owners_with_second_factor,
    has_open_invitation,
    list_members,
    list_memberships,
    permissions_of,
)
from apps.accounts.services.invitations import invite
from apps.accounts.services.members import add_member, add_owner, find_or_create_person, mark_started
from apps.accounts.services.preferences import change_preferences
from apps.accounts.services.staff_access import open_access_of, start_access
from apps.accounts.services.tickets import issue_ticket
from apps.accounts.views.members import show_members
from apps.core.errors import InvalidInput, NotAllowed

__all__ = [
    "add_member",
    "add_owner",
    "change_preferences",
    "count_members",
    "count_owners",
    "count_owners_with_second_factor",
    "find_or_create_person",
    "has_open_invitation",
    "invite",
    "issue_ticket",
    "language_choices",
    "lead_to",
    "list_members",
    "list_memberships",
    "mark_started",
    "open_access_of",
    "permissions_of",
    "permissions_of_role",
    "read_invitation",
    "require",
    "show_members",
    "start_access",
    "zone_choices",
]


def read_invitation(data: Any) -> tuple[str, str]:
    """Address and role of a submitted invitation. Raises ``InvalidInput`` naming the fields at fault."""
    from apps.accounts.forms import InvitationForm

    form = InvitationForm(data)
    if not form.is_valid():
        raise InvalidInput(fields={name: str(errors[0]) for name, errors in form.errors.items()})
    return form.cleaned_data["email"], form.cleaned_data["role"]


def require(user: Any, permission: str) -> None:
    """Make sure that ``user`` (a person or an id) may do this in the current tenant.

    Raises ``NotSignedIn`` for nobody, ``NotAllowed`` for everybody else without the permission, staff included.
    """
    require_known(permission)
    user_id = user if isinstance(user, int) else getattr(user, "pk", None)
    if user_id is None:
        raise NotSignedIn
    if permission not in permissions_of(user_id, current_tenant_id()):
        raise NotAllowed(detail=f"user {user_id} lacks {permission} in tenant {current_tenant_id()}")
