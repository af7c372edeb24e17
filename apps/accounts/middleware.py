"""Who the visitor is on this host."""

import zoneinfo
from collections.abc import Callable

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from apps.accounts.preferences import Preferences
from apps.accounts.selectors import get_membership


class MembershipMiddleware:
    """A session counts only where its person has a membership.

    Sets ``request.membership`` (None on the platform's host and for visitors). On a tenant's host a signed-in person
    without membership is a visitor: ``request.user`` is anonymous and ``request.outsider`` holds the person, so that pages
    can offer the way to the right workspace. A request without session cookie costs nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.membership = None
        request.outsider = None
        if request.tenant is not None and settings.SESSION_COOKIE_NAME in request.COOKIES:
            self._find_membership(request)
        return self.get_response(request)

    @staticmethod
    def _find_membership(request: HttpRequest) -> None:
        if not request.user.is_authenticated:
            return
        request.membership = get_membership(user_id=request.user.pk, tenant_id=request.tenant.id)
        if request.membership is None:
            request.outsider = request.user
            request.user = AnonymousUser()


class PreferencesMiddleware:
    """Sets ``request.preferences`` and shows times in the person's time zone; visitors see UTC.

    The language is activated by ``apps.i18n.middleware``, which asks the person, then the cookie, then the browser.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.preferences = SimpleLazyObject(lambda: Preferences.of(request))
        if settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        with timezone.override(_zone(request.preferences.time_zone)):
            return self.get_response(request)


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")
