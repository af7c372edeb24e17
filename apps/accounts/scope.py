"""What holds while one request or job runs: the active tenant, and limits on what a person may do.

The tenant is read off the connection: this app lies below the one that enters tenants and may not import it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import connection

from apps.core.errors import NotAllowed

_withheld: ContextVar[tuple[int, frozenset[str]] | None] = ContextVar("withheld", default=None)


def current_tenant_id() -> int:
    """Id of the tenant the connection is in. Raises ``NotAllowed`` outside one: nobody has a role there."""
    tenant_id = getattr(getattr(connection, "tenant", None), "id", None)
    if tenant_id is None:
        raise NotAllowed(detail="permission asked for outside a tenant context")
    return int(tenant_id)


@contextmanager
def withholding(*, user_id: int, permissions: frozenset[str]) -> Iterator[None]:
    """Inside the block the person has none of these permissions, whoever asks: pages, services, API."""
    token = _withheld.set((user_id, permissions))
    try:
        yield
    finally:
        _withheld.reset(token)


def withheld_from(user_id: int) -> frozenset[str]:
    """What the person may not do for now, although the role allows it."""
    limited = _withheld.get()
    return limited[1] if limited is not None and limited[0] == user_id else frozenset()
