"""Stays of staff in the workspace: its people see and end them, staff leave by the banner's button."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.enums import AccessEnd
from apps.accounts.errors import StaffMayNot
from apps.accounts.guards import permission_required
from apps.accounts.hosts import platform_url
from apps.accounts.models import StaffAct
from apps.accounts.selectors import list_staff_accesses
from apps.accounts.services.staff_access import end_access, end_access_by_owner
from apps.accounts.staff_middleware import SESSION_KEY
from apps.core.errors import NotFound
from apps.core.policy import public

SHOWN_ACTS = 200


@public(reason="Ends the stay this very session carries; everybody else is told that there is nothing here.")
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """Leave the workspace; where hosts have sessions of their own, this host's session ends with it."""
    access = request.staff_access
    if access is None:
        raise NotFound
    end_access(access_id=access.pk, why=AccessEnd.LEFT)
    name, back = request.tenant.name, f"{platform_url(request)}/admin/tenants/tenant/{request.tenant.id}/overview/"
    request.session.pop(SESSION_KEY, None)
    if settings.SESSION_COOKIE_DOMAIN is None:
        logout(request)
    request.membership = request.staff_access = None
    return render(request, "accounts/staff_access_left.html", {"name": name, "back": back})


@permission_required("audit.view")
@require_GET
def staff_access_list(request: HttpRequest) -> HttpResponse:
    """Who of the platform's staff was here, as whom, why, how long, and what they did."""
    accesses = list_staff_accesses(tenant_id=request.tenant.id)
    chosen = next((one for one in accesses if str(one.pk) == request.GET.get("access")), None)
    acts = list(StaffAct.objects.filter(access=chosen).order_by("-id")[:SHOWN_ACTS]) if chosen else []
    now = timezone.now()
    context = {
        "accesses": [(one, one.ended_at is None and one.expires_at > now) for one in accesses],
        "chosen": chosen,
        "acts": acts,
        "may_audit": True,
    }
    return render(request, "accounts/staff_access_list.html", context)


@permission_required("audit.view")
@require_POST
def staff_access_end(request: HttpRequest, access_id: int) -> HttpResponse:
    """Show support out at once."""
    if request.staff_access is not None:
        raise StaffMayNot
    end_access_by_owner(access_id=access_id, tenant_id=request.tenant.id)
    messages.success(request, _("Support's access was ended."))
    return redirect("accounts:staff_access_list")
