"""Figures of a workflow over a span of days, set beside those of the span before. One query for both."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from apps.workflows.analytics.rollup import BASE
from apps.workflows.models import StepDay
from apps.workflows.registries import run_revenue


@dataclass(kw_only=True)
class Figures:
    """Sums over some days of a workflow (``step_id`` empty) or one of its steps. Money in millionths of a dollar."""

    step_id: str = ""
    runs: int = 0
    succeeded: int = 0
    failed: int = 0
    still_open: int = 0
    retries: int = 0
    cost_micros: int = 0
    working_ms: int = 0
    waiting_ms: int = 0
    score_sum: int = 0
    score_count: int = 0
    histogram: dict[int, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)

    def add(self, row: StepDay) -> None:
        """Count one day in."""
        for name in ("runs", "succeeded", "failed", "still_open", "retries", "cost_micros", "working_ms", "waiting_ms",
                     "score_sum", "score_count"):  # fmt: skip
            setattr(self, name, getattr(self, name) + getattr(row, name))
        for bucket, count in row.histogram.items():
            self.histogram[int(bucket)] = self.histogram.get(int(bucket), 0) + count
        for code, count in row.errors.items():
            self.errors[code] = self.errors.get(code, 0) + count

    @property
    def failure_rate(self) -> float | None:
        """Share of ended runs that failed, 0 to 1; None without any."""
        return self.failed / self.runs if self.runs else None

    @property
    def p50_s(self) -> float | None:
        """Median duration in seconds, within a bucket's width (7.5 %)."""
        return percentile(self.histogram, 0.5)

    @property
    def p95_s(self) -> float | None:
        """The duration that 95 of 100 stay below."""
        return percentile(self.histogram, 0.95)

    @property
    def waiting_s(self) -> float:
        """Seconds that visits rested or waited for people."""
        return self.waiting_ms / 1000

    @property
    def score(self) -> int | None:
        """Mean score of those that were scored."""
        return round(self.score_sum / self.score_count) if self.score_count else None

    @property
    def cost_per_success(self) -> int | None:
        """Everything spent, failures included, for each success; None without one."""
        return round(self.cost_micros / self.succeeded) if self.succeeded else None

    @property
    def top_errors(self) -> list[tuple[str, int]]:
        """The five most frequent error codes."""
        return sorted(self.errors.items(), key=lambda item: (-item[1], item[0]))[:5]


def percentile(histogram: Mapping[int, int], share: float) -> float | None:
    """Seconds at a share of a histogram of milliseconds: the middle of its bucket, on the scale the buckets grow by."""
    total = sum(histogram.values())
    if not total:
        return None
    rank, seen = math.ceil(total * share), 0
    for bucket in sorted(histogram):
        seen += histogram[bucket]
        if seen >= rank:
            return 0.0005 if bucket == 0 else BASE ** (bucket + 0.5) / 1000
    return None


@dataclass(frozen=True, kw_only=True)
class Report:
    """A workflow from ``first`` to ``last`` (both included, UTC): now, before, by day and by step. ``revenue_micros`` is None where
    nobody knows it."""

    first: date
    last: date
    total: Figures
    before: Figures
    days: tuple[tuple[date, Figures], ...]
    steps: tuple[Figures, ...]
    measured_at: datetime | None
    revenue_micros: int | None

    @property
    def margin_micros(self) -> int | None:
        """Revenue less cost; None where the revenue is not known."""
        return None if self.revenue_micros is None else self.revenue_micros - self.total.cost_micros


def report(workflow_id: UUID, *, first: date, last: date) -> Report:
    """The figures of a span and of the equally long one before it. One query, and what sources of revenue need."""
    length = (last - first).days + 1
    since = first - timedelta(days=length)
    rows = StepDay.objects.filter(workflow_id=workflow_id, day__gte=since, day__lte=last).order_by("day")
    total, before = Figures(), Figures()
    days = {first + timedelta(days=n): Figures() for n in range(length)}
    steps: dict[str, Figures] = {}
    measured: datetime | None = None
    for row in rows:
        measured = max(measured, row.measured_at) if measured else row.measured_at
        if row.day < first:
            if not row.step_id:
                before.add(row)
        elif row.step_id:
            steps.setdefault(row.step_id, Figures(step_id=row.step_id)).add(row)
        else:
            total.add(row)
            days[row.day].add(row)
    return Report(
        first=first,
        last=last,
        total=total,
        before=before,
        days=tuple(days.items()),
        steps=tuple(sorted(steps.values(), key=lambda one: (-one.failed, -one.working_ms, one.step_id))),
        measured_at=measured,
        revenue_micros=_revenue(workflow_id, first, last),
    )


def _revenue(workflow_id: UUID, first: date, last: date) -> int | None:
    amounts: Iterable[int | None] = [source.of(workflow_id, first, last) for source in run_revenue]
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None
