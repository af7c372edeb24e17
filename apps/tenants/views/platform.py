"""The platform's own host: front door, choice of workspaces, a new one, the way into one."""

from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.facade import change_preferences, issue_ticket, lead_to, list_memberships, open_access_of
from apps.accounts.guards import signed_in_required
from apps.core.errors import NotFound, PlatformError
from apps.tenants.enums import TenantStatus
from apps.tenants.forms import WorkspaceForm
from apps.tenants.hosts import primary_domain, shares_session, tenant_url
from apps.tenants.models import Domain
from apps.tenants.services.lifecycle import cancel_deletion
from apps.tenants.services.signup import open_workspace
from apps.tenants.services.workspace import judge_address, propose_address


@signed_in_required
@require_GET
@never_cache
def workspace_list(request: HttpRequest) -> HttpResponse:
    """The person's workspaces; somebody without any is led to naming the first."""
    places = [
        (one, one.tenant)
        for one in list_memberships(user_id=request.user.pk)
        if one.tenant.status != TenantStatus.DELETED
    ]
    if not places:
        return redirect("tenants:workspace_create")
    return render(request, "tenants/workspace_list.html", {"places": places})


@signed_in_required
@require_http_methods(["GET", "POST"])
@never_cache
def workspace_create(request: HttpRequest) -> HttpResponse:
    """Name a workspace; it is ready a second later and the person stands in it."""
    if request.method == "GET":
        first = not list_memberships(user_id=request.user.pk)
        form = WorkspaceForm(initial=_proposal(request) if first else None)
        return render(request, "tenants/workspace_create.html", {"form": form, "first": first})
    form = WorkspaceForm(request.POST)
    if form.is_valid():
        try:
            tenant = open_workspace(
                person=request.user, language=getattr(request, "LANGUAGE_CODE", "en"), **form.cleaned_data
            )
        except PlatformError as error:
            form.add_platform_error(error)
        else:
            _take_over_time_zone(request, form.cleaned_data["time_zone"])
            return _hop(request, tenant.id, tenant.name)
    return render(request, "tenants/workspace_create.html", {"form": form, "first": False}, status=400)


@signed_in_required
@require_GET
@never_cache
def workspace_address(request: HttpRequest) -> HttpResponse:
    """For the form while it is filled in: an address made from ``name``, or the verdict on a typed ``address``."""
    name, address = request.GET.get("name", "")[:120], request.GET.get("address", "")[:60]
    wanted = address or propose_address(name)
    is_free, text = judge_address(wanted)
    return JsonResponse({"address": wanted, "free": is_free, "text": text})


@signed_in_required
@require_POST
def workspace_keep(request: HttpRequest, slug: str) -> HttpResponse:
    """Keep a workspace that was about to be deleted; for its owners, here because its own host is not served any more."""
    place = _place(request, slug)
    if place.role != "owner":
        raise NotFound
    cancel_deletion(tenant_id=place.tenant_id, actor_id=request.user.pk)
    messages.success(request, _("%(name)s stays, with everything it had.") % {"name": place.tenant.name})
    return redirect("tenants:workspace_list")


@signed_in_required
@require_GET
@never_cache
def workspace_open(request: HttpRequest, slug: str) -> HttpResponse:
    """Lead a member to the workspace's host; foreign and unknown ones give the same answer."""
    place = _place(request, slug)
    return _hop(request, place.tenant_id, place.tenant.name)


@signed_in_required
@require_GET
@never_cache
def workspace_enter(request: HttpRequest) -> HttpResponse:
    """Answer a tenant host's request for a ticket, for its members and for staff whose stay there is open.

    Ports and hosts are taken from our own records.
    """
    host, state = request.GET.get("host", ""), request.GET.get("state", "")
    name, _sign, port = host.partition(":")
    row = Domain.objects.filter(domain=name, verified_at__isnull=False).select_related("tenant").first()
    if row is None or (port and port != request.get_port()) or not state:
        raise NotFound
    stay = open_access_of(staff_id=request.user.pk, tenant_id=row.tenant_id) if request.user.is_staff else None
    if stay is None and row.tenant_id not in {one.tenant_id for one in list_memberships(user_id=request.user.pk)}:
        raise NotFound
    ticket = issue_ticket(
        person=request.user, host=host, state=state, staff_access_id=stay.pk if stay is not None else None
    )
    path = f"{reverse('accounts:enter_done')}?{urlencode({'ticket': ticket})}"
    return lead_to(request, tenant_url(request, row.domain, path), row.tenant.name)


def _place(request: HttpRequest, slug: str) -> object:
    place = next((one for one in list_memberships(user_id=request.user.pk) if one.tenant.slug == slug), None)
    if place is None:
        raise NotFound
    return place


def _hop(request: HttpRequest, tenant_id: int, name: str) -> HttpResponse:
    domain = primary_domain(tenant_id)
    path = "/" if shares_session(domain) else reverse("accounts:enter")
    return lead_to(request, tenant_url(request, domain, path), name)


def _proposal(request: HttpRequest) -> dict[str, str]:
    """A first name and address, so that one press is enough."""
    person = request.user.name.split(" ")[0] or request.user.email.partition("@")[0]
    name = _("%(person)s's workspace") % {"person": person}
    return {"name": name, "slug": propose_address(person)}


def _take_over_time_zone(request: HttpRequest, zone: str) -> None:
    """The browser's time zone becomes the person's, unless the person chose one."""
    if zone and request.user.time_zone == "UTC":
        change_preferences(person=request.user, wishes={"time_zone": zone})
