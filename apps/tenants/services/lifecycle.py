"""Suspend, restore, schedule deletion, keep after all, purge.

Every change is one conditional update that names the status it starts from, so that two people acting at once get one
winner and one ``WrongStatus``.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from apps.core.errors import NotAllowed
from apps.core.events import EventSignal
from apps.dispatch import facade as dispatch
from apps.tenants import signals
from apps.tenants.conf import GRACE_DAYS, OPERATOR_SLUG
from apps.tenants.context import public_context
from apps.tenants.contracts import TenantRef
from apps.tenants.directory import directory
from apps.tenants.enums import TenantEventKind, TenantStatus
from apps.tenants.errors import UnknownTenant, WrongStatus
from apps.tenants.models import Tenant
from apps.tenants.schemas.drop import drop_schema
from apps.tenants.services.provisioning import as_ref
from apps.tenants.services.records import record_event
from apps.tenants.storage import delete_files

PURGED_NAME = "Deleted workspace"


def suspend_tenant(*, tenant_id: int, reason: str, actor_id: int | None = None) -> TenantRef:
    """Stop serving an active tenant: pages explain, work waits. The reason is shown to its people."""
    with public_context(), transaction.atomic():
        tenant = _move(tenant_id, starts={TenantStatus.ACTIVE}, to=TenantStatus.SUSPENDED, reason=reason)
        dispatch.pause_tenant(tenant_id=tenant_id)
        record_event(tenant_id=tenant_id, kind=TenantEventKind.SUSPENDED, actor_id=actor_id, reason=reason)
        _announce(signals.tenant_suspended, tenant)
    return as_ref(tenant)


def restore_tenant(*, tenant_id: int, reason: str = "", actor_id: int | None = None) -> TenantRef:
    """Serve a suspended tenant again; its work goes on where it stopped."""
    with public_context(), transaction.atomic():
        tenant = _move(tenant_id, starts={TenantStatus.SUSPENDED}, to=TenantStatus.ACTIVE)
        dispatch.resume_tenant(tenant_id=tenant_id)
        record_event(tenant_id=tenant_id, kind=TenantEventKind.RESTORED, actor_id=actor_id, reason=reason)
        _announce(signals.tenant_restored, tenant)
    return as_ref(tenant)


def schedule_deletion(
    *,
    tenant_id: int,
    reason: str = "",
    actor_id: int | None = None,
    grace_days: int = GRACE_DAYS,
    now: datetime | None = None,
) -> datetime:
    """Stop serving the tenant and purge it after the grace time; returns when. The operator's own tenant stays."""
    with public_context(), transaction.atomic():
        if Tenant.objects.filter(pk=tenant_id, slug=OPERATOR_SLUG).exists():
            raise NotAllowed("The operator's own workspace cannot be deleted.")
        delete_after = (now or timezone.now()) + timedelta(days=grace_days)
        tenant = _move(
            tenant_id,
            starts={TenantStatus.ACTIVE, TenantStatus.SUSPENDED},
            to=TenantStatus.DELETING,
            reason=reason,
            delete_after=delete_after,
        )
        dispatch.pause_tenant(tenant_id=tenant_id)
        record_event(
            tenant_id=tenant_id,
            kind=TenantEventKind.DELETION_SCHEDULED,
            actor_id=actor_id,
            reason=reason,
            delete_after=delete_after.isoformat(),
        )
        _announce(signals.tenant_deletion_scheduled, tenant)
    return delete_after


def cancel_deletion(*, tenant_id: int, reason: str = "", actor_id: int | None = None) -> TenantRef:
    """Keep a tenant that was about to be deleted; it is served again at once with everything it had."""
    with public_context(), transaction.atomic():
        tenant = _move(tenant_id, starts={TenantStatus.DELETING}, to=TenantStatus.ACTIVE, delete_after=None)
        dispatch.resume_tenant(tenant_id=tenant_id)
        record_event(tenant_id=tenant_id, kind=TenantEventKind.DELETION_CANCELLED, actor_id=actor_id, reason=reason)
        _announce(signals.tenant_restored, tenant)
    return as_ref(tenant)


def purge_tenant(
    *, tenant_id: int, actor_id: int | None = None, now: datetime | None = None, early: bool = False
) -> int:
    """Drop schema, files, memberships, hosts and queue of a tenant whose grace time is over; returns the tables dropped.

    Must run outside a transaction: tables go in pages, so that the locks fit. Interrupted half-way, a second call
    finishes. The row stays as a tombstone that keeps its address. ``early`` skips the rest of the grace time.
    """
    moment = now or timezone.now()
    with public_context():
        tenant = Tenant.objects.filter(pk=tenant_id).first()
        if tenant is None or tenant.status == TenantStatus.DELETED:
            raise UnknownTenant(detail=f"tenant {tenant_id} is gone already")
        if tenant.delete_after is None or (tenant.delete_after > moment and not early):
            raise WrongStatus(status=tenant.get_status_display())
        with transaction.atomic():
            dispatch.forget_tenant(tenant_id=tenant_id)
        tables = drop_schema(tenant.schema_name)
        delete_files(schema_name=tenant.schema_name)
        with transaction.atomic():
            _bury(tenant)
            record_event(tenant_id=tenant_id, kind=TenantEventKind.PURGED, actor_id=actor_id, tables=tables)
            _announce(signals.tenant_deleted, tenant)
    return tables


def purge_due_tenants(*, now: datetime | None = None, limit: int = 20) -> list[int]:
    """Purge tenants whose grace time is over, oldest first; returns their ids."""
    moment = now or timezone.now()
    with public_context():
        due = Tenant.objects.filter(status=TenantStatus.DELETING, delete_after__lte=moment).order_by("delete_after")
        ids = list(due.values_list("pk", flat=True)[:limit])
    for tenant_id in ids:
        purge_tenant(tenant_id=tenant_id, now=moment)
    return ids


def raise_epoch(*, tenant_id: int, reason: str, actor_id: int | None = None) -> int:
    """Void everything that was enqueued before this moment, after the tenant's data was replaced; returns the new epoch."""
    with public_context(), transaction.atomic():
        if not Tenant.objects.filter(pk=tenant_id).exclude(status=TenantStatus.DELETED).update(epoch=F("epoch") + 1):
            raise UnknownTenant(detail=f"tenant {tenant_id}")
        epoch = Tenant.objects.values_list("epoch", flat=True).get(pk=tenant_id)
        dispatch.set_epoch(tenant_id=tenant_id, epoch=epoch)
        record_event(
            tenant_id=tenant_id, kind=TenantEventKind.EPOCH_RAISED, actor_id=actor_id, reason=reason, epoch=epoch
        )
        _forget()
    return epoch


def _move(
    tenant_id: int, *, starts: Collection[TenantStatus], to: TenantStatus, reason: str = "", **fields: object
) -> Tenant:
    changed = Tenant.objects.filter(pk=tenant_id, status__in=starts).update(status=to, reason=reason[:300], **fields)
    tenant = Tenant.objects.filter(pk=tenant_id).exclude(status=TenantStatus.DELETED).first()
    if tenant is None:
        raise UnknownTenant(detail=f"tenant {tenant_id}")
    if not changed:
        raise WrongStatus(status=tenant.get_status_display())
    return tenant


def _bury(tenant: Tenant) -> None:
    """Turn the row into a tombstone: nothing personal remains, and its address is never given to somebody else."""
    tenant.status, tenant.delete_after = TenantStatus.DELETED, None
    tenant.name, tenant.email, tenant.reason = PURGED_NAME, "deleted@invalid.example", ""
    for related in (
        "domains",
        "memberships",
        "invitations",
        "api_sessions",
        "exports",
        "limit_overrides",
        "usage_counters",
    ):
        getattr(tenant, related).all().delete()
    tenant.save()


def _announce(signal: EventSignal, tenant: Tenant) -> None:
    signal.announce(signals.TenantStatusChanged(tenant_id=tenant.pk, slug=tenant.slug, status=str(tenant.status)))
    _forget()


def _forget() -> None:
    directory.forget()
    transaction.on_commit(directory.forget)
