"""Notes down what happened to a tenant."""

from apps.tenants.enums import TenantEventKind
from apps.tenants.models import TenantEvent


def record_event(
    *, tenant_id: int | None, kind: TenantEventKind, actor_id: int | None = None, reason: str = "", **detail: object
) -> None:
    """Append one line to the record, in the caller's transaction."""
    TenantEvent.objects.create(tenant_id=tenant_id, kind=kind, actor_id=actor_id, reason=reason[:300], detail=detail)
