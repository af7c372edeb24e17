"""Staff inside a workspace: recognised, limited, recorded."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from apps.accounts.errors import StaffMayNot
from apps.accounts.permissions import FORBIDDEN_TO_STAFF
from apps.accounts.scope import withholding
from apps.accounts.selectors import get_membership
from apps.accounts.services.staff_access import find_live_access, finish_act, record_act
from apps.core.context import add_log_context
from apps.core.problems import error_response

SESSION_KEY = "staff_access"
# Of allauth's pages, all about one's own account, staff inside a workspace may only use the one that ends the session.
ALLOWED_OF_ALLAUTH = frozenset({"account_logout"})


class StaffAccessMiddleware:
    """After sign-in is known and before anything reads it: lets a live stay take effect on its workspace's host.

    Sets ``request.staff_access`` (None for everybody else) and ``request.staff``; then ``request.user`` and
    ``request.membership`` are those of the person acted as, ``FORBIDDEN_TO_STAFF`` is withheld on every way, and each
    request that reaches a view is on record before the view runs.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.staff_access = request.staff = None
        if request.tenant is None or settings.SESSION_COOKIE_NAME not in request.COOKIES:
            return self.get_response(request)
        self._recognise(request)
        if request.staff_access is None:
            return self.get_response(request)
        with withholding(user_id=request.user.pk, permissions=FORBIDDEN_TO_STAFF):
            response = self.get_response(request)
        if request.staff_act is not None:
            finish_act(act_id=request.staff_act, status=response.status_code)
        response.headers["Cache-Control"] = "private, no-store"
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponse], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """Write the request down, and refuse pages about the account of the person acted as."""
        if request.staff_access is None:
            return None
        match = request.resolver_match
        request.staff_act = record_act(
            access=request.staff_access, method=request.method or "", route=f"/{match.route}", parameters=match.kwargs
        )
        if view.__module__.startswith("allauth.") and match.view_name not in ALLOWED_OF_ALLAUTH:
            return error_response(request, StaffMayNot())
        return None

    @staticmethod
    def _recognise(request: HttpRequest) -> None:
        access_id = request.session.get(SESSION_KEY)
        person = request.outsider or request.user
        if access_id is None or not person.is_authenticated:
            return
        access = find_live_access(access_id=access_id, staff_id=person.pk, tenant_id=request.tenant.id)
        membership = access and get_membership(user_id=access.acting_as_id, tenant_id=request.tenant.id)
        if access is None or membership is None:
            return
        request.staff_access, request.staff, request.staff_act = access, access.staff, None
        request.user = request._cached_user = access.acting_as
        request.membership, request.outsider = membership, None
        add_log_context(staff=access.staff_id, staff_access=access.pk)
