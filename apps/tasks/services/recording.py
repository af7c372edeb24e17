"""The one place where a task changes state: a locked row, a legal move, a line in its timeline, an event after commit."""

from typing import Any
from uuid import UUID

from django.db.models.functions import Now

from apps.tasks import happenings
from apps.tasks.enums import EventKind, TaskState
from apps.tasks.errors import IllegalMove, UnknownTask
from apps.tasks.lifecycle import CLOSED, LEGAL_MOVES
from apps.tasks.models import Task, TaskEvent
from apps.tasks.signals import TaskChanged, task_changed
from apps.tenants.facade import current_tenant

MAX_DETAIL = 2_000


def lock(task_id: UUID | str, *, run_id: UUID | None = None) -> Task | None:
    """The task's row, locked until commit. None when it is gone or works for another run by now.

    Order of locks everywhere: work item, run, task, Notion row, counter; so call workflows before this.
    """
    rows = Task.objects.select_for_update(of=("self",), no_key=True).select_related("type").filter(id=task_id)
    if run_id is not None:
        rows = rows.filter(run_id=run_id)
    return rows.first()


def require_lock(task_id: UUID | str) -> Task:
    """Like ``lock``; raises ``UnknownTask``."""
    task = lock(task_id)
    if task is None:
        raise UnknownTask
    return task


def move(
    task: Task, *, to: TaskState, event: EventKind, detail: str = "", actor_id: int | None = None, **values: Any
) -> Task:
    """Move a locked task and write down why. Raises ``IllegalMove``.

    Closing sets ``finished_at``, opening again clears it; both by the database's clock.
    """
    before = task.state
    if to not in LEGAL_MOVES[before] and to != before:
        raise IllegalMove(state=TaskState(before).label)
    values |= {"state": to, "touched_at": Now()}
    if to in CLOSED:
        values["finished_at"] = Now()
        values.setdefault("retry_at", None)
    elif before in CLOSED:
        values["finished_at"] = None
    if to == TaskState.RUNNING and task.started_at is None:
        values["started_at"] = Now()
    Task.objects.filter(id=task.id).update(**values)
    task.refresh_from_db()
    note(task, event=event, detail=detail, actor_id=actor_id)
    announce(task, before=before)
    return task


def note(task: Task, *, event: EventKind, detail: str = "", actor_id: int | None = None) -> TaskEvent:
    """One line in the task's own timeline."""
    return TaskEvent.objects.create(task=task, kind=event, detail=detail[:MAX_DETAIL], actor_id=actor_id)


def announce(task: Task, *, before: str) -> None:
    """Tell listeners after commit, and write down what the outside is told."""
    happenings.tell_task(task, before=before)
    task_changed.announce(TaskChanged(tenant_id=current_tenant().id, task_id=task.id, state=task.state, before=before))
