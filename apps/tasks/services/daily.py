"""Figures per day (UTC) over all kinds of tasks and clients: what a page about the workspace as a whole needs, in few rows."""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import connection

from apps.tasks.services.metrics import midnight

BY_DAY = """
WITH closed AS (
    SELECT (t.finished_at AT TIME ZONE 'utc')::date AS day, t.state, t.cost_micros, t.score, t.revisions,
           r.task_id IS NOT NULL AS by_person,
           extract(epoch FROM t.finished_at - coalesce(t.started_at, t.created_at)) * 1000 AS ms
    FROM tasks_task t LEFT JOIN (SELECT DISTINCT task_id FROM tasks_reviewitem) r ON r.task_id = t.id
    WHERE t.finished_at >= %(first)s AND t.finished_at < %(beyond)s
)
SELECT day, count(*) FILTER (WHERE state = 'done'), count(*) FILTER (WHERE state = 'failed'),
       count(*) FILTER (WHERE state = 'done' AND NOT by_person AND revisions = 0),
       round(percentile_disc(0.95) WITHIN GROUP (ORDER BY ms) FILTER (WHERE state = 'done' AND NOT by_person))::bigint,
       coalesce(sum(cost_micros), 0)::bigint, avg(score)::float8
FROM closed GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True, kw_only=True)
class DayRow:
    """One day's closed tasks; durations leave out tasks a person decided, as ``job_metrics`` does."""

    day: date
    done: int
    failed: int
    passed_first_time: int
    duration_ms_p95: int | None
    cost_micros: int
    score_avg: float | None


def day_metrics(*, first: date, last: date) -> list[DayRow]:
    """Figures of the days ``first`` to ``last`` (both included), as they are now; days without a closed task are left out."""
    bounds = {"first": midnight(first), "beyond": midnight(last + timedelta(days=1))}
    names = tuple(DayRow.__dataclass_fields__)
    with connection.cursor() as cursor:
        cursor.execute(BY_DAY, bounds)
        return [DayRow(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
