"""What happens to tenants. Sent after commit; hints, the rows are the truth."""

from dataclasses import dataclass

from apps.core.events import Event, EventSignal


@dataclass(frozen=True, kw_only=True)
class TenantProvisioned(Event):
    """A tenant is ready to be used. ``cloned_from`` is the tenant its rows were copied from, if any."""

    slug: str
    owner_id: int | None
    cloned_from: int | None = None


@dataclass(frozen=True, kw_only=True)
class TenantStatusChanged(Event):
    """A tenant was suspended, restored, scheduled for deletion, kept after all, or deleted."""

    slug: str
    status: str


@dataclass(frozen=True, kw_only=True)
class LaunchStageChanged(Event):
    """The launch stage of a tenant, or of the platform when ``tenant_id`` is None, was changed."""

    stage: str


tenant_provisioned = EventSignal()
tenant_suspended = EventSignal()
tenant_restored = EventSignal()
tenant_deletion_scheduled = EventSignal()
tenant_deleted = EventSignal()
launch_stage_changed = EventSignal()
