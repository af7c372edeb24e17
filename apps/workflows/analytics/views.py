"""The page of a workflow's figures, and the same as CSV."""

import csv
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.timezone import now as current_time
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts.guards import held_permissions, permission_required
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import NewWork
from apps.tenants.facade import current_tenant
from apps.workflows.analytics.conf import ROLL_UP_KIND
from apps.workflows.analytics.reading import Figures, Report, report
from apps.workflows.services.definitions import get_workflow
from apps.workflows.whatif import proposals, selectors, wording

SPANS = (7, 30, 90)
STALE = timedelta(minutes=2)


def _span(request: HttpRequest) -> tuple[date, date, int]:
    text = request.GET.get("days", "")
    days = int(text) if text.isdecimal() and int(text) in SPANS else 30
    today = datetime.now(tz=UTC).date()
    return today - timedelta(days=days - 1), today, days


@require_GET
@permission_required("workflows.view")
def analytics(request: HttpRequest, slug: str) -> HttpResponse:
    """A workflow and its steps over a span of days, beside the span before it."""
    row = get_workflow(workflow=slug)
    definition = row.definition or {}
    first, last, days = _span(request)
    found = report(row.id, first=first, last=last)
    if found.measured_at is None or current_time() - found.measured_at > STALE:
        work = NewWork(kind=ROLL_UP_KIND, ref="asked", dedupe_key="asked")
        dispatch.enqueue(tenant_id=current_tenant().id, work=work)
    held = held_permissions(request)
    context: dict[str, Any] = {
        "workflow": row,
        "report": found,
        "tiles": _tiles(found),
        "columns": [
            {"label": date_format(day, "MONTH_DAY_FORMAT"), "value": figures.succeeded, "failed": figures.failed}
            for day, figures in found.days
        ],
        "steps": [
            (one, definition.get("steps", {}).get(one.step_id, {}).get("title") or one.step_id) for one in found.steps
        ],
        "spans": [{"url": f"?days={n}", "label": _("%(n)d days") % {"n": n}, "current": n == days} for n in SPANS],
        "days": days,
        "proposals": [(one, wording.title_of(one.remedy)) for one in selectors.list_proposals(workflow=slug)],
        "accepts_class_a": proposals.accepts_class_a(),
        "may_manage": "workflows.manage" in held,
        "may_set": "settings.manage" in held,
        "may_replay": "runs.replay" in held,
        "now": current_time(),
    }
    return render(request, "workflows/analytics/detail.html", context)


def _tiles(found: Report) -> list[dict[str, Any]]:
    """Label, figure, kind of figure, the same before, and whether more is better."""
    total, before = found.total, found.before
    rows: list[tuple[str, str, Any, Any, bool | None]] = [
        (_("Runs"), "count", total.runs, before.runs, None),
        (_("Failed"), "share", total.failure_rate, before.failure_rate, False),
        (_("Half of the runs take up to"), "seconds", total.p50_s, before.p50_s, False),
        (_("95 of 100 take up to"), "seconds", total.p95_s, before.p95_s, False),
        (_("Cost"), "micros", total.cost_micros, before.cost_micros, None),
        (_("Cost of each success"), "micros", total.cost_per_success, before.cost_per_success, False),
        (_("Score"), "score", total.score, before.score, True),
        (_("Retries"), "count", total.retries, before.retries, False),
        (_("At work"), "seconds", total.working_ms / 1000, before.working_ms / 1000, None),
        (_("Waiting for people or time"), "seconds", total.waiting_ms / 1000, before.waiting_ms / 1000, None),
        (_("Revenue"), "micros", found.revenue_micros, None, None),
        (_("Margin"), "micros", found.margin_micros, None, None),
    ]
    return [
        {"label": label, "kind": kind, "now": now, "before": past, "tone": _tone(now, past, more)}
        for label, kind, now, past, more in rows
    ]


def _tone(now: float | None, past: float | None, more_is_better: bool | None) -> str:  # noqa: FBT001 - a table's cell
    if now is None or past is None or more_is_better is None or now == past:
        return ""
    return "up" if (now > past) == more_is_better else "down"


@require_GET
@permission_required("workflows.view")
def analytics_csv(request: HttpRequest, slug: str) -> HttpResponse:
    """The figures of the span as CSV: a line per day, then a line per step."""
    row = get_workflow(workflow=slug)
    first, last, _days = _span(request)
    found = report(row.id, first=first, last=last)
    response = HttpResponse(content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug}-{first}-{last}.csv"'
    writer = csv.writer(response)
    writer.writerow(["day", "step", "runs", "succeeded", "failed", "retries", "p50_s", "p95_s", "working_s", "waiting_s",
                     "cost_micros_usd", "cost_per_success_micros_usd", "mean_score", "top_errors"])  # fmt: skip
    for day, figures in found.days:
        writer.writerow(_line(str(day), "", figures))
    for figures in found.steps:
        writer.writerow(_line("", figures.step_id, figures))
    return response


def _line(day: str, step: str, one: Figures) -> list[object]:
    errors = "; ".join(f"{code} {count}" for code, count in one.top_errors)
    return [day, step, one.runs, one.succeeded, one.failed, one.retries, _round(one.p50_s), _round(one.p95_s),
            one.working_ms / 1000, one.waiting_ms / 1000, one.cost_micros, one.cost_per_success, one.score, errors]  # fmt: skip


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
