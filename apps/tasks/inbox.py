"""The inbox: everything that waits for a person, with decisions that can be taken back for a few seconds."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.timezone import now as current_time
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.core.dashboard import Notice, notice_sources
from apps.core.errors import PlatformError
from apps.live import facade as live
from apps.tasks import facade
from apps.tasks.enums import Decision
from apps.tasks.forms import ReviewForm
from apps.tasks.views import can, is_fragment

INBOX_SIZE = 25
OTHERS = 20
OWN_SOURCE = "tasks.reviews"


@require_GET
@permission_required("tasks.view")
def inbox_list(request: HttpRequest) -> HttpResponse:
    """What waits for a person, longest waiting first; what other apps want decided below it."""
    return _render(request)


def _render(
    request: HttpRequest, *, form: ReviewForm | None = None, task_id: UUID | None = None, status: int = 200
) -> HttpResponse:
    position = live.position()
    items = [
        {
            "task": task,
            "review": review,
            "form": form
            if task.id == task_id and form is not None
            else ReviewForm(initial={"text": review.answer}, auto_id=f"id_{task.id}_%s"),
            "has_errors": task.id == task_id and form is not None,
        }
        for task, review in facade.list_reviews(limit=INBOX_SIZE)
    ]
    others = _other_notices(held_permissions(request))
    context: dict[str, Any] = {
        "items": items,
        "others": others,
        "held": facade.list_held(user_id=request.user.pk or 0),
        "total": len(items) + len(others),
        "behind": max(0, facade.count_open_reviews() - len(items)) if len(items) == INBOX_SIZE else 0,
        "now": current_time(),
        "position": position,
        "can_review": can(request, "tasks.review"),
        "fragment_url": reverse("tasks:inbox_list"),
        "single_keys": getattr(request.user, "single_key_shortcuts", True),
    }
    template = "tasks/_inbox.html" if is_fragment(request) else "tasks/inbox_list.html"
    return render(request, template, context, status=status)


def _other_notices(permissions: frozenset[str]) -> list[Notice]:
    """What other sources say needs a person: each app registers its own."""
    found: list[Notice] = []
    for source in sorted(notice_sources, key=lambda one: one.order):
        if source.section == "needs" and source.name != OWN_SOURCE and source.permission in permissions:
            found += list(source.list(OTHERS))[:OTHERS]
    return found


@require_POST
@permission_required("tasks.review")
def inbox_decide(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Decide from the inbox. It takes effect some seconds later, so that a slip can be taken back."""
    form = ReviewForm(request.POST, auto_id=f"id_{task_id}_%s")
    if not form.is_valid():
        return _render(request, form=form, task_id=task_id, status=400)
    task = facade.get_task(task_id)
    answer = task.review.answer if task.review else ""
    text, decision = form.cleaned_data["text"], request.POST.get("decision", "")
    edited = text if decision == Decision.APPROVE and text.strip() and text.strip() != answer.strip() else None
    try:
        facade.hold_decision(
            task_id=task_id,
            decision=decision,
            edited_text=edited,
            reason=form.cleaned_data["reason"],
            user_id=request.user.pk or 0,
        )
    except PlatformError as error:
        form.add_platform_error(error)
        return _render(request, form=form, task_id=task_id, status=error.status)
    undo = reverse("tasks:decision_undo", args=[task_id])
    said = {
        "approve": _("Approved: %(title)s"),
        "revise": _("Sent back: %(title)s"),
        "reject": _("Rejected: %(title)s"),
    }
    messages.success(request, said[decision] % {"title": task.title}, extra_tags=f"undo:{undo}")
    return redirect("tasks:inbox_list")


@require_POST
@permission_required("tasks.review")
def decision_undo(request: HttpRequest, task_id: UUID) -> HttpResponse:
    """Take one's own decision back while that is still possible."""
    try:
        facade.undo_decision(task_id=task_id, user_id=request.user.pk or 0)
        messages.success(request, _("Taken back. The answer waits for a decision again."))
    except PlatformError as error:
        messages.error(request, error.text)
    return redirect("tasks:inbox_list")
