"""What workflows, Home, the palette and the notifications may know and do about tasks."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.dashboard import Notice
from apps.core.search import SearchHit
from apps.tasks import selectors
from apps.tasks.enums import ReviewReason, TaskState
from apps.tasks.services.recovery import cancel_task, retry_task
from apps.workflows.contracts import Subject


def _url(task_id: Any) -> str:
    return reverse("tasks:task_detail", args=[task_id])


def _retry(task_id: str, from_step: str, user_id: int) -> None:
    retry_task(task_id=task_id, user_id=user_id, from_step=from_step)


def _cancel(task_id: str, user_id: int) -> None:
    cancel_task(task_id=task_id, user_id=user_id)


def _search(text: str, limit: int) -> list[str]:
    return [str(row.id) for row in selectors.list_tasks(search=text, limit=limit).rows]


SUBJECT = Subject(
    kind="task",
    label=gettext_lazy("The task"),
    icon="list-checks",
    url=_url,
    retry=_retry,
    cancel=_cancel,
    search=_search,
)


def find(query: str, limit: int) -> list[SearchHit]:
    """Tasks by number, title, client or text, newest first. One query."""
    return [
        SearchHit(
            title=row.title,
            url=_url(row.id),
            icon="list-checks",
            subtitle=f"#{row.number} · {TaskState(row.state).label}",
            kind=gettext_lazy("Task"),
        )
        for row in selectors.list_tasks(search=query, limit=limit).rows[:limit]
    ]


def reviews(limit: int) -> list[Notice]:
    """Answers that wait for a person, longest waiting first."""
    return [
        Notice(
            title=task.title,
            url=f"{reverse('tasks:inbox_list')}#review-{task.id}",
            icon="hand",
            text=str(ReviewReason(review.reason).label),
            at=review.created_at,
        )
        for task, review in selectors.list_reviews(limit=limit)
    ]


def failures(limit: int) -> list[Notice]:
    """Failed tasks that only a person can start again, newest first."""
    return [
        Notice(
            title=_("Task #%(number)d failed: %(title)s") % {"number": row.number, "title": row.title},
            url=_url(row.id),
            icon="circle-alert",
            text="",
            at=row.finished_at,
            tone="bad",
        )
        for row in selectors.list_tasks(state=TaskState.FAILED, limit=limit).rows
    ]


def running(request: HttpRequest) -> dict[str, Any] | None:
    """Home's card of what is at work right now; nothing when nothing is."""
    rows = [
        row for state in (TaskState.RUNNING, TaskState.NEW) for row in selectors.list_tasks(state=state, limit=5).rows
    ]
    return {"tasks": rows[:5]} if rows else None
