"""Request plumbing: an id for every request, one access line for it, and errors as pages or problem documents."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import structlog
from django.http import HttpRequest, HttpResponseBase

from apps.core.context import accept_request_id, add_log_context, bind_log_context, clear_log_context, log_context
from apps.core.errors import PlatformError
from apps.core.problems import error_response

REQUEST_ID_HEADER = "X-Request-ID"
QUIET = ("/healthz", "/readyz", "/metrics", "/static/")

access_log = logging.getLogger("echopilot.access")

Handler = Callable[[HttpRequest], HttpResponseBase]


class RequestContextMiddleware:
    """Outermost: accepts a well-formed ``X-Request-ID`` or makes one, binds it to the log, echoes it, writes one access line.

    The line names the route rather than the path, because paths may carry tokens, and never the query.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        outside = log_context()
        clear_log_context()
        started = time.perf_counter()
        request_id = accept_request_id(request.headers.get(REQUEST_ID_HEADER))
        request.request_id = request_id  # type: ignore[attr-defined]
        try:
            with bind_log_context(request_id=request_id):
                response = self.get_response(request)
                response.headers[REQUEST_ID_HEADER] = request_id
                self._write_access_line(request, response, time.perf_counter() - started)
                return response
        finally:
            clear_log_context()
            structlog.contextvars.bind_contextvars(**outside)

    def _write_access_line(self, request: HttpRequest, response: HttpResponseBase, seconds: float) -> None:
        level = logging.DEBUG if request.path.startswith(QUIET) else logging.INFO
        if not access_log.isEnabledFor(level):
            return
        match = getattr(request, "resolver_match", None)
        access_log.log(
            level,
            "request",
            extra={
                "method": request.method,
                "route": f"/{match.route}" if match else request.path[:200],
                "status": response.status_code,
                "duration_ms": round(seconds * 1000, 1),
            },
        )


class ErrorPageMiddleware:
    """Innermost: binds tenant and user to the log, and answers expected errors of portal views in the caller's format."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        tenant = getattr(request, "tenant", None)
        user = request.__dict__.get("_cached_user")
        if tenant is not None:
            add_log_context(tenant=tenant.slug)
        if user is not None and user.is_authenticated:
            add_log_context(user=user.pk)
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Answer a ``PlatformError``; anything else is a bug and goes on to the 500 handler."""
        return error_response(request, error) if isinstance(error, PlatformError) else None
