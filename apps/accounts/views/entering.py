"""The way of a sign-in from one host to another."""

import secrets
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import login
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from apps.accounts.errors import InvalidToken
from apps.accounts.hosts import platform_url
from apps.accounts.services.tickets import redeem_ticket
from apps.accounts.staff_middleware import SESSION_KEY
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
    ticket = redeem_ticket(token=request.GET.get("ticket", ""), host=request.get_host(), state=state)
    login(request, ticket.user, backend=BACKEND)
    request.session.pop(SESSION_KEY, None)
    if ticket.staff_access_id is not None:
        request.session[SESSION_KEY] = ticket.staff_access_id
    response = redirect("/")
    response.delete_cookie(STATE_COOKIE, path=reverse("accounts:enter"))
    return response
