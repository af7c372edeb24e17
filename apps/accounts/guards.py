"""Guards for pages and API routes; each one enforces and declares its policy in one place."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from apps.accounts.errors import StaffMayNot
from apps.accounts.permissions import FORBIDDEN_TO_STAFF, permissions_of_role, require_known
from apps.core.errors import NotAllowed, NotFound
from apps.core.policy import Access, Policy, declares
from apps.core.problems import NotSignedIn, wants_problem

View = Callable[..., HttpResponse]


def permission_required(permission: str) -> Callable[[View], View]:
    """For pages of a tenant's host: visitors are sent to sign in, members without the permission get ``NotAllowed``."""
    require_known(permission)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.tenant is None:
                raise NotFound
            if not request.user.is_authenticated:
                return _ask_to_sign_in(request)
            if permission not in held_permissions(request):
                raise NotAllowed(detail=f"user {request.user.pk} lacks {permission}")
            return view(request, *args, **kwargs)

        return declares(Policy(access=Access.PERMISSION, detail=permission))(guarded)

    return decorate


def signed_in_required(view: View) -> View:
    """For pages about oneself, on any host; staff acting as somebody are refused."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return _ask_to_sign_in(request)
        if getattr(request, "staff_access", None) is not None:
            raise StaffMayNot
        return view(request, *args, **kwargs)

    return declares(Policy(access=Access.SIGNED_IN, detail="self"))(guarded)


def staff_required(view: View) -> View:
    """For the platform's own host: everybody else is told that there is nothing here."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.tenant is not None or not (request.user.is_authenticated and request.user.is_staff):
            raise NotFound
        return view(request, *args, **kwargs)

    return declares(Policy(access=Access.STAFF, detail="staff"))(guarded)


def held_permissions(request: Any) -> frozenset[str]:
    """What the visitor may do on this host; empty for everybody without membership."""
    membership = getattr(request, "membership", None)
    if membership is None:
        return frozenset()
    withheld = FORBIDDEN_TO_STAFF if getattr(request, "staff_access", None) is not None else frozenset()
    return permissions_of_role(membership.role) - withheld


class HasPermission(BasePermission):
    """For API views: ``permission_classes = [HasPermission.of("tasks.view")]``.

    ``HasPermission.by_method(GET="tasks.view", POST="tasks.create")`` names one per method; methods left out are refused.
    """

    permissions: dict[str, str] = {}
    fallback: str | None = None

    @classmethod
    def of(cls, permission: str) -> type["HasPermission"]:
        """One permission for every method."""
        return type(f"HasPermission({permission})", (cls,), {"fallback": require_known(permission)})

    @classmethod
    def by_method(cls, **permissions: str) -> type["HasPermission"]:
        """A permission per HTTP method; HEAD and OPTIONS follow GET."""
        known = {method: require_known(permission) for method, permission in permissions.items()}
        if "GET" in known:
            known = {"HEAD": known["GET"], "OPTIONS": known["GET"], **known}
        name = ", ".join(f"{method} {permission}" for method, permission in permissions.items())
        return type(f"HasPermission({name})", (cls,), {"permissions": known})

    def has_permission(self, request: Request, view: Any) -> bool:
        """Raises ``NotSignedIn`` for visitors, so that clients get 401 and not 403."""
        if not request.user.is_authenticated:
            raise NotSignedIn
        needed = self.permissions.get(request.method, self.fallback)
        return needed is not None and needed in held_permissions(request._request)


def _ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    if wants_problem(request) or request.headers.get("HX-Request") == "true" or request.method not in {"GET", "HEAD"}:
        raise NotSignedIn
    return redirect_to_login(request.get_full_path())
