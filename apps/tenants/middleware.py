"""Finds the tenant of a request by its host name."""

from django_tenants.middleware.main import TenantMainMiddleware


class TenantMiddleware(TenantMainMiddleware):
    """Host name decides; an unknown host is an error, never the public schema."""
