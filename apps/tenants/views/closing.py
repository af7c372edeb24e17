"""Leaving a workspace: take the data along, leave, close it; and copying it."""

from django.conf import settings
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.facade import count_owners, lead_to
from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import NotFound, PlatformError
from apps.dispatch.contracts import NewWork
from apps.dispatch.enums import Queue
from apps.dispatch.facade import enqueue
from apps.tenants.conf import GRACE_DAYS
from apps.tenants.enums import ExportState
from apps.tenants.forms import CloseForm, CopyForm
from apps.tenants.hosts import platform_link, primary_domain, tenant_url
from apps.tenants.models import TenantExport
from apps.tenants.services import exporting, lifecycle
from apps.tenants.services.cloning import clone_tenant
from apps.tenants.services.flags import flag_is_on
from apps.tenants.services.workspace import propose_address
from apps.tenants.views.tabs import tabs

COPY_FLAG = "copy_workspace"


@permission_required("workspace.view")
@require_GET
def leaving(request: HttpRequest) -> HttpResponse:
    """Export first, then leave or close; each person sees what they may do."""
    return _page(request, CloseForm(slug=request.tenant.slug))


@permission_required("workspace.delete")
@require_POST
def export_create(request: HttpRequest) -> HttpResponse:
    """Have an export written in the background; one at a time."""
    work = NewWork(
        kind="tenants.export", ref=str(request.user.pk), queue=Queue.BULK, dedupe_key="export", timeout_s=1800
    )
    enqueue(tenant_id=request.tenant.id, work=work)
    messages.success(request, _("The export is being written; it is listed here in a moment."))
    return redirect("tenants:leaving")


@permission_required("workspace.delete")
@require_GET
def export_download(request: HttpRequest, export_id: int) -> HttpResponse:
    """Send a finished export."""
    path = exporting.open_export(export_id=export_id)
    return FileResponse(path.open("rb"), as_attachment=True, filename=path.name, content_type="application/zip")


@permission_required("workspace.delete")
@require_POST
def deletion_schedule(request: HttpRequest) -> HttpResponse:
    """Close the workspace; its data is deleted after the grace time, until then its owners can keep it."""
    form = CloseForm(request.POST, slug=request.tenant.slug)
    if form.is_valid():
        try:
            lifecycle.schedule_deletion(
                tenant_id=request.tenant.id, reason=form.cleaned_data["reason"], actor_id=request.user.pk
            )
        except PlatformError as error:
            form.add_platform_error(error)
        else:
            return lead_to(request, platform_link("/workspaces/"), "EchoPilot")
    return _page(request, form, status=400)


@permission_required("workspace.delete")
@require_http_methods(["GET", "POST"])
def workspace_copy(request: HttpRequest) -> HttpResponse:
    """A second workspace with everything this one holds, where the flag is on."""
    if not flag_is_on(COPY_FLAG):
        raise NotFound
    form = CopyForm(request.POST or None, initial={"name": _("Copy of %(name)s") % {"name": request.tenant.name}})
    if form.is_valid():
        name = form.cleaned_data["name"]
        try:
            copy = clone_tenant(
                tenant_id=request.tenant.id,
                slug=propose_address(name),
                name=name,
                owner_id=request.user.pk,
                actor_id=request.user.pk,
            )
        except PlatformError as error:
            form.add_platform_error(error)
        else:
            return lead_to(request, tenant_url(request, primary_domain(copy.id), "/accounts/enter/"), copy.name)
    return render(request, "tenants/workspace_copy.html", {"form": form}, status=400 if form.errors else 200)


def _page(request: HttpRequest, form: CloseForm, *, status: int = 200) -> HttpResponse:
    tenant_id = request.tenant.id
    may_close = "workspace.delete" in held_permissions(request)
    exports = list(TenantExport.objects.filter(tenant_id=tenant_id).order_by("-id")[:5]) if may_close else []
    is_only_owner = request.membership.role == "owner" and count_owners(tenant_id=tenant_id) < 2
    context = {
        **tabs(request),
        "form": form,
        "may_close": may_close,
        "may_copy": may_close and flag_is_on(COPY_FLAG),
        "is_only_owner": is_only_owner,
        "exports": exports,
        "has_export": any(one.state == ExportState.READY for one in exports),
        "is_writing": any(one.state == ExportState.RUNNING for one in exports),
        "grace_days": GRACE_DAYS,
        "address": f"{request.tenant.slug}.{settings.BASE_DOMAIN}",
    }
    return render(request, "tenants/leaving.html", context, status=status)
