"""EchoPilot as it is installed: the web process takes deliveries, a Celery worker carries them out, history in PostgreSQL."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from apps.core.embedded.ports import free_port
from tests.bench.engine import PURE
from tests.bench.setting import FOLDER, Place
from tests.peers.load import Door, wait_until

HOST = "acme.localhost"
DEFINITION = {
    **PURE,
    "inputs": {"n": {"type": "integer", "required": True}},
    "triggers": {
        "door": {
            "type": "webhook",
            "with": {"verify": "none", "rate_per_minute": 6000, "inputs": {"n": {"$ref": "trigger.body.n"}}},
        }
    },
}


@contextmanager
def running(place: Place) -> Iterator[tuple[Door, "Ours"]]:
    """The web process and one worker on the servers of ``place``, the same five steps published behind a webhook."""
    path = _publish()
    port = free_port()
    begun = time.monotonic()
    with (FOLDER / "peers.log").open("wb") as log:
        processes = [
            subprocess.Popen([sys.executable, "-m", *command], stdout=log, stderr=log, env={**os.environ, "LOG_LEVEL": "WARNING"})
            for command in (
                ["gunicorn", "echopilot.wsgi", "--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", "1", "--threads", "8"],
                ["celery", "-A", "echopilot", "worker", "--loglevel", "WARNING", "--without-gossip", "--without-mingle"],
            )
        ]  # fmt: skip
        door = Door(port=port, path=path, headers={"Host": HOST}, accepts=b'"received": true')
        ours = Ours([process.pid for process in processes])
        try:
            wait_until(door.is_open, what="the web process")
            wait_until(lambda: len(ours.finished_at()) > 0, what="the worker")
            ours.start_s = time.monotonic() - begun
            yield door, ours
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait(timeout=60)


class Ours:
    """What EchoPilot stored about its runs."""

    def __init__(self, pids: list[int]) -> None:
        self.pids = pids
        self.start_s = 0.0

    def finished_at(self) -> list[float]:
        """When each run that succeeded ended, in the order they were asked for, seconds since 1970."""
        return [row[0] for row in _read(
            "SELECT extract(epoch FROM finished_at)::float FROM workflows_run WHERE state = 'succeeded' ORDER BY (inputs->>'n')::int"
        )]  # fmt: skip

    def stored_bytes_per_execution(self) -> float:
        """Size of runs, steps, events and deliveries with their indexes, an execution."""
        tables = ("workflows_run", "workflows_steprun", "workflows_runevent", "workflows_firing")
        size = " + ".join(f"pg_total_relation_size('{table}')" for table in tables)
        return float(_read(f"SELECT ({size})::float / greatest(count(*), 1) FROM workflows_run")[0][0])


def _publish() -> str:
    """Publish the workflow; the path of its webhook."""
    from django.conf import settings
    from django.db import connection
    from django.urls import reverse

    from apps.tenants.facade import get_tenant, tenant_context
    from apps.workflows import facade
    from apps.workflows.models import Trigger

    with connection.cursor() as cursor:
        cursor.execute("UPDATE public.dispatch_tenantqueue SET max_in_flight = 100000")
    with tenant_context(get_tenant(slug="acme")):
        facade.ensure_workflow(slug="five", name="Five steps", definition=DEFINITION)
        key = Trigger.objects.get(workflow__slug="five").address_key
    return reverse("trigger_doors:webhook", args=[key], urlconf=settings.ROOT_URLCONF)


def _read(sql: str) -> list[tuple[float, ...]]:
    from django.db import connection

    from apps.tenants.facade import get_tenant, tenant_context

    with tenant_context(get_tenant(slug="acme")), connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())
