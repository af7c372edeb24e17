"""Finds the tenant of a request by its host name."""

from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.http.request import split_domain_port, validate_host
from django.shortcuts import render
from django.urls import set_urlconf
from django.utils.cache import add_never_cache_headers

from apps.core.errors import PlatformError
from apps.core.problems import error_response, log_error, wants_problem
from apps.tenants.context import host_context
from apps.tenants.contracts import TenantRef
from apps.tenants.directory import Entry, directory
from apps.tenants.enums import TenantStatus
from apps.tenants.errors import TenantInactive, UnknownTenant


class TenantMiddleware:
    """The host decides: the platform's own host, a tenant's host, or an error page; never the public schema by default.

    Sets ``request.tenant`` to the ``TenantRef`` (None on the platform's host). The lookup is remembered in the process; the
    reference is frozen, so requests cannot change it for each other. Streaming answers re-enter the context for each piece.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            host = _host(request)
        except DisallowedHost:
            return _error_page(request, UnknownTenant())
        if host == settings.BASE_DOMAIN:
            request.tenant = None
            request.urlconf = settings.PUBLIC_SCHEMA_URLCONF
            set_urlconf(request.urlconf)
            with host_context(None):
                return self.get_response(request)
        return self._serve_tenant(request, host)

    def _serve_tenant(self, request: HttpRequest, host: str) -> HttpResponse:
        with host_context(None):
            try:
                entry = directory.find(by="host", value=host)
            except UnknownTenant as error:
                return _error_page(request, error)
        if entry.ref.status != TenantStatus.ACTIVE:
            return _error_page(request, TenantInactive(), entry)
        request.tenant = entry.ref
        with host_context(entry.ref):
            response = self.get_response(request)
        if response.streaming and not response.is_async:
            response.streaming_content = _in_context(entry.ref, iter(response.streaming_content))
        return response


def _host(request: HttpRequest) -> str:
    """The host name without port, in small letters. Raises ``DisallowedHost`` for names that are malformed or nobody's.

    ``ALLOWED_HOSTS`` knows the platform's names only. A workspace's own domain is allowed because its verified row says so;
    from then on ``request.get_host`` answers without asking the setting again.
    """
    raw = request._get_raw_host()
    name, _port = split_domain_port(raw)
    if not name:
        raise DisallowedHost(f"Malformed host {raw[:100]!r}")
    if not validate_host(name, settings.ALLOWED_HOSTS):
        with host_context(None):
            _require_own_domain(name)
        request.get_host = lambda: raw
    plain = name.removeprefix("www.")
    return plain if plain == settings.BASE_DOMAIN else name


def _require_own_domain(name: str) -> None:
    try:
        directory.find(by="host", value=name)
    except UnknownTenant as error:
        raise DisallowedHost(f"Nobody's host {name[:100]!r}") from error


def _in_context(tenant: TenantRef, pieces: Iterator[Any]) -> Iterator[Any]:
    try:
        while True:
            with host_context(tenant):
                try:
                    piece = next(pieces)
                except StopIteration:
                    return
            yield piece
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            with host_context(tenant):
                close()


def _error_page(request: HttpRequest, error: PlatformError, entry: Entry | None = None) -> HttpResponse:
    """A page of its own, built without session, user or tenant; a problem document for programs."""
    request.tenant = None
    request.urlconf = settings.PUBLIC_SCHEMA_URLCONF
    set_urlconf(request.urlconf)
    if wants_problem(request):
        return error_response(request, error)
    log_error(error)
    context = {"error": error, "entry": entry, "home": home_url(request)}
    response = render(None, "tenants/not_served.html", context, status=error.status)
    add_never_cache_headers(response)
    return response


def home_url(request: HttpRequest) -> str:
    """Address of the platform's own host, with the port of this request; never the host that was asked for."""
    port = request.get_port()
    suffix = "" if port in {"80", "443"} else f":{port}"
    return f"{request.scheme}://{settings.BASE_DOMAIN}{suffix}/"
