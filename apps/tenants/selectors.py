"""Reads."""

from apps.tenants.context import public_context
from apps.tenants.contracts import PlanOffer, TenantRef
from apps.tenants.directory import directory
from apps.tenants.enums import DomainKind, TenantStatus
from apps.tenants.errors import UnknownTenant
from apps.tenants.models import Domain, Plan, Tenant

REF_FIELDS = ("id", "schema_name", "slug", "name", "epoch", "launch_stage", "status")


def get_tenant(*, tenant_id: int | None = None, slug: str | None = None) -> TenantRef:
    """The tenant by id or slug, whatever its status, as known in this process for at most 3 seconds.

    Raises ``UnknownTenant`` for one that does not exist or was deleted.
    """
    if (tenant_id is None) == (slug is None):
        raise UnknownTenant(detail="give either tenant_id or slug")
    by, value = ("id", tenant_id) if slug is None else ("slug", slug)
    return directory.find(by=by, value=value).ref


def list_active_tenants() -> list[TenantRef]:
    """Every tenant that is served, oldest first."""
    with public_context():
        rows = Tenant.objects.filter(status=TenantStatus.ACTIVE).order_by("id").values(*REF_FIELDS)
        return [TenantRef(**row) for row in rows]


def list_own_domains(*, tenant_id: int) -> frozenset[str]:
    """Domains the tenant proved to be its own, in lower case."""
    rows = Domain.objects.filter(tenant_id=tenant_id, kind=DomainKind.CUSTOM, verified_at__isnull=False)
    return frozenset(rows.values_list("domain", flat=True))


def list_offered_plans() -> list[PlanOffer]:
    """Plans new workspaces may choose, in the order of the table."""
    with public_context():
        rows = Plan.objects.filter(is_offered=True).order_by("position", "key")
        fields = ("key", "name", "description", "limits", "prices")
        return [PlanOffer(**row) for row in rows.values(*fields)]
