"""Limits on calls and on guessing: per caller, per client address and per account, in the global cache."""

from typing import Any

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from apps.accounts.services.invitations import hash_token


class ByCaller(SimpleRateThrottle):
    """600 calls a minute of one person in one tenant, or of one client address when nobody is signed in."""

    scope, rate = "api", "600/min"

    def get_cache_key(self, request: Request, view: Any) -> str:
        """Tenant and person; the client's address for callers without."""
        tenant = getattr(request._request, "tenant", None)
        caller = f"user:{request.user.pk}" if request.user.is_authenticated else self.get_ident(request)
        return f"throttle:{self.scope}:{getattr(tenant, 'pk', 0)}:{caller}"


class ByAddress(SimpleRateThrottle):
    """30 attempts a minute from one client address."""

    scope, rate = "token-address", "30/min"

    def get_cache_key(self, request: Request, view: Any) -> str:
        """The client's address."""
        return f"throttle:{self.scope}:{self.get_ident(request)}"


class ByAccount(SimpleRateThrottle):
    """10 attempts a minute on one account, known or not."""

    scope, rate = "token-account", "10/min"

    def get_cache_key(self, request: Request, view: Any) -> str | None:
        """A hash of the account's address."""
        email = request.data.get("email") if isinstance(request.data, dict) else None
        return f"throttle:{self.scope}:{hash_token(email.strip().lower())}" if isinstance(email, str) else None


class Refreshes(SimpleRateThrottle):
    """120 exchanges a minute from one client address."""

    scope, rate = "token-refresh", "120/min"

    def get_cache_key(self, request: Request, view: Any) -> str:
        """The client's address."""
        return f"throttle:{self.scope}:{self.get_ident(request)}"
