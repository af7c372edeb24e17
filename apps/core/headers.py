"""Security headers that depend on where a page lives."""

from __future__ import annotations

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

PERMISSIONS_POLICY = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), microphone=(), "
    "midi=(), payment=(), usb=()"
)


class SecurityHeadersMiddleware(CSPMiddleware):
    """Content-Security-Policy by path (``CONTENT_SECURITY_POLICY_PATHS``, longest prefix wins) and Permissions-Policy."""

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,  # noqa: FBT001, FBT002 - the signature is django-csp's
    ) -> PolicyParts:
        """The portal's strict policy, unless the path has its own."""
        parts = super().get_policy_parts(request, response, report_only)
        if not report_only:
            prefixes = [prefix for prefix in settings.CONTENT_SECURITY_POLICY_PATHS if request.path.startswith(prefix)]
            if prefixes and parts.config is None:
                parts.config = settings.CONTENT_SECURITY_POLICY_PATHS[max(prefixes, key=len)]
        return parts

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Add the headers; a view that set one keeps it."""
        response = super().process_response(request, response)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
        return response
