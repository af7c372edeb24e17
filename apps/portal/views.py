"""Home: what needs me, what is running, what does it cost, what changed."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from apps.accounts.facade import permissions_of
from apps.accounts.guards import permission_required
from apps.tasks import facade as tasks
from apps.tasks.enums import TaskState

RECENT = 8
WAITING = 6


@require_GET
@permission_required("tasks.view")
def home(request: HttpRequest) -> HttpResponse:
    """The first page after sign-in."""
    membership = request.membership  # type: ignore[attr-defined]
    permissions = permissions_of(membership.user_id, membership.tenant_id)
    counts = tasks.count_tasks_by_state()
    context = {
        "counts": {state: counts.get(state, 0) for state in TaskState.values},
        "total": sum(counts.values()),
        "waiting": tasks.list_tasks(state=TaskState.REVIEW, limit=WAITING).rows,
        "page": tasks.list_tasks(limit=RECENT),
        "figures": tasks.get_month_figures(),
        "can_create": "tasks.create" in permissions,
        "can_see_costs": "costs.view" in permissions,
    }
    return render(request, "portal/home.html", context)
