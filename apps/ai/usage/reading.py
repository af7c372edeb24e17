"""One statement answers everything the usage page asks: closed days from their sums, the open rest from the calls themselves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from django.db import connection

from apps.ai.models import UsageDay
from apps.ai.usage.rolling import SPENDING, SUMS, midnight

# The dimensions people filter by, each with the column of the union below.
DIMENSIONS = ("workflow", "model", "spending", "task_type", "user_id")
FIGURES = (
    "calls",
    "failed_calls",
    "unpriced_calls",
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "cost_micros",
)
READ = f"""
WITH mark AS (SELECT coalesce(max(rolled_until), DATE '2000-01-01') AS day FROM ai_usagemark),
rows AS (
    SELECT day, workflow, model, spending, task_type, user_id, {", ".join(FIGURES)}
    FROM ai_usageday WHERE day >= %(first)s AND day <= %(last)s AND day < (SELECT day FROM mark)
    UNION ALL
    SELECT (c.created_at AT TIME ZONE 'UTC')::date, c.workflow, c.model, {SPENDING}, c.task_type, c.user_id, {SUMS}
    FROM ai_aicall c
    WHERE c.created_at >= greatest(%(begin)s::timestamptz, (SELECT day FROM mark)::timestamp AT TIME ZONE 'UTC')
      AND c.created_at < %(end)s
    GROUP BY 1, 2, 3, 4, 5, 6
)
SELECT grouping(day, workflow, model, spending, task_type, user_id), day, workflow, model, spending, task_type, user_id,
       {", ".join(f"sum({name})::bigint" for name in FIGURES)}
FROM rows WHERE {{where}}
GROUP BY GROUPING SETS ((day), (workflow), (model), (spending), (task_type), (user_id), ())
"""  # noqa: S608 - constants of this module
NAMES = ("day", *DIMENSIONS)


@dataclass(frozen=True, kw_only=True)
class UsageSum:
    """Calls and money of one group. ``cost_micros`` leaves out ``unpriced_calls``, whose price is unknown."""

    value: Any
    calls: int = 0
    failed_calls: int = 0
    unpriced_calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0
    cost_micros: int = 0


@dataclass(frozen=True, kw_only=True)
class UsageReport:
    """Usage of some days: the total, each day, and each dimension with its dearest group first."""

    first: date
    last: date
    total: UsageSum
    days: tuple[UsageSum, ...]
    groups: Mapping[str, tuple[UsageSum, ...]] = field(default_factory=dict)


def usage_report(*, first: date, last: date, chosen: Mapping[str, Any] | None = None) -> UsageReport:
    """Figures of the days ``first`` to ``last`` (both included, UTC), narrowed to ``chosen`` values of dimensions. One query."""
    chosen = {name: value for name, value in (chosen or {}).items() if name in DIMENSIONS}
    where = " AND ".join(f"{name} = %({name})s" for name in chosen) or "true"
    bounds = {"first": first, "last": last, "begin": midnight(first), "end": midnight(last + timedelta(days=1))}
    found: dict[str, list[UsageSum]] = {name: [] for name in NAMES}
    total = UsageSum(value=None)
    with connection.cursor() as cursor:
        cursor.execute(READ.format(where=where), bounds | chosen)
        for bits, *cells in cursor.fetchall():
            values, figures = cells[: len(NAMES)], cells[len(NAMES) :]
            name = _grouped_by(bits)
            sums = {key: amount or 0 for key, amount in zip(FIGURES, figures, strict=True)}
            if name is None:
                total = UsageSum(value=None, **sums)
            else:
                found[name].append(UsageSum(value=values[NAMES.index(name)], **sums))
    days = tuple(sorted(found.pop("day"), key=lambda line: line.value))
    return UsageReport(
        first=first, last=last, total=total, days=days,
        groups={name: tuple(sorted(lines, key=_dearest)) for name, lines in found.items()},
    )  # fmt: skip


def _grouped_by(bits: int) -> str | None:
    """PostgreSQL's GROUPING sets a bit per column that is not grouped, the first column highest."""
    for index, name in enumerate(NAMES):
        if not bits & (1 << (len(NAMES) - 1 - index)):
            return name
    return None


def _dearest(line: UsageSum) -> tuple[int, int, str]:
    return -line.cost_micros, -line.calls, str(line.value)


def recent_workflows(*, limit: int = 50) -> list[str]:
    """Names of workflows that asked models within the added-up days."""
    rows = UsageDay.objects.exclude(workflow="").values_list("workflow", flat=True).distinct().order_by("workflow")
    return list(rows[:limit])
