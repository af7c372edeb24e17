"""Writes about a tenant's queue: registration, pause, epoch, removal."""

from django.db import connection, transaction

from apps.dispatch.errors import InvalidWork, UnknownQueue
from apps.dispatch.models import Firing, TenantQueue, WorkItem
from apps.dispatch.services import ring_after_commit
from apps.dispatch.sql import schedule, worker

REGISTER = """
INSERT INTO public.dispatch_tenantqueue
    (tenant_id, schema_name, epoch, weight, max_in_flight, is_operator, vtime, last_tag)
VALUES (%(tenant_id)s, %(schema_name)s, %(epoch)s, %(weight)s, %(max_in_flight)s, %(is_operator)s, 0, 0)
ON CONFLICT (tenant_id) DO UPDATE SET
    schema_name = excluded.schema_name, epoch = greatest(dispatch_tenantqueue.epoch, excluded.epoch), weight = excluded.weight,
    max_in_flight = excluded.max_in_flight, is_operator = excluded.is_operator OR dispatch_tenantqueue.is_operator
"""
SET_EPOCH = (
    "UPDATE public.dispatch_tenantqueue SET epoch = %(epoch)s WHERE tenant_id = %(tenant_id)s AND epoch <= %(epoch)s"
)
DROP_PENDING = """
UPDATE public.dispatch_workitem
SET state = 'cancelled', fence = fence + 1, owner = NULL, deadline_at = NULL, parked = false, finished_at = clock_timestamp(),
    error_code = 'tenant_removed'
WHERE tenant_id = %(tenant_id)s AND state IN ('ready', 'running', 'waiting', 'review')
"""


def register_tenant(
    *, tenant_id: int, schema_name: str, epoch: int, weight: float, max_in_flight: int, is_operator: bool
) -> None:
    """See ``facade.register_tenant``."""
    if tenant_id <= 0 or not schema_name or epoch <= 0 or weight <= 0 or max_in_flight <= 0:
        raise InvalidWork(fields={"tenant_id": "positive ids, weights, epochs and limits, and a schema name"})
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            REGISTER,
            {
                "tenant_id": tenant_id,
                "schema_name": schema_name,
                "epoch": epoch,
                "weight": weight,
                "max_in_flight": max_in_flight,
                "is_operator": is_operator,
            },
        )
        cursor.execute(schedule.PLANT_FOR, {"tenant_id": tenant_id})


def set_epoch(*, tenant_id: int, epoch: int) -> int:
    """See ``facade.set_epoch``. Waits for settlements of older work that are in flight, so none lands afterwards."""
    names = {"tenant_id": tenant_id, "epoch": epoch}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(SET_EPOCH, names)
        if not cursor.rowcount:
            raise UnknownQueue(detail=f"tenant {tenant_id} is not registered or is past epoch {epoch}")
        cursor.execute(worker.VOID_EPOCHS, names)
        return len(cursor.fetchall())


def pause_tenant(*, tenant_id: int) -> None:
    """See ``facade.pause_tenant``."""
    _pause(tenant_id, "clock_timestamp()")


def resume_tenant(*, tenant_id: int) -> None:
    """See ``facade.resume_tenant``."""
    _pause(tenant_id, "NULL")
    ring_after_commit()


def _pause(tenant_id: int, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE public.dispatch_tenantqueue SET paused_at = {value} WHERE tenant_id = %s", [tenant_id])  # noqa: S608
        if not cursor.rowcount:
            raise UnknownQueue(detail=f"tenant {tenant_id} is not registered")


def forget_tenant(*, tenant_id: int) -> None:
    """See ``facade.forget_tenant``."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(DROP_PENDING, {"tenant_id": tenant_id})
        Firing.objects.filter(tenant_id=tenant_id).delete()
        WorkItem.objects.filter(tenant_id=tenant_id).delete()
        TenantQueue.objects.filter(pk=tenant_id).delete()
