"""What tenancy offers to the platform."""

from collections.abc import Iterator
from contextlib import contextmanager

from apps.dispatch.contracts import TenantGate
from apps.dispatch.registries import schedules, tenant_gate, work_kinds
from apps.tenants import jobs, readiness
from apps.tenants.context import tenant_context
from apps.tenants.contracts import TenantRef
from apps.tenants.errors import StaleEpoch
from apps.tenants.services.launch import readiness_checks


@contextmanager
def _enter(tenant_id: int, epoch: int) -> Iterator[TenantRef]:
    """The context of an active tenant at the epoch the work was enqueued in."""
    with tenant_context(tenant_id) as tenant:
        if tenant.epoch != epoch:
            raise StaleEpoch(detail=f"work of epoch {epoch}, tenant {tenant_id} is at {tenant.epoch}")
        yield tenant


tenant_gate.register(TenantGate(name="tenants", enter=_enter))
for kind in jobs.KINDS:
    work_kinds.register(kind)
for schedule in jobs.SCHEDULES:
    schedules.register(schedule)
for check in readiness.CHECKS:
    readiness_checks.register(check)
