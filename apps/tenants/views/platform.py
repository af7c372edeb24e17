"""The platform's own host: front door, choice of workspaces, the way into one."""

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from apps.accounts.facade import issue_ticket, list_memberships
from apps.accounts.guards import signed_in_required
from apps.core.errors import NotFound, PlatformError
from apps.core.policy import public
from apps.tenants.enums import TenantStatus
from apps.tenants.forms import WorkspaceForm
from apps.tenants.hosts import primary_domain, shares_session, tenant_url
from apps.tenants.models import Domain
from apps.tenants.services.signup import open_workspace


@public(reason="The front door.")
@require_GET
def home(request: HttpRequest) -> HttpResponse:
    """Visitors see what this is and sign in; people go to their workspaces."""
    if request.user.is_authenticated:
        return redirect("tenants:workspace_list")
    return render(request, "tenants/home.html")


@signed_in_required
@require_http_methods(["GET", "POST"])
@never_cache
def workspace_list(request: HttpRequest) -> HttpResponse:
    """The person's workspaces, and a form for a new one."""
    form = WorkspaceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            tenant = open_workspace(person=request.user, **form.cleaned_data)
        except PlatformError as error:
            _show(form, error)
        else:
            return redirect("tenants:workspace_open", slug=tenant.slug)
    places = [
        (one, one.tenant)
        for one in list_memberships(user_id=request.user.pk)
        if one.tenant.status != TenantStatus.DELETED
    ]
    return render(
        request, "tenants/workspace_list.html", {"places": places, "form": form}, status=400 if form.errors else 200
    )


@signed_in_required
@require_GET
@never_cache
def workspace_open(request: HttpRequest, slug: str) -> HttpResponse:
    """Lead a member to the workspace's host; foreign and unknown ones give the same answer."""
    place = next((one for one in list_memberships(user_id=request.user.pk) if one.tenant.slug == slug), None)
    if place is None:
        raise NotFound
    domain = primary_domain(place.tenant_id)
    path = "/" if shares_session(domain) else reverse("accounts:enter")
    return _hop(request, tenant_url(request, domain, path), place.tenant.name)


@signed_in_required
@require_GET
@never_cache
def workspace_enter(request: HttpRequest) -> HttpResponse:
    """Answer a tenant host's request for a ticket, for members only. Ports and hosts are taken from our own records."""
    host, state = request.GET.get("host", ""), request.GET.get("state", "")
    name, _, port = host.partition(":")
    row = Domain.objects.filter(domain=name, verified_at__isnull=False).select_related("tenant").first()
    member_of = {one.tenant_id for one in list_memberships(user_id=request.user.pk)}
    if row is None or row.tenant_id not in member_of or (port and port != request.get_port()) or not state:
        raise NotFound
    ticket = issue_ticket(person=request.user, host=host, state=state)
    target = tenant_url(request, row.domain, f"{reverse('accounts:enter_done')}?{urlencode({'ticket': ticket})}")
    return _hop(request, target, row.tenant.name)


def _hop(request: HttpRequest, target: str, name: str) -> HttpResponse:
    """A page that leads on by itself: a redirect to another host after a form would be stopped by ``form-action``."""
    response = render(request, "tenants/hop.html", {"target": target, "name": name})
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _show(form: WorkspaceForm, error: PlatformError) -> None:
    known = {name: text for name, text in error.fields.items() if name in form.fields}
    for name, text in known.items():
        form.add_error(name, str(text))
    if not known:
        form.add_error(None, error.text)
