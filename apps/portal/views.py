"""Home: what needs me, what is running, what does it cost, what changed."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.accounts.guards import held_permissions, permission_required
from apps.tasks import facade as tasks
from apps.tasks.contracts import Page
from apps.tasks.enums import TaskState

RECENT = 8
WAITING = 6


@require_GET
@permission_required("tasks.view")
def home(request: HttpRequest) -> HttpResponse:
    """The first page after sign-in."""
    permissions = held_permissions(request)
    counts = tasks.count_tasks_by_state()
    context = {
        "counts": {state: counts.get(state, 0) for state in TaskState.values},
        "waiting": tasks.list_reviews(limit=WAITING),
        "page": Page(rows=tasks.list_tasks(limit=RECENT).rows, next=None),
        "figures": _figures_of_month(timezone.now().date()),
        "can_create": "tasks.create" in permissions,
        "can_see_costs": "costs.view" in permissions,
    }
    return render(request, "portal/home.html", context)


def _figures_of_month(today: date) -> dict[str, int | None]:
    """Sums of the month's daily figures (UTC); a share of nothing is unknown, not zero."""
    rows = tasks.job_metrics(first=today.replace(day=1), last=today)
    done = sum(row.done for row in rows)
    cost = sum(row.cost_micros for row in rows)
    return {
        "done": done,
        "failed": sum(row.failed for row in rows),
        "first_time_share": round(100 * sum(row.passed_first_time for row in rows) / done) if done else None,
        "cost_micros": cost,
        "cost_per_done_micros": cost // done if done else None,
    }
