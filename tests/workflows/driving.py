"""Drives runs to rest with the real loop, in the test's own process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connection

from apps.dispatch.conf import DispatchConf
from apps.dispatch.loop import Loop
from apps.tenants.facade import tenant_context
from apps.workflows import facade
from apps.workflows.conf import RUN_KIND
from apps.workflows.contracts import RunView

FAST = DispatchConf(poll_busy_s=0.01, poll_idle_s=0.02, slots=32, job_threads=1)


def drain() -> None:
    """Work until nothing is claimable any more (what is parked for later stays parked)."""
    Loop(conf=FAST, kinds=[RUN_KIND], until_empty=True).run()


def wake_sleepers() -> None:
    """Let the time of everything that rests come now: parked work and the runs' own timers."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE public.dispatch_workitem SET run_at = clock_timestamp() WHERE parked")


@contextmanager
def inside(slug: str = "acme") -> Iterator[Any]:
    """A tenant's context."""
    from apps.tenants.facade import get_tenant

    with tenant_context(get_tenant(slug=slug)) as tenant:
        yield tenant


def workflow(steps: Mapping[str, Any], *, start: str = "a", slug: str = "w", **more: Any) -> str:
    """Publish a definition in the current tenant."""
    facade.ensure_workflow(slug=slug, name=slug, definition={"schema": 1, "start": start, "steps": steps, **more})
    return slug


def run(steps: Mapping[str, Any], inputs: Mapping[str, Any] | None = None, **more: Any) -> UUID:
    """Publish and start in acme, drain, and return the run's id."""
    with inside():
        run_id = facade.start_run(workflow=workflow(steps, **more), inputs=inputs or {})
    drain()
    return run_id


def view(run_id: UUID) -> RunView:
    """The run as it stands."""
    with inside():
        return facade.get_run(run_id)
