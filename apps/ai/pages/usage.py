"""Usage and costs: one page in which every figure is a filter, and the same figures as CSV."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from apps.accounts.guards import held_permissions, permission_required
from apps.ai import selectors
from apps.ai.gateway.ledger import dollars
from apps.ai.pages.filtering import TITLES, UsageFilter, label_of, names_of
from apps.ai.usage.calls import csv_lines
from apps.ai.usage.money import month_so_far, passed_tasks
from apps.ai.usage.reading import UsageReport, UsageSum, usage_report
from apps.ai.usage.rolling import midnight
from apps.core.charts import Bar, columns, share

LINES = 12


@require_GET
@permission_required("costs.view")
def usage(request: HttpRequest) -> HttpResponse:
    """The month so far against its budget, by day, workflow, model, purpose, person and kind of task."""
    wanted = UsageFilter.of(request)
    report = usage_report(first=wanted.first, last=wanted.last, chosen=wanted.chosen)
    budgets = selectors.list_budgets()
    people = names_of([*(line.value for line in report.groups["user_id"]), wanted.chosen.get("user_id")])
    passed = passed_tasks(since=midnight(wanted.first), until=midnight(wanted.last + timedelta(days=1)))
    month = month_so_far(budgets, today=datetime.now(UTC).date())
    context = {
        "filter": wanted,
        "months": wanted.months,
        "chips": wanted.chips(people),
        "report": report,
        "total": report.total,
        "month": month,
        "days": _days(report, wanted),
        "chart": _chart(report, wanted),
        "groups": _groups(report, wanted, people, passed),
        "per_passed": _per_passed(report.total, wanted, passed),
        "query": wanted.query(),
        "may_budget": "budgets.manage" in held_permissions(request),
    }
    return render(request, "ai/usage.html", context)


@require_GET
@permission_required("costs.view")
def usage_csv(request: HttpRequest) -> HttpResponse:
    """Every call behind the figures shown, as a file that is written while it is read."""
    wanted = UsageFilter.of(request)
    name = f"calls-{wanted.first:%Y-%m-%d}-{wanted.last:%Y-%m-%d}.csv"
    lines = csv_lines(first=wanted.first, last=wanted.last, chosen=wanted.chosen, state=request.GET.get("state", ""))
    answer = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8",
                                   headers={"Content-Disposition": f'attachment; filename="{name}"'})  # fmt: skip
    return cast(HttpResponse, answer)


def _days(report: UsageReport, wanted: UsageFilter) -> list[dict[str, Any]]:
    return [{"line": line, "query": wanted.query(day=line.value.isoformat())} for line in report.days]


def _chart(report: UsageReport, wanted: UsageFilter) -> Any:
    """A column per day of the month, days without calls included up to today."""
    if wanted.day or not report.days:
        return ""
    by_day = {line.value: line for line in report.days}
    last = min(wanted.last, datetime.now(UTC).date())
    bars = []
    for offset in range((last - wanted.first).days + 1):
        day = wanted.first + timedelta(days=offset)
        bars.append(_bar(day, by_day.get(day), wanted, by_cost=report.total.cost_micros > 0))
    said = _("Cost by day") if report.total.cost_micros else _("Calls by day")
    label = _("%(what)s, %(first)s to %(last)s; the table below says the same") % {
        "what": said,
        "first": date_format(wanted.first, "DATE_FORMAT"),
        "last": date_format(last, "DATE_FORMAT"),
    }
    return columns(bars, label=label)


def _bar(day: date, line: UsageSum | None, wanted: UsageFilter, *, by_cost: bool) -> Bar:
    """A bundled model costs nothing: without any cost the columns show the number of calls."""
    cost, calls = (line.cost_micros, line.calls) if line else (0, 0)
    said = ngettext("%(n)d call", "%(n)d calls", calls) % {"n": calls}
    amount = f"${dollars(cost)}"
    return Bar(
        parts=(("brand", float(cost if by_cost else calls)),), title=f"{date_format(day, 'DATE_FORMAT')}: {amount}, {said}",
        url=f"?{wanted.query(day=day.isoformat())}" if calls else "",
    )  # fmt: skip


def _groups(
    report: UsageReport, wanted: UsageFilter, people: dict[int, str], passed: Mapping[str, int]
) -> list[dict[str, Any]]:
    groups = []
    for name, title in TITLES.items():
        lines = report.groups.get(name, ())
        top = max((line.cost_micros for line in lines), default=0)
        groups.append({
            "name": name, "title": title(), "more": max(0, len(lines) - LINES), "shows_passed": name == "task_type",
            "lines": [
                {"line": line, "label": label_of(name, line.value, people),
                 "query": "" if line.value is None else wanted.query(**{name: line.value}),
                 "share": share(line.cost_micros, of=top), "passed": passed.get(line.value, 0) if name == "task_type" else None,
                 "each": line.cost_micros // passed[line.value] if name == "task_type" and passed.get(line.value) else None}
                for line in lines[:LINES]
            ],
        })  # fmt: skip
    return groups


def _per_passed(total: UsageSum, wanted: UsageFilter, passed: Mapping[str, int]) -> dict[str, Any] | None:
    """Money over delivered results; only where the filter says the same of both: not for one model, person or workflow."""
    if set(wanted.chosen) - {"task_type"}:
        return None
    kind = wanted.chosen.get("task_type")
    count = passed.get(kind, 0) if kind is not None else sum(passed.values())
    return {"count": count, "micros": total.cost_micros // count if count else None}
