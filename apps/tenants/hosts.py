"""Addresses of tenants as links."""

from django.conf import settings
from django.http import HttpRequest

from apps.tenants.models import Domain


def tenant_url(request: HttpRequest, domain: str, path: str = "/") -> str:
    """``https://<domain>/…`` with the port of this request."""
    port = request.get_port()
    suffix = "" if port in {"80", "443"} else f":{port}"
    return f"{request.scheme}://{domain}{suffix}{path}"


def platform_link(path: str) -> str:
    """An address of the platform's own host, for mail and other places without a request."""
    port = settings.PUBLIC_PORT
    scheme, suffix = ("https", "") if port is None else ("http", f":{port}")
    return f"{scheme}://{settings.BASE_DOMAIN}{suffix}{path}"


def workspace_link(tenant_id: int, path: str) -> str:
    """An address of a workspace's host, for mail and other places without a request."""
    port = settings.PUBLIC_PORT
    scheme, suffix = ("https", "") if port is None else ("http", f":{port}")
    return f"{scheme}://{primary_domain(tenant_id)}{suffix}{path}"


def primary_domain(tenant_id: int) -> str:
    """The host name a tenant's links use."""
    return Domain.objects.values_list("domain", flat=True).get(tenant_id=tenant_id, is_primary=True)


def shares_session(domain: str) -> bool:
    """Whether the platform's session cookie reaches that host."""
    parent = settings.SESSION_COOKIE_DOMAIN
    return parent is not None and (domain == parent or domain.endswith(f".{parent}"))
