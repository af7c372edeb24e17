"""Reads of the queue."""

from django.db import connection
from django.db.models import Count

from apps.dispatch.contracts import WorkView
from apps.dispatch.enums import WorkState
from apps.dispatch.models import WorkItem


def queue_depth(tenant_id: int | None = None) -> dict[str, int]:
    """Live and dead items by state, of one tenant or of all."""
    states = [state for state in WorkState if state not in (WorkState.DONE, WorkState.CANCELLED)]
    items = WorkItem.objects.filter(state__in=states)
    if tenant_id is not None:
        items = items.filter(tenant_id=tenant_id)
    found = dict(items.values_list("state").annotate(Count("id")))
    return {str(state): found.get(str(state), 0) for state in states}


def list_dead(tenant_id: int, *, limit: int = 100) -> list[WorkView]:
    """A tenant's dead letters, newest first."""
    dead = WorkItem.objects.filter(tenant_id=tenant_id, state=WorkState.DEAD).order_by("-finished_at", "-id")[:limit]
    return [view_of(item) for item in dead]


def oldest_ready_age() -> float:
    """Seconds the longest-waiting claimable item has been due; 0 when nothing waits."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(extract(epoch FROM clock_timestamp() - min(run_at)), 0)::float8 "
            "FROM public.dispatch_workitem WHERE state = 'ready' AND NOT parked"
        )
        return max(0.0, float(cursor.fetchone()[0]))


def view_of(item: WorkItem) -> WorkView:
    """A row as others may see it."""
    return WorkView(
        id=item.pk,
        tenant_id=item.tenant_id,
        kind=item.kind,
        ref=item.ref,
        queue=item.queue,
        state=item.state,
        attempt=item.attempt,
        losses=item.losses,
        run_at=item.run_at,
        enqueued_at=item.enqueued_at,
        finished_at=item.finished_at,
        error_code=item.error_code,
        evidence=item.evidence,
    )


def count_live_workers() -> int:
    """Workers whose lease is not over, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM public.dispatch_worker WHERE lease_until > clock_timestamp()")
        return int(cursor.fetchone()[0])
