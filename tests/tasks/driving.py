"""Sends tasks in and lets the real loop work, as often as a test wants."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import connection

from apps.accounts.models import User
from apps.dispatch.conf import DispatchConf
from apps.dispatch.loop import Loop
from apps.tasks import facade
from apps.tasks.contracts import TaskView
from apps.tasks.services import sweeping
from apps.tenants.facade import get_tenant, tenant_context
from apps.workflows.conf import RUN_KIND
from tests.servers.openai import OpenAIServer

FAST = DispatchConf(poll_busy_s=0.01, poll_idle_s=0.02, slots=16, job_threads=1)
WORK = "gpt-6.1-sol"
ANSWER = (
    "We are pleased to tell you that our office is open from Monday to Friday. You can reach us between nine and five."
)
BODY = "Write two sentences for the client about the new opening hours: Monday to Friday, nine to five."
PUBLIC = (
    "dispatch_workitem",
    "dispatch_worker",
    "dispatch_firing",
    "dispatch_scheduleentry",
    "tenants_usagecounter",
    "tenants_limitoverride",
    "tenants_platformspend",
)
SOONER = """
UPDATE workflows_run SET cursor = jsonb_set(cursor, '{tokens}', (
    SELECT jsonb_agg(CASE WHEN jsonb_typeof(token->9) = 'number' THEN jsonb_set(token, '{9}', '0') ELSE token END)
    FROM jsonb_array_elements(cursor->'tokens') token))
WHERE jsonb_array_length(cursor->'tokens') > 0
"""


def sweep_out() -> None:
    """Empty acme and globex and the queue, and put the defaults back."""
    for slug in ("acme", "globex"):
        with tenant_context(get_tenant(slug=slug)), connection.cursor() as cursor:
            cursor.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename <> 'django_migrations'"
            )
            names = ", ".join(f'"{name}"' for (name,) in cursor.fetchall())
            cursor.execute(f"TRUNCATE {names} RESTART IDENTITY CASCADE")
            facade.ensure_defaults()
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(f'public.{name}' for name in PUBLIC)} CASCADE")
    cache.clear()


@dataclass
class Office:
    """acme at work."""

    model: OpenAIServer

    @contextmanager
    def inside(self, slug: str = "acme") -> Iterator[None]:
        """A tenant's context."""
        with tenant_context(get_tenant(slug=slug)):
            yield

    def send(self, **changes: Any) -> TaskView:
        """One request."""
        with self.inside():
            return facade.submit_task(
                **{"source": "portal", "title": "Opening hours", "body": BODY, "task_type": "drafting", **changes}
            )

    def work(self, *kinds: str) -> None:
        """Work until nothing is claimable any more."""
        Loop(conf=FAST, kinds=list(kinds) or [RUN_KIND], until_empty=True).run()

    def done(self, **changes: Any) -> TaskView:
        """Send one request, work, and look."""
        task = self.send(**changes)
        self.work()
        return self.view(task.id)

    def view(self, task_id: UUID) -> TaskView:
        """The task as it stands."""
        with self.inside():
            return facade.get_task(task_id)

    def decide(self, task_id: UUID, decision: str, *, by: User, **more: Any) -> TaskView:
        """A person's decision, then work."""
        with self.inside():
            facade.decide_review(
                task_id=task_id, decision=decision, user_id=by.pk, **{"edited_text": None, "reason": "", **more}
            )
        self.work()
        return self.view(task_id)

    def sweep(self) -> dict[str, int]:
        """One sweep, as if half a minute had passed since the last change."""
        with self.inside():
            self.sql("UPDATE tasks_task SET touched_at = touched_at - interval '1 minute'")
            return sweeping.catch_up()

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Plain SQL in acme's schema."""
        with self.inside(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def wake(self) -> None:
        """Let the time of everything that rests come now: parked work, the runs' own timers, paused models."""
        cache.clear()
        self.sql(SOONER)
        self.sql("UPDATE public.dispatch_workitem SET run_at = clock_timestamp() WHERE parked")
