"""One's own sessions: of browsers and of API clients."""

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.guards import signed_in_required
from apps.accounts.models import ApiSession
from apps.accounts.services.tokens import revoke_own_session
from apps.core.errors import NotFound


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


@signed_in_required
@require_POST
def session_end(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one of one's own browser sessions. Raises ``NotFound`` for somebody else's and unknown ones alike."""
    row = UserSession.objects.filter(pk=session_id, user=request.user).first()
    if row is None or row.session_key == request.session.session_key:
        raise NotFound
    row.end()
    messages.success(request, _("The session was ended."))
    return redirect("usersessions_list")
