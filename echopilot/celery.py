"""Celery supplies processes, supervision and wake-ups; what is to be done and what is done stands in PostgreSQL.

`celery -A echopilot worker` runs the dispatch loop in its main process. Tasks carry nothing that belongs to a tenant.
"""

import os
from typing import Any

from celery.exceptions import Ignore
from django.db import connection
from tenant_schemas_celery.app import CeleryApp
from tenant_schemas_celery.task import TenantTask

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "echopilot.settings.dev")


class SafeTenantTask(TenantTask):
    """Refuses to run in another schema than the message names: a missing tenant would otherwise fall through to ``public``."""

    abstract = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task, or drop the message when its schema could not be entered."""
        wanted = (self.request.headers or {}).get("_schema_name") or self.request.get("_schema_name") or "public"
        if connection.schema_name != wanted:
            raise Ignore(f"schema {wanted} could not be entered")
        return super().__call__(*args, **kwargs)


app = CeleryApp("echopilot", task_cls=SafeTenantTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def _add_loop(app: CeleryApp) -> None:
    from apps.dispatch.celery_step import LoopStep

    app.steps["worker"].add(LoopStep)


app.on_after_finalize.connect(lambda sender, **_: _add_loop(sender), weak=False)
