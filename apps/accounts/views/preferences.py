"""Looks, language and time zone: one small door for every switch in the shell."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from apps.accounts.preferences import keep_in_cookies, read_changes
from apps.accounts.services.preferences import change_preferences
from apps.core.policy import public
from apps.core.problems import wants_problem


@public(reason="A visitor's wishes stay in this browser's cookies; a person's go with the person.")
@require_POST
def preferences_change(request: HttpRequest) -> HttpResponse:
    """Keep any of theme, density, motion, single_key_shortcuts, language, time_zone; then back to ``next``, or 204 for programs.

    Raises ``InvalidInput`` naming the fields at fault.
    """
    if request.user.is_authenticated:
        changes = change_preferences(person=request.staff or request.user, wishes=request.POST)
    else:
        changes = read_changes(request.POST)
    response = HttpResponse(status=204) if wants_problem(request) else redirect(_safe_next(request))
    keep_in_cookies(response, changes, secure=request.is_secure())
    return response


def _safe_next(request: HttpRequest) -> str:
    """The page asked for when it is one of this host, else the front page."""
    wanted = request.POST.get("next", "")
    hosts = {request.get_host()}
    return wanted if url_has_allowed_host_and_scheme(wanted, hosts, require_https=request.is_secure()) else "/"
