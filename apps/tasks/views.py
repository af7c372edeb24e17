"""Task pages of the portal: list, new, one task with its live time line, and what people do to tasks."""

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
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from apps.accounts import facade as accounts
from apps.accounts.guards import held_permissions, permission_required
from apps.core.errors import InvalidInput, NotFound, PlatformError
from apps.core.seeded import shown
from apps.live import facade as live
from apps.tasks import facade
from apps.tasks.contracts import NewAttachment, TaskView
from apps.tasks.enums import TaskSource, TaskState
from apps.tasks.forms import ReviewForm, TaskForm
from apps.tasks.presentation import drafts_of, example_request, history_of, sentence_about, step_lines
from apps.workflows import facade as workflows

PAGE_SIZE = 25
OPEN_STATES = frozenset({TaskState.NEW, TaskState.RUNNING})
BULK_VERBS = {"cancel": ("tasks.cancel", facade.cancel_task), "retry": ("runs.replay", facade.retry_task)}


def is_fragment(request: HttpRequest) -> bool:
    """Whether a live region asks for its own content."""
    return request.headers.get("X-Fragment") == "1"


def can(request: HttpRequest, permission: str) -> bool:
    """Whether the visitor may do this here."""
    return permission in held_permissions(request)


@require_GET
@permission_required("tasks.view")
def task_list(request: HttpRequest) -> HttpResponse:
    """All tasks, newest first, by state, kind, source, client and words."""
    position = live.position()
    asked = {
        name: request.GET.get(name, "").replace("\x00", "").strip()[:200]
        for name in ("state", "kind", "source", "client", "q")
    }
    asked["state"] = asked["state"] if asked["state"] in TaskState.values else ""
    asked["source"] = asked["source"] if asked["source"] in TaskSource.values else ""
    page = facade.list_tasks(
        state=asked["state"] or None,
        task_type=asked["kind"] or None,
        source=asked["source"] or None,
        client=asked["client"] or None,
        search=asked["q"],
        cursor=request.GET.get("cursor"),
        limit=PAGE_SIZE,
    )
    kept = {name: value for name, value in asked.items() if value}
    context: dict[str, Any] = {
        "page": page,
        "asked": asked,
        "is_filtered": bool(kept),
        "narrowed": len([name for name in kept if name not in {"state", "q"}]),
        "any_open": any(task.state in OPEN_STATES for task in page.rows),
        "fragment_url": request.get_full_path(),
        "next_query": urlencode({**kept, "cursor": page.next or ""}),
        "position": position,
        "can_create": can(request, "tasks.create"),
        "bulk": can(request, "tasks.cancel") or can(request, "runs.replay"),
        "can_cancel": can(request, "tasks.cancel"),
        "can_retry": can(request, "runs.replay"),
    }
    if is_fragment(request):
        return render(request, "tasks/_task_table.html", context)
    counts = facade.count_tasks_by_state()
    others = {name: value for name, value in kept.items() if name != "state"}
    context["filters"] = [
        {
            "label": label,
            "query": urlencode({**others, "state": value} if value else others),
            "count": counts.get(value, 0) if value else sum(counts.values()),
            "current": value == asked["state"],
        }
        for value, label in [("", _("All")), *TaskState.choices]
    ]
    context |= {
        "kinds": facade.list_task_types(include_inactive=True),
        "sources": TaskSource.choices,
        "clients": facade.list_clients(),
    }
    return render(request, "tasks/task_list.html", context)


@require_POST
@permission_required("tasks.view")
def task_bulk(request: HttpRequest) -> HttpResponse:
    """Do the same to several tasks. Cancelling asks first, on a page that names them."""
    verb = request.POST.get("act", "")
    if verb not in BULK_VERBS:
        raise InvalidInput(fields={"act": _("Use one of: %(known)s.") % {"known": ", ".join(BULK_VERBS)}})
    permission, act = BULK_VERBS[verb]
    accounts.require(request.user, permission)
    chosen = facade.list_chosen(task_ids=request.POST.getlist("task"))
    if not chosen:
        messages.info(request, _("Nothing was chosen. Tick some tasks first."))
        return redirect("tasks:task_list")
    if verb == "cancel" and "confirmed" not in request.POST:
        return render(request, "tasks/task_bulk.html", {"chosen": chosen})
    refused = []
    for task in chosen:
        try:
            act(task_id=task.id, user_id=request.user.pk)
        except PlatformError as error:
            refused.append(f"#{task.number}: {error.text}")
    done = len(chosen) - len(refused)
    if done:
        text = {
            "cancel": ngettext("%(n)d task is cancelled.", "%(n)d tasks are cancelled.", done),
            "retry": ngettext("%(n)d task starts again.", "%(n)d tasks start again.", done),
        }[verb]
        messages.success(request, text % {"n": done})
    for line in refused[:5]:
        messages.warning(request, line)
    return redirect("tasks:task_list")


@require_http_methods(["GET", "POST"])
@permission_required("tasks.create")
def task_create(request: HttpRequest) -> HttpResponse:
    """Ask for something. A repeated submission of the same form leads to the same task."""
    types = [(kind.slug, shown(kind.name)) for kind in facade.list_task_types()]
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
    position = live.position()
    task = facade.get_task(task_id)
    form = ReviewForm(initial={"text": task.review.answer if task.review else ""})
    return _render_task(request, task, form, position=position)


@require_POST
@permission_required("tasks.review")
def task_review(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Decide about an answer that waits. The first decision stands, once its few seconds for taking it back are over."""
    position = live.position()
    form = ReviewForm(request.POST)
    if form.is_valid():
        task = facade.get_task(task_id)
        text = form.cleaned_data["text"]
        edited = text if task.review and text.strip() != task.review.answer.strip() else None
        try:
            facade.hold_decision(
                task_id=task_id,
                decision=request.POST.get("decision", ""),
                edited_text=edited,
                reason=form.cleaned_data["reason"],
                user_id=request.user.pk,
            )
            undo = reverse("tasks:decision_undo", args=[task_id])
            messages.success(
                request, _("Your decision is kept and takes effect in a moment."), extra_tags=f"undo:{undo}"
            )
            return redirect("tasks:task_detail", task_id)
        except PlatformError as error:
            form.add_platform_error(error)
    return _render_task(request, facade.get_task(task_id), form, position=position, status=400)


@require_POST
@permission_required("runs.replay")
def task_retry(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Start a failed or cancelled task again."""
    return _act(request, task_id, facade.retry_task, _("The task starts again."))


@require_POST
@permission_required("tasks.cancel")
def task_cancel(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Stop a task, which can be taken back for some seconds; what it has spent stays on record."""
    undo = reverse("tasks:task_cancel_undo", args=[task_id])
    said = _("The task is cancelled. “Ask again” copies it into a new one.")
    return _act(request, task_id, facade.hold_cancel, said, undo=undo)


@require_POST
@permission_required("tasks.cancel")
def task_cancel_undo(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Let the task go on that one has just cancelled."""
    return _act(request, task_id, facade.undo_cancel, _("Taken back. The task goes on."))


def _act(request: HttpRequest, task_id: UUID, verb: Any, success: str, *, undo: str = "") -> HttpResponse:
    try:
        verb(task_id=task_id, user_id=request.user.pk)
        messages.success(request, success, extra_tags=f"undo:{undo}" if undo else "")
    except PlatformError as error:
        messages.error(request, error.text)
    return redirect(reverse("tasks:task_detail", args=[task_id]))


def _render_task(
    request: HttpRequest, task: TaskView, form: ReviewForm, *, position: int, status: int = 200
) -> HttpResponse:
    now = current_time()
    run = workflows.get_run(task.run_id) if task.run_id else None
    cancelled_by = workflows.cancelled_by(run.id) if run and not task.finished_at else None
    names = {one.user_id: one.user.name or one.user.email for one in accounts.list_members(tenant_id=request.tenant.id)}
    held = task.review if task.review and task.review.held_decision and task.state == TaskState.REVIEW else None
    context = {
        "task": task,
        "steps": step_lines(run.steps, now) if run else [],
        "sentence": sentence_about(task),
        "drafts": drafts_of(task, run.steps) if run else [],
        "history": history_of(task.events, names),
        "duration": (task.finished_at or now) - task.created_at,
        "now": now,
        "position": position,
        "topics": f"task:{task.id}",
        "review_form": form,
        "held": held,
        "held_is_mine": bool(held and held.held_by == request.user.pk),
        "is_cancelled": cancelled_by is not None,
        "undo_url": reverse("tasks:task_cancel_undo", args=[task.id]) if cancelled_by == request.user.pk else "",
        "refresh": 1000 if task.state in OPEN_STATES else 3000 if held else 0,
        "can_review": can(request, "tasks.review"),
        "can_create": can(request, "tasks.create"),
        "can_retry": can(request, "runs.replay"),
        "can_cancel": can(request, "tasks.cancel"),
        "can_see_run": can(request, "runs.view"),
    }
    template = "tasks/_task.html" if is_fragment(request) else "tasks/task_detail.html"
    return render(request, template, context, status=status)
