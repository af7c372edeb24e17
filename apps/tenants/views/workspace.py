"""A tenant's host: settings of the workspace, launch stage, domains, export, deletion, invitations."""

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.facade import count_members, invite, read_invitation
from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import InvalidInput
from apps.dispatch.contracts import NewWork
from apps.dispatch.enums import Queue
from apps.dispatch.facade import enqueue
from apps.tenants.entitlements import ENTITLEMENTS
from apps.tenants.forms import DeletionForm, DomainForm, LaunchStageForm
from apps.tenants.hosts import platform_link
from apps.tenants.models import Domain, TenantExport
from apps.tenants.resolving import resolve_txt
from apps.tenants.services import domains, exporting, launch, lifecycle
from apps.tenants.services.limits import entitlement, require_capacity, usage


@permission_required("settings.view")
@require_GET
def settings_page(request: HttpRequest) -> HttpResponse:
    """What the workspace is, may use, and is ready for."""
    tenant = request.tenant
    context = {
        "permissions": held_permissions(request),
        "limits": [
            (one, usage(one.key) if one.monthly else None, entitlement(one.key)) for one in ENTITLEMENTS.values()
        ],
        "platform_stage": launch.platform_launch_stage(),
        "conditions": launch.measure_readiness(),
        "domains": [
            (row, domains.txt_record(row)) for row in Domain.objects.filter(tenant_id=tenant.id).order_by("id")
        ],
        "exports": TenantExport.objects.filter(tenant_id=tenant.id).order_by("-id")[:5],
        "stage_form": LaunchStageForm(initial={"stage": tenant.launch_stage}),
        "domain_form": DomainForm(),
        "deletion_form": DeletionForm(),
    }
    return render(request, "tenants/settings.html", context)


@permission_required("launch.manage")
@require_POST
def launch_stage_change(request: HttpRequest) -> HttpResponse:
    """Change the launch stage; going live measures every condition first."""
    launch.change_launch_stage(
        stage=request.POST.get("stage", ""), user=request.user, reason=request.POST.get("reason", "")
    )
    messages.success(request, _("The launch stage was changed."))
    return redirect("tenants:settings")


@permission_required("domains.manage")
@require_POST
def domain_create(request: HttpRequest) -> HttpResponse:
    """Claim an own domain."""
    domains.add_domain(tenant_id=request.tenant.id, domain=request.POST.get("domain", ""), actor_id=request.user.pk)
    messages.success(request, _("Add the TXT record shown below, then check it."))
    return redirect("tenants:settings")


@permission_required("domains.manage")
@require_POST
def domain_verify(request: HttpRequest) -> HttpResponse:
    """Look for the TXT record."""
    domains.verify_domain(
        tenant_id=request.tenant.id,
        domain=request.POST.get("domain", ""),
        resolve=resolve_txt,
        actor_id=request.user.pk,
    )
    messages.success(request, _("The domain leads here now."))
    return redirect("tenants:settings")


@permission_required("domains.manage")
@require_POST
def domain_remove(request: HttpRequest) -> HttpResponse:
    """Take an own domain away."""
    domains.remove_domain(tenant_id=request.tenant.id, domain=request.POST.get("domain", ""), actor_id=request.user.pk)
    messages.success(request, _("The domain was removed."))
    return redirect("tenants:settings")


@permission_required("workspace.delete")
@require_POST
def export_create(request: HttpRequest) -> HttpResponse:
    """Have an export written in the background; one at a time."""
    work = NewWork(
        kind="tenants.export", ref=str(request.user.pk), queue=Queue.BULK, dedupe_key="export", timeout_s=1800
    )
    enqueue(tenant_id=request.tenant.id, work=work)
    messages.success(request, _("The export is being written. Reload this page in a minute."))
    return redirect("tenants:settings")


@permission_required("workspace.delete")
@require_GET
def export_download(request: HttpRequest, export_id: int) -> HttpResponse:
    """Send a finished export."""
    path = exporting.open_export(export_id=export_id)
    return FileResponse(path.open("rb"), as_attachment=True, filename=path.name, content_type="application/zip")


@permission_required("workspace.delete")
@require_POST
def deletion_schedule(request: HttpRequest) -> HttpResponse:
    """Delete the workspace after the grace time; the address must be typed."""
    if request.POST.get("confirm", "") != request.tenant.slug:
        raise InvalidInput(fields={"confirm": _("Type the workspace's address exactly.")})
    lifecycle.schedule_deletion(
        tenant_id=request.tenant.id, reason=request.POST.get("reason", ""), actor_id=request.user.pk
    )
    return redirect(platform_link("/workspaces/"))


@permission_required("members.manage")
@require_POST
def invitation_create(request: HttpRequest) -> HttpResponse:
    """Invite somebody, if the plan has room."""
    email, role = read_invitation(request.POST)
    require_capacity("members", used=count_members(tenant_id=request.tenant.id))
    invite(
        email=email,
        role=role,
        actor=request.user,
        tenant_name=request.tenant.name,
        link=lambda token: platform_link(f"/invitations/{token}/"),
    )
    messages.success(request, _("The invitation was sent."))
    return redirect("accounts:member_list")
