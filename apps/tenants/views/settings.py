"""Settings of a workspace: what it says about itself, launch stage, domains, limits."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import NotAllowed, PlatformError
from apps.tenants.entitlements import ENTITLEMENTS
from apps.tenants.forms import DomainForm, GeneralForm, LaunchStageForm
from apps.tenants.models import Domain, Tenant
from apps.tenants.resolving import resolve_txt
from apps.tenants.services import domains, launch
from apps.tenants.services.limits import entitlement, usage
from apps.tenants.services.workspace import FIELDS, change_workspace
from apps.tenants.views.tabs import tabs


@permission_required("settings.view")
@require_http_methods(["GET", "POST"])
def general(request: HttpRequest) -> HttpResponse:
    """Name, time zone, currency, default language; POST changes them. Faulty input is shown again as it was typed."""
    row = Tenant.objects.get(pk=request.tenant.id)
    form = GeneralForm(initial={field: getattr(row, field) for field in FIELDS})
    may_manage = "settings.manage" in held_permissions(request)
    if request.method == "POST":
        if not may_manage:
            raise NotAllowed
        form = GeneralForm(request.POST)
        if form.is_valid():
            try:
                change_workspace(user=request.user, **form.cleaned_data)
            except PlatformError as error:
                form.add_platform_error(error)
            else:
                messages.success(request, _("Saved."))
                return redirect("tenants:settings")
    limits = [(one, usage(one.key) if one.monthly else None, entitlement(one.key)) for one in ENTITLEMENTS.values()]
    context = {**tabs(request), "form": form, "may_manage": may_manage, "limits": limits, "row": row}
    return render(request, "tenants/settings_general.html", context, status=400 if form.errors else 200)


@permission_required("settings.view")
@require_http_methods(["GET", "POST"])
def launch_stage(request: HttpRequest) -> HttpResponse:
    """What the stage means, what is measured for going live; POST changes it and says what is missing."""
    form = LaunchStageForm(initial={"stage": request.tenant.launch_stage})
    may_manage = "launch.manage" in held_permissions(request)
    if request.method == "POST":
        if not may_manage:
            raise NotAllowed
        form = LaunchStageForm(request.POST)
        if form.is_valid():
            try:
                launch.change_launch_stage(user=request.user, **form.cleaned_data)
            except PlatformError as error:
                form.add_platform_error(error)
            else:
                messages.success(request, _("The launch stage was changed."))
                return redirect("tenants:launch_stage")
    context = {
        **tabs(request),
        "form": form,
        "may_manage": may_manage,
        "conditions": launch.measure_readiness(),
        "platform_stage": launch.platform_launch_stage(),
    }
    return render(request, "tenants/settings_launch.html", context, status=400 if form.errors else 200)


@permission_required("settings.view")
@require_http_methods(["GET", "POST"])
def domain_list(request: HttpRequest) -> HttpResponse:
    """Host names of the workspace; POST claims an own one."""
    form = DomainForm()
    may_manage = "domains.manage" in held_permissions(request)
    if request.method == "POST":
        if not may_manage:
            raise NotAllowed
        form = DomainForm(request.POST)
        if form.is_valid():
            try:
                domains.add_domain(
                    tenant_id=request.tenant.id, domain=form.cleaned_data["domain"], actor_id=request.user.pk
                )
            except PlatformError as error:
                form.add_platform_error(error)
            else:
                messages.success(request, _("Add the TXT record shown below, then check it."))
                return redirect("tenants:domain_list")
    rows = Domain.objects.filter(tenant_id=request.tenant.id).order_by("id")
    context = {
        **tabs(request),
        "form": form,
        "may_manage": may_manage,
        "domains": [(row, domains.txt_record(row)) for row in rows],
    }
    return render(request, "tenants/settings_domains.html", context, status=400 if form.errors else 200)


@permission_required("domains.manage")
@require_POST
def domain_verify(request: HttpRequest) -> HttpResponse:
    """Look for the TXT record; not finding it is said on the page, with what to add."""
    try:
        domains.verify_domain(
            tenant_id=request.tenant.id,
            domain=request.POST.get("domain", ""),
            resolve=resolve_txt,
            actor_id=request.user.pk,
        )
    except domains.DomainNotProven as error:
        messages.error(request, error.text)
    else:
        messages.success(request, _("The domain leads here now."))
    return redirect("tenants:domain_list")


@permission_required("domains.manage")
@require_POST
def domain_remove(request: HttpRequest) -> HttpResponse:
    """Take an own domain away."""
    domains.remove_domain(tenant_id=request.tenant.id, domain=request.POST.get("domain", ""), actor_id=request.user.pk)
    messages.success(request, _("The domain was removed."))
    return redirect("tenants:domain_list")


@permission_required("workspace.view")
@require_GET
def settings_index(request: HttpRequest) -> HttpResponse:
    """On phones: everything that can be set, as one list."""
    return render(request, "tenants/settings_index.html")
