"""Pages about people: invitations, members, API sessions, and the way from one host to another."""

import secrets
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.enums import Role
from apps.accounts.errors import InvalidToken
from apps.accounts.forms import InvitationForm
from apps.accounts.guards import held_permissions, permission_required, signed_in_required
from apps.accounts.models import ApiSession
from apps.accounts.selectors import list_members
from apps.accounts.services import members
from apps.accounts.services.invitations import (
    accept_invitation,
    find_invitation,
    list_open_invitations,
    revoke_invitation,
)
from apps.accounts.services.tickets import redeem_ticket
from apps.accounts.services.tokens import revoke_own_session
from apps.core.errors import NotFound
from apps.core.policy import public

STATE_COOKIE = "enter_state"
STATE_SECONDS = 300
BACKEND = "django.contrib.auth.backends.ModelBackend"


@public(reason="Starts carrying a sign-in to this host; nothing is given away.")
@require_GET
@never_cache
def enter(request: HttpRequest) -> HttpResponse:
    """Send the visitor to the platform's host for a ticket; a cookie of this host ties the answer to this browser."""
    if request.tenant is None:
        return redirect("tenants:workspace_list")
    state = secrets.token_urlsafe(24)
    query = urlencode({"host": request.get_host(), "state": state})
    path = reverse("tenants:workspace_enter", urlconf=settings.PUBLIC_SCHEMA_URLCONF)
    response = redirect(f"{platform_url(request)}{path}?{query}")
    response.set_cookie(
        STATE_COOKIE,
        signing.dumps(state, salt=STATE_COOKIE),
        max_age=STATE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
        path=reverse("accounts:enter"),
    )
    return response


@public(reason="The ticket, bound to this host and this browser, is the proof.")
@require_GET
@never_cache
def enter_done(request: HttpRequest) -> HttpResponse:
    """Sign in with a ticket. Raises ``InvalidToken`` when it is not for this host and browser, or was used."""
    try:
        state = signing.loads(request.COOKIES.get(STATE_COOKIE, ""), salt=STATE_COOKIE, max_age=STATE_SECONDS)
    except signing.BadSignature as error:
        raise InvalidToken from error
    person = redeem_ticket(token=request.GET.get("ticket", ""), host=request.get_host(), state=state)
    login(request, person, backend=BACKEND)
    response = redirect("/")
    response.delete_cookie(STATE_COOKIE, path=reverse("accounts:enter"))
    return response


@public(reason="The token in the address is the proof; joining needs a sign-in with the invited address.")
@require_http_methods(["GET", "POST"])
@never_cache
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Show an invitation; POST joins. Unknown, used, revoked and expired ones give the same answer."""
    if request.tenant is not None:
        raise NotFound
    invitation = find_invitation(token=token)
    if request.method == "POST" and request.user.is_authenticated:
        accept_invitation(token=token, person=request.user)
        return redirect("tenants:workspace_open", slug=invitation.tenant.slug)
    context = {"invitation": invitation, "next": request.path}
    return render(request, "accounts/invitation.html", context)


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


@permission_required("members.manage")
@require_POST
def invitation_revoke(request: HttpRequest, invitation_id: int) -> HttpResponse:
    """Make an invitation useless."""
    revoke_invitation(invitation_id=invitation_id, actor=request.user)
    messages.success(request, _("The invitation was taken back."))
    return redirect("accounts:member_list")


@signed_in_required
@require_GET
def api_session_list(request: HttpRequest) -> HttpResponse:
    """One's own API sessions, in this workspace only; on the platform's host in all of them."""
    rows = (
        ApiSession.objects.filter(user_id=request.user.pk, revoked_at=None)
        .select_related("tenant")
        .order_by("-refreshed_at")
    )
    if request.tenant is not None:
        rows = rows.filter(tenant_id=request.tenant.id)
    return render(request, "accounts/api_session_list.html", {"sessions": list(rows[:100])})


@signed_in_required
@require_POST
def api_session_revoke(request: HttpRequest, session_id: str) -> HttpResponse:
    """End one of one's own API sessions."""
    revoke_own_session(session_id=session_id, user_id=request.user.pk)
    messages.success(request, _("The session was ended."))
    return redirect("accounts:api_session_list")


def platform_url(request: HttpRequest) -> str:
    """Address of the platform's own host without a final slash, with the port of this request."""
    port = request.get_port()
    return f"{request.scheme}://{settings.BASE_DOMAIN}" + ("" if port in {"80", "443"} else f":{port}")
