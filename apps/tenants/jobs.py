"""Work the platform does for tenants in the background; each handler is one call and safe to run twice."""

from apps.dispatch.contracts import JobContext, JobKind, Schedule
from apps.dispatch.enums import Queue, ScheduleScope
from apps.tenants.context import public_context
from apps.tenants.schemas.pool import refill_pool
from apps.tenants.services.exporting import export_tenant, remove_expired_exports
from apps.tenants.services.lifecycle import purge_due_tenants


def _refill_pool(context: JobContext) -> None:
    refill_pool()


def _purge_due(context: JobContext) -> None:
    purge_due_tenants()
    with public_context():
        remove_expired_exports()


def _export(context: JobContext) -> None:
    export_tenant(tenant_id=context.work.tenant_id, requested_by=int(context.work.ref) or None)


KINDS = (
    JobKind(name="tenants.refill_pool", handler=_refill_pool, timeout_s=300, max_attempts=3, max_parallel=1),
    JobKind(name="tenants.purge_due", handler=_purge_due, timeout_s=1800, max_attempts=3, max_parallel=1),
    JobKind(name="tenants.export", handler=_export, timeout_s=1800, max_attempts=3, max_parallel=1),
)
SCHEDULES = (
    Schedule(name="tenants.refill_pool", every_s=20, kind="tenants.refill_pool", scope=ScheduleScope.PLATFORM,
             queue=Queue.BULK, timeout_s=300),
    Schedule(name="tenants.purge_due", every_s=3600, kind="tenants.purge_due", scope=ScheduleScope.PLATFORM,
             queue=Queue.BULK, timeout_s=1800),
)  # fmt: skip
