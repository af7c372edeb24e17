"""The boards people look at in Notion: the heartbeat and the operations monitor, from real rows.

One heartbeat row per day and one row per component, updated in place: a board that grows by a row every hour is read by nobody.
"Payment System" gets a row once there are payments. Regional Compliance, Finance, Governance, Forecast, Partners, Referrals
and Growth are created and stay empty until the apps that own such rows exist.
"""

import time
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from apps.connectors import facade as connectors
from apps.core.revision import current_revision
from apps.tasks.enums import TaskState
from apps.tasks.models import Task
from apps.tasks.notion import keys
from apps.tasks.services import metrics, stuck
from apps.tasks.services.clock import database_now

POLL_AGE_LIMIT_S = 300
FAILED_SHARE_LIMIT = 0.1
DATABASE_LIMIT_MS = 200


def heartbeat() -> None:
    """Write both boards; nothing without a Notion connection."""
    if not connectors.notion_connected():
        return
    now = database_now().astimezone(UTC)
    totals = metrics.totals_since(hours=24)
    waiting = Task.objects.filter(state=TaskState.REVIEW).count()
    stuck_now = stuck.find_stuck()
    revision = current_revision()
    connectors.notion_upsert(
        database_key=keys.STATUS_BOARD,
        local_ref=f"heartbeat:{now.date()}",
        values={
            "Name": f"Heartbeat {now.date()}",
            "When": now.isoformat(),
            "OK": not stuck_now and not totals["failed"],
            "Jobs (24h)": totals["jobs"],
            "Avg QA (24h)": _rounded(totals["score_avg"]),
            "Low-QA Count": totals["below_target"],
            "Commit": revision.label[:57],
            "Branch": "",
            "Notes": _("%(failed)d failed, %(waiting)d wait for a person, %(stuck)d stuck.")
            % {"failed": totals["failed"], "waiting": waiting, "stuck": len(stuck_now)},
        },
    )
    for component, reading in _readings(now, totals).items():
        connectors.notion_upsert(
            database_key=keys.OPERATIONS,
            local_ref=f"component:{component}",
            values={"Name": component, "Component": component, "Timestamp": now.isoformat(), **reading},
        )


def _readings(now: datetime, totals: dict[str, Any]) -> dict[str, dict[str, Any]]:
    polled = [
        view.polled_at
        for entry in connectors.list_connections()
        for view in entry.databases
        if view.polled_at is not None
    ]
    age = (now - min(polled)).total_seconds() if polled else None
    share = totals["failed"] / totals["jobs"] if totals["jobs"] else 0.0
    return {
        "Bot Polling": _reading(_("seconds since the oldest poll"), age, POLL_AGE_LIMIT_S),
        "AI Processing": _reading(_("failed share of the last 24 hours"), share, FAILED_SHARE_LIMIT),
        "Database": _reading(_("milliseconds for a statement"), _statement_ms(), DATABASE_LIMIT_MS),
    }


def _reading(metric: str, value: float | None, limit: float) -> dict[str, Any]:
    status = "Warning" if value is None else "Healthy" if value <= limit else "Error"
    return {"Metric": metric, "Value": _rounded(value), "Threshold": limit, "Status": status}


def _statement_ms() -> float:
    start = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return (time.perf_counter() - start) * 1000


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
