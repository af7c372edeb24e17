"""Reads the active tenant off the connection: this app lies below the one that enters tenants and may not import it."""

from django.db import connection

from apps.core.errors import NotAllowed


def current_tenant_id() -> int:
    """Id of the tenant the connection is in. Raises ``NotAllowed`` outside one: nobody has a role there."""
    tenant_id = getattr(getattr(connection, "tenant", None), "id", None)
    if tenant_id is None:
        raise NotAllowed(detail="permission asked for outside a tenant context")
    return int(tenant_id)
