"""From tasks to Notion rows: the queue row, the automation log, the job log.

Wishes are written in the same transaction as the task's change and sent soon after; without a Notion connection nothing is
written at all. Long answers are cut by the connector into pieces of 2,000 characters.
"""

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from apps.connectors import facade as connectors
from apps.core.ids import new_id
from apps.core.money import MICROS
from apps.tasks.enums import EventKind
from apps.tasks.lifecycle import CLOSED, OPEN
from apps.tasks.models import NotionRow, Task, TaskEvent
from apps.tasks.notion import keys
from apps.tasks.services.clock import database_now
from apps.tenants.facade import current_tenant

MAX_ANSWER = 180_000
MAX_LINE = 1_900


def task_moved(task: Task) -> None:
    """Bring the task's rows up to date after it moved. Inside the transaction that moved it."""
    if not connectors.notion_connected():
        return
    row = NotionRow.objects.filter(task=task).order_by("-generation").first()
    again = row is not None and row.is_ticked_again and task.state in CLOSED
    _queue_row(task, row, keep_tick=again)
    log(task, status=keys.LOG_STATUS_OF_STATE[task.state], message=_message(task))
    if task.state in CLOSED:
        _job_row(task)
    if again:
        from apps.tasks.notion import inbox

        inbox.task_closed(task)


def bill_changed(task: Task) -> None:
    """The task's final cost and tokens are known: correct the rows that show them."""
    if not connectors.notion_connected() or task.state not in CLOSED:
        return
    row = NotionRow.objects.filter(task=task).order_by("-generation").first()
    _upsert_queue(task, row, {"Cost": _dollars(task), "Model": task.model, "Commit": task.revision[:80]})
    _job_row(task)


def log(task: Task, *, status: str, message: str) -> None:
    """One line in the Automation Log."""
    if not connectors.notion_connected():
        return
    connectors.notion_upsert(
        database_key=keys.LOG,
        local_ref=f"log:{new_id()}",
        values={
            "Task": f"#{task.number} {task.title}"[:MAX_LINE],
            "Status": status,
            "Message": message[:MAX_LINE],
            "Details": _details(task),
            "Timestamp": database_now().isoformat(),
            "Commit": task.revision[:80],
        },
    )


def timeline(task: Task, text: str) -> None:
    """One line in the task's own timeline about its row."""
    TaskEvent.objects.create(task=task, kind=EventKind.NOTED, detail=text)


def set_back(task: Task, row: NotionRow, found: str) -> None:
    """Put the true status back into a cell a person changed; ``found`` is what the decision rests on."""
    connectors.notion_upsert(
        database_key=keys.QUEUE,
        local_ref=row.local_ref,
        page_id=row.page_id,
        values={"Status": keys.STATUS_OF_STATE[task.state]},
        based_on={"Status": found},
    )


def _queue_row(task: Task, row: NotionRow | None, *, keep_tick: bool) -> None:
    values: dict[str, Any] = {"Status": keys.STATUS_OF_STATE[task.state], "Task": task_url(task)}
    if row is None:
        values |= {
            "Task Name": task.title,
            "Description": task.body,
            "Task Type": task.type.name,
            "Priority": str(task.get_priority_display()),
            "QA Target": task.qa_target,
            "Due": task.due_on.isoformat() if task.due_on else None,
        }
    if task.state not in OPEN or task.state == "review":
        values |= {
            "Result Summary": summary_of(task),
            "QA Score": task.score,
            "Cost": _dollars(task),
            "Model": task.model,
            "Commit": task.revision[:80],
        }
    if task.state in CLOSED and row is not None and not keep_tick:
        values["Trigger"] = False
    _upsert_queue(task, row, values)


def _upsert_queue(task: Task, row: NotionRow | None, values: dict[str, Any]) -> None:
    if row is None:
        connectors.notion_upsert(database_key=keys.QUEUE, local_ref=keys.task_ref(task.id), values=values)
        return
    connectors.notion_upsert(database_key=keys.QUEUE, local_ref=row.local_ref, page_id=row.page_id, values=values)


def _job_row(task: Task) -> None:
    started = task.started_at or task.created_at
    milliseconds = int((task.finished_at - started).total_seconds() * 1000) if task.finished_at else None
    connectors.notion_upsert(
        database_key=keys.JOBS,
        local_ref=f"job:{task.id}:{task.attempt}",
        values={
            "Job Name": f"#{task.number} {task.title}"[:MAX_LINE],
            "QA Score": task.score,
            "Cost": _dollars(task),
            "Status": keys.STATUS_OF_STATE[task.state],
            "Notes": (task.error or task.reasons)[:MAX_LINE],
            "Timestamp": task.finished_at.isoformat() if task.finished_at else None,
            "Commit": task.revision[:80],
            "Task Type": task.type.name,
            "Duration (ms)": milliseconds,
            "Tokens": task.tokens,
            "Tokens In": task.tokens_in,
            "Tokens Out": task.tokens - task.tokens_in,
            "Model": task.model,
            "Client": task.client,
            "Revisions": task.revisions,
            "Owner Email": task.source_ref.get("owner_email") or None,
        },
    )


def summary_of(task: Task) -> str:
    """What the row says: the answer, why it waits, or what went wrong and what to do."""
    if task.state == "done":
        return task.result[:MAX_ANSWER]
    if task.state == "review":
        waiting = task.reviews.filter(state="open").values_list("why", flat=True).first() or ""
        return _("Waiting for a person: %(why)s\nDecide here: %(url)s") % {"why": waiting, "url": task_url(task)}
    if task.state == "failed":
        return task.error
    return _("Cancelled.")


def task_url(task: Task) -> str:
    """Address of the task's page in the portal."""
    port = f":{settings.PUBLIC_PORT}" if getattr(settings, "PUBLIC_PORT", None) else ""
    scheme = "https" if getattr(settings, "SESSION_COOKIE_SECURE", False) else "http"
    return f"{scheme}://{current_tenant().slug}.{settings.BASE_DOMAIN}{port}/tasks/{task.id}/"


def _message(task: Task) -> str:
    if task.state == "failed":
        return task.error
    if task.state == "done":
        return (
            _("Delivered with score %(score)s.") % {"score": task.score} if task.score is not None else _("Delivered.")
        )
    if task.state == "review":
        return _("A person decides.")
    return str(task.get_state_display())


def _details(task: Task) -> str:
    return f"task {task.id} · attempt {task.attempt}" + (f" · run {task.run_id}" if task.run_id else "")


def _dollars(task: Task) -> float:
    return float((Decimal(task.cost_micros) / MICROS).quantize(Decimal("0.000001")))
