"""Reads of the gateway: spend, budgets, agreement."""

from __future__ import annotations

from datetime import UTC, date, datetime

from django.db.models import Avg, CharField, Count, F, IntegerField, Q, Sum
from django.db.models.functions import Cast, Coalesce, TruncDate

from apps.ai.contracts import Agreement, BudgetView, UsageLine
from apps.ai.enums import CallState, Period
from apps.ai.models import AICall, Budget, BudgetCounter
from apps.ai.quality import agreement
from apps.core.errors import InvalidInput

GROUPS = ("model", "purpose", "task_type", "workflow", "user_id", "day")


def usage_summary(*, since: datetime, until: datetime, group_by: str) -> list[UsageLine]:
    """See ``facade.usage_summary``. ``since`` is included, ``until`` is not; groups with most cost first."""
    if group_by not in GROUPS:
        raise InvalidInput(fields={"group_by": f"one of {', '.join(GROUPS)}"})
    group = TruncDate("created_at", tzinfo=UTC) if group_by == "day" else F(group_by)
    rows = (
        AICall.objects.filter(created_at__gte=since, created_at__lt=until)
        .values(group=Cast(group, CharField()))
        .annotate(
            calls=Count("id"),
            failed=Count("id", filter=Q(state=CallState.FAILED)),
            prompt=Coalesce(Sum("prompt_tokens"), 0),
            cached=Coalesce(Sum("cached_tokens"), 0),
            written=Coalesce(Sum("completion_tokens"), 0),
            cost=Coalesce(Sum("cost_micros"), 0),
            unpriced=Count("id", filter=Q(cost_micros=None)),
            latency=Coalesce(Cast(Avg("latency_ms"), IntegerField()), 0),
        )
        .order_by("-cost", "group")
    )
    return [
        UsageLine(group=row["group"] or "", calls=row["calls"], failed_calls=row["failed"], prompt_tokens=row["prompt"],
                  cached_tokens=row["cached"], completion_tokens=row["written"], cost_micros=row["cost"],
                  unpriced_calls=row["unpriced"], mean_latency_ms=row["latency"])
        for row in rows
    ]  # fmt: skip


def list_budgets() -> list[BudgetView]:
    """See ``facade.list_budgets``. A "*" budget shows one line per subject that spent, and one for the rule itself."""
    views = []
    today = datetime.now(UTC).date()
    budgets = list(
        Budget.objects.filter(Q(is_plan=True) | Q(cap_micros__isnull=False)).order_by("scope", "subject", "period")
    )
    running: dict[tuple[int, date], dict[str, BudgetCounter]] = {}
    starts = {period_start(period, today) for period in Period.values}
    for found in BudgetCounter.objects.filter(budget__in=budgets, period_start__in=starts):
        running.setdefault((found.budget_id, found.period_start), {})[found.subject] = found
    for budget in budgets:
        start = period_start(budget.period, today)
        counters = running.get((budget.pk, start), {})
        for subject in dict.fromkeys([budget.subject, *sorted(counters)]):
            counter = counters.get(subject)
            views.append(BudgetView(
                id=budget.pk, scope=budget.scope, subject=subject, period=budget.period, cap_micros=_cap(budget),
                spent_micros=counter.spent_micros if counter else 0, reserved_micros=counter.reserved_micros if counter else 0,
                action=budget.action, period_start=start,
            ))  # fmt: skip
    return views


def period_start(period: str, today: date) -> date:
    """First day of the running period, as the reservation statement computes it."""
    if period == Period.DAY:
        return today
    return today.replace(day=1) if period == Period.MONTH else date(2000, 1, 1)


def judge_agreement(*, last: int) -> Agreement:
    """See ``facade.judge_agreement``."""
    return agreement.judge_agreement(last=last)


def _cap(budget: Budget) -> int | None:
    if not budget.is_plan:
        return budget.cap_micros
    from apps.tenants import facade as tenants

    return tenants.entitlement("ai_cost_micros_per_month")


def plan_budget_ids() -> frozenset[int]:
    """Rows that stand for the plan's own allowance."""
    return frozenset(Budget.objects.filter(is_plan=True).values_list("pk", flat=True))


def tight_budgets(*, percent: int) -> list[BudgetView]:
    """Caps of which at least so much is gone, tightest first; rules for each subject are judged by their subjects."""
    found = [
        view for view in list_budgets()
        if view.cap_micros and (view.spent_micros + view.reserved_micros) * 100 >= view.cap_micros * percent
    ]  # fmt: skip
    return sorted(found, key=lambda view: -(view.spent_micros + view.reserved_micros) / (view.cap_micros or 1))
