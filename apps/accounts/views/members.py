"""Who belongs to the workspace, and as what."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.enums import Role
from apps.accounts.forms import InvitationForm
from apps.accounts.guards import held_permissions, permission_required
from apps.accounts.hosts import platform_url
from apps.accounts.selectors import list_members
from apps.accounts.services import members
from apps.accounts.services.invitations import list_open_invitations


@permission_required("members.view")
@require_GET
def member_list(request: HttpRequest) -> HttpResponse:
    """Everybody in the workspace, and open invitations."""
    context = {
        "members": list_members(tenant_id=request.tenant.id),
        "invitations": list_open_invitations(tenant_id=request.tenant.id),
        "roles": Role.choices,
        "form": InvitationForm(),
        "may_manage": "members.manage" in held_permissions(request),
    }
    return render(request, "accounts/member_list.html", context)


@permission_required("members.manage")
@require_POST
def member_change(request: HttpRequest, membership_id: int) -> HttpResponse:
    """Give a member another role."""
    members.change_role(membership_id=membership_id, role=request.POST.get("role", ""), actor=request.user)
    messages.success(request, _("The role was changed."))
    return redirect("accounts:member_list")


@permission_required("workspace.view")
@require_POST
def member_remove(request: HttpRequest, membership_id: int) -> HttpResponse:
    """Take a member out, or leave oneself; the service decides who may."""
    members.remove_member(membership_id=membership_id, actor=request.user)
    if membership_id == request.membership.pk:
        return redirect(platform_url(request))
    messages.success(request, _("The person does not belong to the workspace any more."))
    return redirect("accounts:member_list")
