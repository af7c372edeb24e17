"""From Notion rows to tasks: one task per tick, a clear answer in the row for everything that cannot be one.

A tick is the box going from empty to ticked, compared with what we last read from the row or wrote into it;
``NotionRow.generation`` counts them and is part of the task's idempotency key. A row ticked again while its request is in
work is taken up as soon as that is closed. ``Status`` is ours: a person who sets it by hand decides nothing, because a cell
does not say who wrote it and whether they may decide; they are told where to decide, and the cell is set back.
"""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from apps.connectors.contracts import PageChange, PageRemoved
from apps.core.errors import PlatformError
from apps.tasks import intake
from apps.tasks.enums import Priority, TaskSource
from apps.tasks.lifecycle import OPEN
from apps.tasks.models import NotionClient, NotionRow, Task, TaskType
from apps.tasks.notion import keys, projections

PRIORITIES = {str(choice.label).lower(): choice.value for choice in Priority} | {
    "medium": "normal",
    "critical": "urgent",
}
TITLE_FROM_BODY = 80


def queue_changed(change: PageChange) -> None:
    """Take note of an edit of a queue row. Called once per edit, inside the transaction that records it as seen."""
    row = _locked_row(change)
    if change.version <= row.version:
        return
    ticked = change.values.get("Trigger") is True
    is_tick = ticked and "Trigger" in change.changed
    row.seen, row.version, row.url = _kept(change.values), change.version, change.url[:300]
    if is_tick:
        row.generation += 1
    row.save()
    task = row.task
    if is_tick and task is not None and task.state in OPEN:
        NotionRow.objects.filter(id=row.id).update(is_ticked_again=True)
        projections.log(task, status="Warning", message=_("Ticked again while in work; taken up afterwards."))
    elif is_tick:
        take_up(row)
    elif "Status" in change.changed and task is not None:
        _explain_status(task, row, str(change.values.get("Status") or ""))


def queue_removed(removed: PageRemoved) -> None:
    """A row left the queue: its task goes on, and its answer stays in the portal."""
    row = NotionRow.objects.filter(page_id=removed.page_id).select_related("task").first()
    if row is not None and row.task is not None and row.task.state in OPEN:
        projections.timeline(
            row.task, _("Its Notion row is gone (%(why)s); the answer will be here.") % {"why": removed.reason}
        )


def client_changed(change: PageChange) -> None:
    """Keep a client's name and address, so that queue rows and figures can name them."""
    values = change.values
    NotionClient.objects.update_or_create(
        page_id=change.page_id,
        defaults={
            "name": intake.cleaned(str(values.get("Client Name") or ""))[:120],
            "email": str(values.get("Email") or "")[:254],
            "is_active": bool(values.get("Active")),
        },
    )


def client_removed(removed: PageRemoved) -> None:
    """The client's row is gone: its name is kept for the figures, marked inactive."""
    NotionClient.objects.filter(page_id=removed.page_id).update(is_active=False)


def task_closed(task: Task) -> None:
    """Start the next request of a row that was ticked again meanwhile. Inside the transaction that closed the task."""
    for row in NotionRow.objects.select_for_update().filter(task=task, is_ticked_again=True):
        take_up(row)


def take_up(row: NotionRow) -> Task:
    """Make the row's present content a task; what cannot be one becomes a failed task that says what to correct."""
    from apps.tasks.services import submitting

    values: Mapping[str, Any] = row.seen
    source_ref = {"page_id": row.page_id, "url": row.url, "generation": row.generation}
    if values.get("Owner Email"):
        source_ref["owner_email"] = str(values["Owner Email"])[:254]
    title, body = _words(values)
    key, client = f"{row.page_id}:{row.generation}", _client_of(values)
    try:
        with transaction.atomic():
            view = submitting.submit_task(
                source=TaskSource.NOTION,
                title=title,
                body=body,
                task_type=_type_of(values),
                priority=_priority_of(values),
                due_on=_day_of(values),
                qa_target=values.get("QA Target"),
                client=client,
                source_ref=source_ref,
                idempotency_key=key,
            )
        task = Task.objects.select_related("type").get(id=view.id)
    except PlatformError as error:
        if error.retryable:
            raise
        task = submitting.record_refusal(
            source=TaskSource.NOTION,
            title=title,
            body=body,
            task_type=_type_of(values),
            error_code=error.code,
            error=_sentence(error),
            source_ref=source_ref,
            client=client,
        )
    NotionRow.objects.filter(id=row.id).update(task=task, is_ticked_again=False)
    projections.task_moved(task)
    return task


def _locked_row(change: PageChange) -> NotionRow:
    known = (
        NotionRow.objects.select_for_update(of=("self",))
        .select_related("task__type")
        .filter(page_id=change.page_id)
        .first()
    )
    if known is not None:
        return known
    made_by_us = change.local_ref.removeprefix("task:") if change.local_ref.startswith("task:") else None
    task = Task.objects.filter(id=made_by_us).first() if made_by_us else None
    return NotionRow(page_id=change.page_id, local_ref=change.local_ref or keys.row_ref(change.page_id), task=task)


def _kept(values: Mapping[str, Any]) -> dict[str, Any]:
    """What we act on, bounded: a row of hostile size is stored far enough to say that it is too long."""
    names = (
        "Task Name",
        "Description",
        "Trigger",
        "Task Type",
        "Priority",
        "Due",
        "QA Target",
        "Client",
        "Owner Email",
    )
    kept = {name: values.get(name) for name in names}
    for name in ("Task Name", "Description"):
        kept[name] = str(kept[name] or "")[: intake.MAX_BODY * 2 + 1]
    return kept


def _words(values: Mapping[str, Any]) -> tuple[str, str]:
    """Title and text; a missing title is the text's first line, a missing text is an error found later."""
    title, body = str(values.get("Task Name") or "").strip(), str(values.get("Description") or "")
    if not title and body.strip():
        title = body.strip().splitlines()[0][:TITLE_FROM_BODY]
    return title, body


def _type_of(values: Mapping[str, Any]) -> str:
    """The slug of the type named in the row; empty means "other", an unknown name stays as it is and is refused later."""
    name = str(values.get("Task Type") or "").strip()
    if not name:
        return "other"
    wanted = name.lower().replace("-", " ")
    for slug, known in TaskType.objects.values_list("slug", "name"):
        if wanted in (slug.replace("-", " "), known.lower().replace("-", " ")):
            return str(slug)
    return name[:40]


def _priority_of(values: Mapping[str, Any]) -> str:
    name = str(values.get("Priority") or "").strip().lower()
    return PRIORITIES.get(name, name) if name else Priority.NORMAL.value


def _day_of(values: Mapping[str, Any]) -> str | None:
    day = values.get("Due")
    return str(day)[:10] if day else None


def _client_of(values: Mapping[str, Any]) -> str:
    pages = values.get("Client") or []
    if not isinstance(pages, list) or not pages:
        return ""
    found = NotionClient.objects.filter(page_id=str(pages[0])[:40]).values_list("name", flat=True).first()
    return found or ""


def _sentence(error: PlatformError) -> str:
    """What is wrong with the row in its own words, and how to go on."""
    columns = {
        "body": "Description",
        "title": "Task Name",
        "qa_target": "QA Target",
        "task_type": "Task Type",
        "due_on": "Due",
        "priority": "Priority",
    }
    parts = [f"{columns.get(name, name)}: {text}" for name, text in error.fields.items()] or [error.text]
    return f"{' '.join(parts)} {_('Correct the row and tick Trigger again.')}"


def _explain_status(task: Task, row: NotionRow, status: str) -> None:
    """Somebody set Status by hand: say where to decide and set the cell back to where the task stands."""
    expected = keys.STATUS_OF_STATE[task.state]
    if status == expected:
        return
    text = _("Status was set to “%(status)s” in Notion. That decides nothing: decide on the task's page.") % {
        "status": status[:60]
    }
    projections.timeline(task, text)
    projections.log(task, status="Warning", message=text)
    projections.set_back(task, row, status)
