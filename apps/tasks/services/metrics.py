"""Figures per day (UTC), task type and client, always computed from the tasks themselves.

A task counts on the day it was closed, a submission on the day it came. Durations run from the first step to the end and leave
out tasks a person decided, whose time says more about the person's day than about the work. Refused requests are failures
without cost.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.tasks.contracts import MetricRow
from apps.tasks.models import JobMetric
from apps.tasks.services.clock import database_now

MAX_DAYS = 400
FIELDS = (
    "day",
    "task_type",
    "client",
    "submitted",
    "done",
    "failed",
    "to_person",
    "passed_first_time",
    "duration_ms_p50",
    "duration_ms_p95",
    "tokens",
    "cost_micros",
    "score_avg",
)
KEY = ("day", "task_type", "client")
FIGURES = """
WITH closed AS (
    SELECT (t.finished_at AT TIME ZONE 'utc')::date AS day, k.slug AS task_type, t.client, t.state, t.tokens, t.cost_micros,
           t.score, t.revisions, EXISTS (SELECT 1 FROM tasks_reviewitem r WHERE r.task_id = t.id) AS by_person,
           extract(epoch FROM t.finished_at - coalesce(t.started_at, t.created_at)) * 1000 AS ms
    FROM tasks_task t JOIN tasks_tasktype k ON k.id = t.type_id
    WHERE t.finished_at >= %(first)s AND t.finished_at < %(beyond)s
), sent AS (
    SELECT (t.created_at AT TIME ZONE 'utc')::date AS day, k.slug AS task_type, t.client, count(*) AS submitted
    FROM tasks_task t JOIN tasks_tasktype k ON k.id = t.type_id
    WHERE t.created_at >= %(first)s AND t.created_at < %(beyond)s
    GROUP BY 1, 2, 3
), ended AS (
    SELECT day, task_type, client,
           count(*) FILTER (WHERE state = 'done') AS done,
           count(*) FILTER (WHERE state = 'failed') AS failed,
           count(*) FILTER (WHERE by_person) AS to_person,
           count(*) FILTER (WHERE state = 'done' AND NOT by_person AND revisions = 0) AS passed_first_time,
           percentile_disc(0.5) WITHIN GROUP (ORDER BY ms) FILTER (WHERE state = 'done' AND NOT by_person) AS p50,
           percentile_disc(0.95) WITHIN GROUP (ORDER BY ms) FILTER (WHERE state = 'done' AND NOT by_person) AS p95,
           sum(tokens) AS tokens, sum(cost_micros) AS cost_micros, avg(score) AS score_avg
    FROM closed GROUP BY 1, 2, 3
)
SELECT day, task_type, client, coalesce(submitted, 0), coalesce(done, 0), coalesce(failed, 0), coalesce(to_person, 0),
       coalesce(passed_first_time, 0), round(p50)::bigint, round(p95)::bigint, coalesce(tokens, 0)::bigint,
       coalesce(cost_micros, 0)::bigint, score_avg::float8
FROM ended FULL JOIN sent USING (day, task_type, client)
ORDER BY day, task_type, client
"""


def job_metrics(*, first: date, last: date) -> list[MetricRow]:
    """Figures of the days ``first`` to ``last`` (both included), as they are now. Raises ``InvalidInput`` beyond 400 days."""
    if last < first or (last - first).days >= MAX_DAYS:
        raise InvalidInput(fields={"last": _("Choose 1 to %(days)d days in order.") % {"days": MAX_DAYS}})
    bounds = {"first": midnight(first), "beyond": midnight(last + timedelta(days=1))}
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, bounds)
        return [MetricRow(**dict(zip(FIELDS, row, strict=True))) for row in cursor.fetchall()]


def roll_up(*, day: date) -> int:
    """Store one day's figures, replacing what was stored for it. Returns the number of rows."""
    rows = job_metrics(first=day, last=day)
    figures = [name for name in FIELDS if name not in KEY]
    with transaction.atomic():
        kept = JobMetric.objects.bulk_create(
            (JobMetric(**{name: getattr(row, name) for name in FIELDS}, computed_at=Now()) for row in rows),
            update_conflicts=True,
            unique_fields=list(KEY),
            update_fields=[*figures, "computed_at"],
        )
        JobMetric.objects.filter(day=day).exclude(pk__in=[row.pk for row in kept]).delete()
    return len(rows)


def roll_up_recent() -> int:
    """Store today's and the two days before, so that late bills and a missed night are made good."""
    today = database_now().astimezone(UTC).date()
    return sum(roll_up(day=today - timedelta(days=back)) for back in range(3))


def totals_since(*, hours: int = 24) -> dict[str, Any]:
    """Closed tasks of the last hours: ``jobs``, ``failed``, ``score_avg``, ``below_target``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), count(*) FILTER (WHERE state = 'failed'), avg(score)::float8, "
            "count(*) FILTER (WHERE score < target) FROM tasks_task WHERE finished_at > now() - make_interval(hours => %s)",
            [hours],
        )
        jobs, failed, score, low = cursor.fetchone()
    return {"jobs": jobs, "failed": failed, "score_avg": score, "below_target": low}


def midnight(day: date) -> datetime:
    """The first instant of a day, UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)
