"""Limits for doors that stand open: how often one address may knock within a time."""

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from apps.core.errors import LimitReached


class TooOften(LimitReached):
    """The address knocked more often than the door allows."""

    code = "too_often"
    message = _("That was a lot in a short time. Wait a little, then try again.")


def client_address(request: HttpRequest) -> str:
    """Where a request comes from: as many steps back in ``X-Forwarded-For`` as there are declared proxies, else the peer."""
    hops = [hop.strip() for hop in request.headers.get("X-Forwarded-For", "").split(",") if hop.strip()]
    proxies = settings.ALLAUTH_TRUSTED_PROXY_COUNT
    if proxies and len(hops) >= proxies:
        return hops[-proxies]
    return str(request.META.get("REMOTE_ADDR", ""))


def knock(request: HttpRequest, *, door: str, times: int, seconds: int) -> None:
    """Count one call from this address. Raises ``TooOften`` beyond ``times`` within ``seconds``; the count starts at the first.

    The address lives in the cache only, and no longer than that.
    """
    key = f"throttle:{door}:{client_address(request)}"
    cache.add(key, 0, seconds)
    try:
        count = cache.incr(key)
    except ValueError:  # it ran out between the two calls
        return
    if count > times:
        raise TooOften(retry_after=seconds)
