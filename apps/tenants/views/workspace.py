"""A tenant's host: getting started, invitations."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.errors import StaffMayNot
from apps.accounts.facade import count_members, invite, mark_started, read_invitation, show_members
from apps.accounts.guards import permission_required
from apps.core.errors import PlatformError
from apps.tenants.hosts import platform_link
from apps.tenants.onboarding import measured
from apps.tenants.services.limits import require_capacity
from apps.tenants.views.tabs import tabs


@permission_required("workspace.view")
@require_GET
def getting_started(request: HttpRequest) -> HttpResponse:
    """Every step with its state, also after the card on Home was put away."""
    context = {**tabs(request), **measured(request), "is_put_away": request.membership.started_at is not None}
    return render(request, "tenants/getting_started.html", context)


@permission_required("workspace.view")
@require_POST
def getting_started_close(request: HttpRequest) -> HttpResponse:
    """Put the card on Home away; undone by ``getting_started_reopen``. Staff acting as somebody leave it where it is."""
    if request.staff_access is not None:
        raise StaffMayNot
    mark_started(membership_id=request.membership.pk)
    undo = f"undo:{reverse('tenants:getting_started_reopen')}"
    messages.success(request, _("The list is put away. You find it in the settings."), extra_tags=undo)
    return redirect("portal:home")


@permission_required("workspace.view")
@require_POST
def getting_started_reopen(request: HttpRequest) -> HttpResponse:
    """Bring the card on Home back."""
    if request.staff_access is not None:
        raise StaffMayNot
    mark_started(membership_id=request.membership.pk, put_away=False)
    return redirect("portal:home")


@permission_required("members.manage")
@require_POST
def invitation_create(request: HttpRequest) -> HttpResponse:
    """Invite somebody, if the plan has room; faulty input is shown again as it was typed."""
    try:
        email, role = read_invitation(request.POST)
        require_capacity("members", used=count_members(tenant_id=request.tenant.id))
        invite(
            email=email,
            role=role,
            actor=request.user,
            tenant_name=request.tenant.name,
            link=lambda token: platform_link(f"/invitations/{token}/"),
        )
    except PlatformError as error:
        return show_members(request, refused=error)
    messages.success(request, _("The invitation to %(email)s is on its way.") % {"email": email})
    return redirect("accounts:member_list")
