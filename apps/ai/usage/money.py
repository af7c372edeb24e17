"""The month so far against its budget, and what one passed task costs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from apps.ai.contracts import BudgetView
from apps.ai.enums import Period, Scope
from apps.ai.registries import outcome_sources

WARN_PERCENT = 80


@dataclass(frozen=True, kw_only=True)
class MonthSoFar:
    """Spend of the running month (UTC) beside its tightest cap. ``percent`` None: nothing caps it. ``pace_micros`` is what the
    whole month comes to when the rest goes like the days so far; None on its first day."""

    spent_micros: int
    reserved_micros: int
    cap_micros: int | None
    percent: int | None
    pace_micros: int | None
    days_left: int

    @property
    def is_tight(self) -> bool:
        """Whether the budget needs a look."""
        return self.percent is not None and self.percent >= WARN_PERCENT


def month_so_far(budgets: list[BudgetView], *, today: date) -> MonthSoFar:
    """From the workspace's own monthly counters: exactly what reservations are checked against."""
    own = [one for one in budgets if one.scope == Scope.TENANT and one.period == Period.MONTH]
    spent = max((one.spent_micros for one in own), default=0)
    reserved = max((one.reserved_micros for one in own), default=0)
    caps = [one.cap_micros for one in own if one.cap_micros is not None]
    cap = min(caps, default=None)
    length = (today.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    pace = spent * length.day // (today.day - 1) if today.day > 1 else None
    return MonthSoFar(
        spent_micros=spent, reserved_micros=reserved, cap_micros=cap, percent=percent_of(spent + reserved, cap),
        pace_micros=pace, days_left=length.day - today.day,
    )  # fmt: skip


def percent_of(used: int, cap: int | None) -> int | None:
    """How much of a cap is gone, rounded down; None without a cap, 100 for a cap of nothing."""
    if cap is None:
        return None
    return 100 if cap == 0 else used * 100 // cap


def passed_tasks(*, since: datetime, until: datetime) -> Mapping[str, int]:
    """Answers that were delivered in that time, by kind of task, over all sources."""
    total: dict[str, int] = {}
    for source in outcome_sources:
        for task_type, count in source.passed(since, until).items():
            total[task_type] = total.get(task_type, 0) + count
    return total
