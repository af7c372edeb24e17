"""The only door for other apps. Every function works inside the caller's transaction; wake-ups go out after commit."""

from collections.abc import Sequence

from apps.dispatch import services, tenancy
from apps.dispatch.contracts import NewWork, Settlement
from apps.dispatch.enums import WorkState
from apps.dispatch.holding import Holding
from apps.dispatch.selectors import queue_depth

__all__ = [
    "Holding",
    "cancel",
    "enqueue",
    "enqueue_many",
    "forget_tenant",
    "nudge",
    "pause_tenant",
    "queue_depth",
    "redrive",
    "register_tenant",
    "resolve_review",
    "resume_tenant",
    "set_epoch",
    "settle",
]


def enqueue(*, tenant_id: int, work: NewWork) -> int:
    """Create one work item and return its id; a live duplicate (tenant, kind, dedupe key) is returned instead.

    Raises ``UnknownQueue`` for a tenant that was never registered and ``InvalidWork`` for impossible values.
    """
    return services.enqueue_many(tenant_id=tenant_id, works=(work,))[0]


def enqueue_many(*, tenant_id: int, works: Sequence[NewWork]) -> list[int]:
    """Create many items with one statement; ids come back in the order given. See ``enqueue``."""
    return services.enqueue_many(tenant_id=tenant_id, works=works)


def settle(settlements: Sequence[Settlement]) -> frozenset[int]:
    """End or continue claimed items with one conditional statement in the caller's transaction.

    Returns the ids accepted. An id that is missing was fenced out or cancelled: write nothing for it. An item settled as
    ``waiting`` or ``review`` that was nudged since its claim becomes ``ready`` instead, so no wake-up is lost.
    """
    return services.settle(settlements)


def nudge(*, tenant_id: int, kind: str, ref: str) -> None:
    """Wake what waits for ``ref``; call it in the transaction that makes the news visible, as late as possible.

    A waiting item becomes ready; a running one will not fall asleep on old news; anything else is left alone.
    """
    services.nudge(tenant_id=tenant_id, kind=kind, ref=ref)


def cancel(*, tenant_id: int, kind: str, ref: str, reason: str) -> bool:
    """Cancel the live items about ``ref``; a running one is fenced out at once. False when there was none."""
    return services.cancel(tenant_id=tenant_id, kind=kind, ref=ref, reason=reason)


def redrive(*, work_id: int, reason: str, actor: str) -> None:
    """Give a dead item a fresh set of attempts. Raises ``UnknownWork`` or ``IllegalMove``."""
    services.redrive(work_id=work_id, reason=reason, actor=actor)


def resolve_review(*, tenant_id: int, kind: str, ref: str, to: WorkState, reason: str, actor: str) -> bool:
    """End a ``review``: to ready, done or cancelled. False when nothing about ``ref`` is in review (first decision wins)."""
    return services.resolve_review(tenant_id=tenant_id, kind=kind, ref=ref, to=to, reason=reason, actor=actor)


def pause_tenant(*, tenant_id: int) -> None:
    """Claim nothing more for this tenant; running items finish. Raises ``UnknownQueue``."""
    tenancy.pause_tenant(tenant_id=tenant_id)


def resume_tenant(*, tenant_id: int) -> None:
    """Claim again for this tenant. Raises ``UnknownQueue``."""
    tenancy.resume_tenant(tenant_id=tenant_id)


def register_tenant(
    *,
    tenant_id: int,
    schema_name: str,
    epoch: int,
    weight: float = 1.0,
    max_in_flight: int = 50,
    is_operator: bool = False,
) -> None:
    """Create or update a tenant's queue. ``is_operator`` marks the one tenant (hq) that carries platform schedules."""
    tenancy.register_tenant(
        tenant_id=tenant_id,
        schema_name=schema_name,
        epoch=epoch,
        weight=weight,
        max_in_flight=max_in_flight,
        is_operator=is_operator,
    )


def set_epoch(*, tenant_id: int, epoch: int) -> int:
    """Start a new epoch (after a restore): live items of older epochs are cancelled. Returns how many were."""
    return tenancy.set_epoch(tenant_id=tenant_id, epoch=epoch)


def forget_tenant(*, tenant_id: int) -> None:
    """Remove a deleted tenant's queue, schedules and items, whatever their state."""
    tenancy.forget_tenant(tenant_id=tenant_id)
