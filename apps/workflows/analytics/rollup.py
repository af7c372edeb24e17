"""Writes the sums per workflow, day and step. Every day can be written anew from runs; twice gives the same.

A run's id begins with the moment of its creation (RFC 9562, UUID version 7), so a day of runs is a range of the primary key and
needs no index of its own.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Max

from apps.workflows.analytics.conf import LONG_LOOK_DAYS, SHORT_LOOK_DAYS
from apps.workflows.enums import EffectClass
from apps.workflows.models import Run, StepDay
from apps.workflows.registries import step_types

# Bucket b of a histogram holds durations from BASE**b up to BASE**(b+1) milliseconds; 0 also what is shorter.
BASE = 1.15
MEASURE = """
WITH r AS (
    SELECT r.id, v.workflow_id, r.state, r.cost_micros, r.error ->> 'code' AS code,
           extract(epoch FROM r.finished_at - coalesce(r.started_at, r.created_at)) * 1000 AS ms
    FROM workflows_run r JOIN workflows_workflowversion v ON v.id = r.version_id
    WHERE r.id >= %(first)s AND r.id < %(after)s AND r.what_if_id IS NULL
), s AS (
    SELECT r.workflow_id, s.run_id, s.step_id, s.path, s.attempt, s.seq, s.state, s.cost_micros, s.error ->> 'code' AS code,
           s.type = ANY(%(waiting)s) AS waits, extract(epoch FROM s.finished_at - s.started_at) * 1000 AS ms,
           CASE WHEN jsonb_typeof(s.output -> 'score') = 'number' THEN round((s.output ->> 'score')::numeric) END AS score
    FROM r JOIN workflows_steprun s ON s.run_id = r.id
), last AS (
    SELECT DISTINCT ON (run_id, path) * FROM s ORDER BY run_id, path, attempt DESC
), per_run AS (
    SELECT run_id, sum(ms) FILTER (WHERE waits) AS waiting, sum(ms) FILTER (WHERE NOT waits) AS working,
           count(*) FILTER (WHERE attempt > 1) AS retries,
           (array_agg(score ORDER BY seq DESC) FILTER (WHERE score IS NOT NULL))[1] AS score
    FROM s GROUP BY run_id
), lines AS (
    SELECT r.workflow_id, '' AS step_id, r.state, r.cost_micros, r.code, r.ms, p.working, p.waiting,
           coalesce(p.retries, 0) AS retries, p.score
    FROM r LEFT JOIN per_run p ON p.run_id = r.id
    UNION ALL
    SELECT l.workflow_id, l.step_id, l.state, t.cost, l.code, l.ms, CASE WHEN NOT l.waits THEN t.ms END,
           CASE WHEN l.waits THEN t.ms END, l.attempt - 1, l.score
    FROM last l
    JOIN (SELECT run_id, path, sum(cost_micros) AS cost, sum(ms) AS ms FROM s GROUP BY run_id, path) t USING (run_id, path)
), bucketed AS (
    SELECT *, greatest(0, floor(ln(greatest(ms, 1)) / ln(%(base)s::float8)))::int AS bucket,
           state IN ('succeeded', 'failed', 'cancelled') AS ended
    FROM lines
), sums AS (
    SELECT workflow_id, step_id, count(*) FILTER (WHERE ended) AS runs, count(*) FILTER (WHERE state = 'succeeded') AS succeeded,
           count(*) FILTER (WHERE state = 'failed') AS failed, count(*) FILTER (WHERE NOT ended) AS still_open,
           sum(retries) AS retries, sum(cost_micros) AS cost, round(coalesce(sum(working), 0)) AS working,
           round(coalesce(sum(waiting), 0)) AS waiting, coalesce(sum(score), 0) AS score_sum, count(score) AS score_count
    FROM bucketed GROUP BY workflow_id, step_id
), hist AS (
    SELECT workflow_id, step_id, jsonb_object_agg(bucket, n) AS histogram
    FROM (SELECT workflow_id, step_id, bucket, count(*) AS n FROM bucketed WHERE ended AND ms IS NOT NULL GROUP BY 1, 2, 3) b
    GROUP BY workflow_id, step_id
), errs AS (
    SELECT workflow_id, step_id, jsonb_object_agg(code, n) AS errors
    FROM (SELECT workflow_id, step_id, code, count(*) AS n FROM bucketed WHERE state = 'failed' AND code IS NOT NULL
          GROUP BY 1, 2, 3) e
    GROUP BY workflow_id, step_id
)
INSERT INTO workflows_stepday (id, workflow_id, day, step_id, runs, succeeded, failed, still_open, retries, cost_micros, working_ms,
                               waiting_ms, score_sum, score_count, histogram, errors, measured_at)
SELECT gen_random_uuid(), s.workflow_id, %(day)s, s.step_id, s.runs, s.succeeded, s.failed, s.still_open, s.retries, s.cost,
       s.working, s.waiting, s.score_sum, s.score_count, coalesce(h.histogram, '{}'), coalesce(e.errors, '{}'), clock_timestamp()
FROM sums s LEFT JOIN hist h USING (workflow_id, step_id) LEFT JOIN errs e USING (workflow_id, step_id)
ON CONFLICT (workflow_id, day, step_id) DO UPDATE
SET runs = excluded.runs, succeeded = excluded.succeeded, failed = excluded.failed, still_open = excluded.still_open,
    retries = excluded.retries, cost_micros = excluded.cost_micros, working_ms = excluded.working_ms,
    waiting_ms = excluded.waiting_ms, score_sum = excluded.score_sum, score_count = excluded.score_count,
    histogram = excluded.histogram, errors = excluded.errors,
    measured_at = excluded.measured_at
"""


def roll_up(*, now: datetime | None = None) -> int:
    """Measure the days that may have changed: the last three, those with runs still open, and once a day the last five weeks;
    the first time everything there is. Returns how many days were measured; each is a transaction of its own."""
    today = (now or datetime.now(tz=UTC)).astimezone(UTC).date()
    newest = StepDay.objects.aggregate(at=Max("measured_at"))["at"]
    days = {today - timedelta(days=back) for back in range(SHORT_LOOK_DAYS)}
    days |= set(StepDay.objects.filter(still_open__gt=0, step_id="").values_list("day", flat=True).distinct())
    if newest is None:
        days |= set(_all_days(today))
    elif newest.astimezone(UTC).date() < today:
        days |= {today - timedelta(days=back) for back in range(LONG_LOOK_DAYS)}
    for day in sorted(days):
        measure_day(day)
    return len(days)


def _all_days(today: date) -> list[date]:
    first = Run.objects.order_by("pk").values_list("created_at", flat=True).first()
    begin = first.astimezone(UTC).date() if first else today
    return [begin + timedelta(days=n) for n in range((today - begin).days + 1)]


def measure_day(day: date) -> None:
    """Write one day's sums."""
    waiting = [handler.type for handler in step_types if handler.effect is EffectClass.PURE]
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    values: dict[str, Any] = {
        "first": lowest_id(begin), "after": lowest_id(begin + timedelta(days=1)), "day": day, "waiting": waiting, "base": BASE,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(MEASURE, values)


def lowest_id(moment: datetime) -> UUID:
    """The lowest id a row created at ``moment`` can have (UUID version 7: 48 bits of milliseconds first)."""
    return UUID(int=(int(moment.timestamp() * 1000) & ((1 << 48) - 1)) << 80)
