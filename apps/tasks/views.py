"""Task pages of the portal: list, new, one task with its live time line, and a person's decisions."""

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now as current_time
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import NotFound, PlatformError
from apps.tasks import facade
from apps.tasks.contracts import NewAttachment, TaskView
from apps.tasks.enums import TaskSource, TaskState
from apps.tasks.forms import ReviewForm, TaskForm
from apps.tasks.presentation import example_request, sentence_about, step_lines
from apps.workflows import facade as workflows

PAGE_SIZE = 25
INBOX_SIZE = 100
OPEN_STATES = frozenset({TaskState.NEW, TaskState.RUNNING})


def _is_fragment(request: HttpRequest) -> bool:
    return request.headers.get("X-Fragment") == "1"


def _can(request: HttpRequest, permission: str) -> bool:
    return permission in held_permissions(request)


@require_GET
@permission_required("tasks.view")
def task_list(request: HttpRequest) -> HttpResponse:
    """All tasks, newest first, by state and words."""
    return _render_list(request, state=request.GET.get("state", ""))


@require_GET
@permission_required("tasks.view")
def inbox_list(request: HttpRequest) -> HttpResponse:
    """What waits for a person, longest waiting first."""
    context = {"reviews": facade.list_reviews(limit=INBOX_SIZE), "can_review": _can(request, "tasks.review")}
    return render(request, "tasks/inbox_list.html", context)


def _render_list(request: HttpRequest, *, state: str) -> HttpResponse:
    state = state if state in TaskState.values else ""
    search = request.GET.get("q", "").strip()[:200]
    page = facade.list_tasks(state=state or None, search=search, cursor=request.GET.get("cursor"), limit=PAGE_SIZE)
    kept = {name: value for name, value in (("state", state), ("q", search)) if value}
    context: dict[str, Any] = {
        "page": page,
        "state": state,
        "search": search,
        "any_open": any(task.state in OPEN_STATES for task in page.rows),
        "fragment_url": request.get_full_path(),
        "next_query": urlencode({**kept, "cursor": page.next or ""}),
        "can_create": _can(request, "tasks.create"),
    }
    if _is_fragment(request):
        return render(request, "tasks/_task_table.html", context)
    counts = facade.count_tasks_by_state()
    context["filters"] = [
        {
            "label": label,
            "query": urlencode({"state": value} if value else {}),
            "count": counts.get(value, 0) if value else sum(counts.values()),
            "current": value == state,
        }
        for value, label in [("", _("All")), *TaskState.choices]
    ]
    return render(request, "tasks/task_list.html", context)


@require_http_methods(["GET", "POST"])
@permission_required("tasks.create")
def task_create(request: HttpRequest) -> HttpResponse:
    """Ask for something. A repeated submission of the same form leads to the same task."""
    types = [(kind.slug, kind.name) for kind in facade.list_task_types()]
    if request.method == "GET":
        form = TaskForm(types=types, initial=_suggested(request))
        return render(request, "tasks/task_form.html", {"form": form})
    form = TaskForm(request.POST, request.FILES, types=types)
    if form.is_valid():
        data = form.cleaned_data
        upload = data["attachment"]
        try:
            task = facade.submit_task(
                source=TaskSource.PORTAL,
                title=data["title"],
                body=data["body"],
                task_type=data["task_type"],
                priority=data["priority"],
                due_on=data["due_on"],
                qa_target=data["qa_target"],
                attachments=[NewAttachment(name=upload.name, file=upload)] if upload else [],
                requested_by=request.user.pk,
                idempotency_key=f"portal:{request.user.pk}:{data['idempotency_key']}",
            )
            return redirect("tasks:task_detail", task.id)
        except PlatformError as error:
            form.add_platform_error(error)
    return render(request, "tasks/task_form.html", {"form": form}, status=400)


def _suggested(request: HttpRequest) -> dict[str, Any]:
    """What the form starts with: a copy of an earlier request (``from``), an example, or nothing."""
    earlier = request.GET.get("from", "")
    with suppress(ValueError, NotFound):
        task = facade.get_task(UUID(earlier))
        return {"title": task.title, "body": task.body, "task_type": task.task_type, "priority": task.priority}
    return example_request() if "example" in request.GET else {}


@require_GET
@permission_required("tasks.view")
def task_detail(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """One task: what was asked, the answer, its score, what every step did and cost."""
    task = facade.get_task(task_id)
    return _render_task(request, task, ReviewForm(initial={"text": task.review.answer if task.review else ""}))


@require_POST
@permission_required("tasks.review")
def task_review(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Decide about an answer that waits. The first decision stands."""
    form = ReviewForm(request.POST)
    if form.is_valid():
        task = facade.get_task(task_id)
        text = form.cleaned_data["text"]
        edited = text if task.review and text.strip() != task.review.answer.strip() else None
        try:
            facade.decide_review(
                task_id=task_id,
                decision=request.POST.get("decision", ""),
                edited_text=edited,
                reason=form.cleaned_data["reason"],
                user_id=request.user.pk,
            )
            messages.success(request, _("Your decision is kept. The task goes on."))
            return redirect("tasks:task_detail", task_id)
        except PlatformError as error:
            form.add_platform_error(error)
    return _render_task(request, facade.get_task(task_id), form, status=400)


@require_POST
@permission_required("runs.replay")
def task_retry(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Start a failed or cancelled task again."""
    return _act(request, task_id, facade.retry_task, _("The task starts again."))


@require_POST
@permission_required("tasks.cancel")
def task_cancel(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Stop a task; what it has spent stays on record."""
    return _act(request, task_id, facade.cancel_task, _("The task is cancelled. “Ask again” copies it into a new one."))


def _act(request: HttpRequest, task_id: UUID, verb: Any, success: str) -> HttpResponse:
    try:
        verb(task_id=task_id, user_id=request.user.pk)
        messages.success(request, success)
    except PlatformError as error:
        messages.error(request, error.text)
    return redirect(reverse("tasks:task_detail", args=[task_id]))


def _render_task(request: HttpRequest, task: TaskView, form: ReviewForm, status: int = 200) -> HttpResponse:
    now = current_time()
    run = workflows.get_run(task.run_id) if task.run_id else None
    context = {
        "task": task,
        "steps": step_lines(run.steps, now) if run else [],
        "sentence": sentence_about(task),
        "duration": (task.finished_at or now) - task.created_at,
        "now": now,
        "review_form": form,
        "refresh": task.state in OPEN_STATES,
        "can_review": _can(request, "tasks.review"),
        "can_create": _can(request, "tasks.create"),
        "can_retry": _can(request, "runs.replay"),
        "can_cancel": _can(request, "tasks.cancel"),
    }
    template = "tasks/_task.html" if _is_fragment(request) else "tasks/task_detail.html"
    return render(request, template, context, status=status)
