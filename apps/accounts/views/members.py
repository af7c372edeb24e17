"""Who belongs to the workspace, as what, and what each role may do."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.enums import Role
from apps.accounts.errors import StaffMayNot
from apps.accounts.forms import InvitationForm
from apps.accounts.guards import held_permissions, permission_required
from apps.accounts.hosts import lead_to, platform_url
from apps.accounts.permissions import PERMISSIONS, permissions_of_role
from apps.accounts.selectors import list_members
from apps.accounts.services import members
from apps.accounts.services.invitations import list_open_invitations
from apps.core.errors import PlatformError

ROLE_TEXTS = {
    Role.OWNER: lazy("Everything, the plan and closing the workspace included."),
    Role.ADMIN: lazy("Runs the workspace: people, connections, budgets, settings."),
    Role.EDITOR: lazy("Sends tasks, changes workflows and prompts, decides on answers."),
    Role.APPROVER: lazy("Decides on answers and on actions that wait for approval."),
    Role.ANALYST: lazy("Looks at results, costs and reports."),
    Role.VIEWER: lazy("Looks at tasks, runs and workflows."),
}


@permission_required("members.view")
@require_GET
def member_list(request: HttpRequest) -> HttpResponse:
    """Everybody in the workspace, and open invitations."""
    return show_members(request)


@permission_required("members.manage")
@require_POST
def member_change(request: HttpRequest, membership_id: int) -> HttpResponse:
    """Give a member another role."""
    try:
        members.change_role(membership_id=membership_id, role=request.POST.get("role", ""), actor=request.user)
    except members.LastOwner as error:
        messages.error(request, error.text)
    else:
        messages.success(request, _("The role was changed."))
    return redirect("accounts:member_list")


@permission_required("workspace.view")
@require_POST
def member_remove(request: HttpRequest, membership_id: int) -> HttpResponse:
    """Take a member out, or leave oneself; the service decides who may. Staff acting as somebody may do neither."""
    if request.staff_access is not None:
        raise StaffMayNot
    leaves = membership_id == request.membership.pk
    try:
        members.remove_member(membership_id=membership_id, actor=request.user)
    except members.LastOwner as error:
        messages.error(request, error.text)
        return redirect("tenants:leaving" if leaves else "accounts:member_list")
    if leaves:
        request.membership = None
        return lead_to(request, f"{platform_url(request)}/workspaces/", "EchoPilot")
    messages.success(request, _("The person does not belong to the workspace any more."))
    return redirect("accounts:member_list")


@permission_required("members.view")
@require_GET
def role_list(request: HttpRequest) -> HttpResponse:
    """What each role may do, as one table."""
    rows = [
        (title, code, [(role, code in permissions_of_role(role)) for role in Role])
        for code, title in PERMISSIONS.items()
    ]
    context = {
        "roles": [(role, ROLE_TEXTS[role]) for role in Role],
        "rows": rows,
        "own": request.membership.role,
    }
    return render(request, "accounts/role_list.html", context)


def show_members(request: HttpRequest, *, refused: PlatformError | None = None) -> HttpResponse:
    """The page; with ``refused`` the invitation form holds what was typed and says what is wrong with it."""
    form = InvitationForm(request.POST if refused else None)
    if refused:
        form.add_platform_error(refused)
    context = {
        "members": list_members(tenant_id=request.tenant.id),
        "invitations": list_open_invitations(tenant_id=request.tenant.id),
        "roles": [(role.value, role.label, ROLE_TEXTS[role]) for role in Role],
        "form": form,
        "may_manage": "members.manage" in held_permissions(request),
    }
    return render(request, "accounts/member_list.html", context, status=refused.status if refused else 200)
