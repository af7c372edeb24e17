"""Adds closed days up once, so that a month of calls is read in milliseconds however many there were.

A day is closed an hour after it ended (UTC): calls carry the start of their transaction as their time, and none lasts longer.
"""

from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, transaction

from apps.ai.models import UsageDay, UsageMark

SLACK = timedelta(hours=1)
DAYS_AT_ONCE = 31
SPENDING = "CASE WHEN c.role IN ('retry', 'fallback', 'repair') THEN 'retry' ELSE c.purpose END"
SUMS = """count(*) AS calls, count(*) FILTER (WHERE c.state = 'failed') AS failed_calls,
    count(*) FILTER (WHERE c.cost_micros IS NULL AND (c.state = 'ok' OR c.charged_micros > 0)) AS unpriced_calls,
    coalesce(sum(c.prompt_tokens), 0)::bigint AS prompt_tokens, coalesce(sum(c.cached_tokens), 0)::bigint AS cached_tokens,
    coalesce(sum(c.completion_tokens), 0)::bigint AS completion_tokens, coalesce(sum(c.cost_micros), 0)::bigint AS cost_micros"""
ROLL = f"""
INSERT INTO ai_usageday (day, workflow, model, spending, task_type, user_id, calls, failed_calls, unpriced_calls,
                         prompt_tokens, cached_tokens, completion_tokens, cost_micros)
SELECT (c.created_at AT TIME ZONE 'UTC')::date, c.workflow, c.model, {SPENDING}, c.task_type, c.user_id, {SUMS}
FROM ai_aicall c WHERE c.created_at >= %s AND c.created_at < %s GROUP BY 1, 2, 3, 4, 5, 6
"""  # noqa: S608 - constants of this module


def roll_up(*, now: datetime) -> int:
    """Add up every closed day that is not yet. A second call, or one beside it, changes nothing. Returns the days added.

    At most a month of days per call, so that a first run over years stays short; the next call goes on.
    """
    closed_until = (now - SLACK).astimezone(UTC).date()
    with transaction.atomic():
        mark = _locked_mark()
        if mark is None or mark.rolled_until >= closed_until:
            return 0
        until = min(closed_until, mark.rolled_until + timedelta(days=DAYS_AT_ONCE))
        UsageDay.objects.filter(day__gte=mark.rolled_until, day__lt=until).delete()
        with connection.cursor() as cursor:
            cursor.execute(ROLL, [midnight(mark.rolled_until), midnight(until)])
        days = (until - mark.rolled_until).days
        mark.rolled_until = until
        mark.save()
    return days


def _locked_mark() -> UsageMark | None:
    """The mark, made at the first call's day; None while there are no calls."""
    mark = UsageMark.objects.select_for_update().first()
    if mark is not None:
        return mark
    with connection.cursor() as cursor:
        cursor.execute("SELECT (min(created_at) AT TIME ZONE 'UTC')::date FROM ai_aicall")
        (first,) = cursor.fetchone()
    if first is None:
        return None
    UsageMark.objects.bulk_create([UsageMark(rolled_until=first)], ignore_conflicts=True)
    return UsageMark.objects.select_for_update().first()


def midnight(day: date) -> datetime:
    """The first instant of a day, UTC."""
    return datetime.combine(day, time.min, tzinfo=UTC)
