"""Getting started: the step about people, and the card on Home."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.accounts.facade import count_members, has_open_invitation, mark_started
from apps.accounts.guards import held_permissions
from apps.core.onboarding import OnboardingStep, list_steps
from apps.tenants.context import current_tenant


def _has_company(_user_id: int) -> bool:
    tenant_id = current_tenant().id
    return count_members(tenant_id=tenant_id) > 1 or has_open_invitation(tenant_id=tenant_id)


STEPS = (
    OnboardingStep(
        name="invite",
        order=40,
        title=_("Invite somebody"),
        text=_("Four eyes see more: let a colleague review answers, or only look."),
        action=_("Invite"),
        advice=_("Invite a colleague: an approver decides on answers, a viewer only looks."),
        url_name="accounts:member_list",
        icon="users",
        permission="members.manage",
        is_done=_has_company,
    ),
)


def checklist(request: HttpRequest) -> dict[str, Any] | None:
    """What the card and the page of getting started show; None once it was finished or put away.

    When the last step is done the list says so this one time and then stays away.
    """
    membership = request.membership  # type: ignore[attr-defined]
    if membership.started_at is not None:
        return None
    context = measured(request)
    if context["done"] == context["total"] and request.staff_access is None:  # type: ignore[attr-defined]
        mark_started(membership_id=membership.pk)
    return context


def measured(request: HttpRequest) -> dict[str, Any]:
    """Every step of this person with its state, measured now."""
    states = list_steps(held_permissions(request), user_id=request.user.pk or 0)
    return {"states": states, "done": sum(state.is_done for state in states), "total": len(states)}
