"""Reads. Every list has a constant number of queries and a cursor, never an offset."""

from collections.abc import Sequence
from contextlib import suppress
from typing import IO
from uuid import UUID

from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.tasks import mapping, storage
from apps.tasks.contracts import (
    AttachmentView,
    Page,
    ReviewView,
    TaskRow,
    TaskTypeView,
    TaskView,
)
from apps.tasks.counting import count_by_state
from apps.tasks.enums import ReviewState, TaskSource, TaskState
from apps.tasks.errors import UnknownTask
from apps.tasks.models import Attachment, ReviewItem, Task, TaskCounter, TaskType

MAX_PAGE = 200
SEARCHED_AT_ONCE = 20_000
ROW_FIELDS = (
    "id",
    "number",
    "title",
    "state",
    "priority",
    "source",
    "score",
    "target",
    "cost_micros",
    "created_at",
    "finished_at",
    "type__slug",
    "type__name",
)


def get_task(task_id: UUID | str) -> TaskView:
    """One whole task with its attachments, own timeline and open or last review. Raises ``UnknownTask``."""
    task = load_task(task_id)
    reviews = list(task.reviews.select_related("held").order_by("-created_at")[:1])
    return mapping.task_view(
        task,
        attachments=list(task.attachments.defer("text").order_by("created_at", "id")),
        events=list(task.events.order_by("at", "id")),
        review=reviews[0] if reviews else None,
        notion_row=task.notion_rows.first(),
    )


def load_task(task_id: UUID | str) -> Task:
    """The row itself, for this app. An id of the wrong form is answered like an unknown one."""
    try:
        wanted = UUID(str(task_id))
    except ValueError:
        raise UnknownTask from None
    task: Task | None = Task.objects.select_related("type").filter(id=wanted).first()
    if task is None:
        raise UnknownTask
    return task


def task_exists(task_id: str) -> bool:
    """Whether the current tenant has a task by that id; an id of the wrong form has none."""
    try:
        return Task.objects.filter(id=UUID(task_id)).exists()
    except ValueError:
        return False


def list_tasks(
    *,
    state: str | None = None,
    task_type: str | None = None,
    source: str | None = None,
    client: str | None = None,
    search: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> Page[TaskRow]:
    """Newest first. ``cursor`` comes from the previous page's ``next``; ``limit`` is held between 1 and 200.

    A search looks at a window of tasks at a time: ``next`` may be set although few or no rows came. Raises ``InvalidInput`` for
    an unknown state or a cursor that is not ours.
    """
    limit = max(1, min(limit, MAX_PAGE))
    rows = Task.objects.select_related("type").only(*ROW_FIELDS).order_by("-number")
    if state:
        if state not in TaskState.values:
            raise InvalidInput(fields={"state": _("Use one of: %(known)s.") % {"known": ", ".join(TaskState.values)}})
        rows = rows.filter(state=state)
    if task_type:
        rows = rows.filter(type__slug=task_type)
    if source:
        if source not in TaskSource.values:
            raise InvalidInput(fields={"source": _("Use one of: %(known)s.") % {"known": ", ".join(TaskSource.values)}})
        rows = rows.filter(source=source)
    if client:
        rows = rows.filter(client=client)
    if cursor:
        rows = rows.filter(number__lt=_number_of(cursor))
    words = search[:200].replace("\x00", "").strip()
    window = _window_before(cursor) if words else 0
    if window:
        rows = rows.filter(number__gte=window)
    found = list(rows.matching(words)[: limit + 1])
    more = len(found) > limit
    found = found[:limit]
    following = str(found[-1].number) if more else str(window) if window > 1 else None
    return Page(rows=[mapping.task_row(task) for task in found], next=following)


def _window_before(cursor: str | None) -> int:
    """The lowest number a search looks at in one go, counted back from the cursor or the newest task; 0 means all of them."""
    newest = TaskCounter.objects.values_list("last_number", flat=True).first() if cursor is None else _number_of(cursor)
    return max(0, (newest or 0) - SEARCHED_AT_ONCE)


def _number_of(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) <= 10 and int(cursor) <= 2**31 - 1):
        raise InvalidInput(fields={"cursor": _("Use the cursor of the previous page as it is.")})
    return int(cursor)


def count_tasks_by_state() -> dict[str, int]:
    """Every state with its number of tasks, zeros included; past ten thousand it reads "10,000+"."""
    return count_by_state()


def list_reviews(*, limit: int = 50) -> Sequence[tuple[TaskRow, ReviewView]]:
    """Open reviews with their tasks, oldest first: the person queue."""
    items = (
        ReviewItem.objects.filter(state=ReviewState.OPEN, held__isnull=True)
        .select_related("task__type", "held")
        .order_by("created_at")[:limit]
    )
    return [(mapping.task_row(item.task), mapping.review_view(item)) for item in items]


def count_open_reviews() -> int:
    """How many answers wait for a person; one whose decision can still be taken back does not."""
    return ReviewItem.objects.filter(state=ReviewState.OPEN, held__isnull=True).count()


def list_held(*, user_id: int, limit: int = 20) -> Sequence[tuple[TaskRow, ReviewView]]:
    """A person's own decisions that can still be taken back, newest first."""
    items = (
        ReviewItem.objects.filter(state=ReviewState.OPEN, held__decided_by=user_id)
        .select_related("task__type", "held")
        .order_by("-held__created_at")[:limit]
    )
    return [(mapping.task_row(item.task), mapping.review_view(item)) for item in items]


def list_clients(*, limit: int = 50) -> list[str]:
    """Names of clients among the latest thousand tasks, by alphabet."""
    recent = Task.objects.order_by("-number").values_list("client", flat=True)[:1000]
    return sorted({client for client in recent if client}, key=str.casefold)[:limit]


def list_chosen(*, task_ids: Sequence[str], limit: int = 100) -> list[TaskRow]:
    """The tasks among these ids, by number; ids that are malformed or unknown here are left out."""
    wanted = []
    for task_id in task_ids[:limit]:
        with suppress(ValueError):
            wanted.append(UUID(task_id))
    rows = Task.objects.select_related("type").only(*ROW_FIELDS).filter(id__in=wanted).order_by("-number")
    return [mapping.task_row(task) for task in rows]


def list_task_types(*, include_inactive: bool = False) -> Sequence[TaskTypeView]:
    """Task types in the order people see them: the built-in ones first, then by name."""
    rows = TaskType.objects.all() if include_inactive else TaskType.objects.active()
    return [mapping.type_view(row) for row in rows.order_by("-is_builtin", "id")]


def open_attachment(*, task_id: UUID | str, attachment_id: UUID | str) -> tuple[AttachmentView, IO[bytes]]:
    """A stored file and its description. Raises ``UnknownTask`` when either id is not of this tenant."""
    try:
        row = Attachment.objects.defer("text").get(id=UUID(str(attachment_id)), task_id=UUID(str(task_id)))
    except (ValueError, Attachment.DoesNotExist):
        raise UnknownTask from None
    return mapping.attachment_view(row), storage.files.open(row.path, "rb")


def has_decided(*, user_id: int) -> bool:
    """Whether this person has decided any review in the current tenant."""
    return ReviewItem.objects.filter(decided_by=user_id, state=ReviewState.DECIDED).exists()
