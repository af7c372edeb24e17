"""From a finished run to its task: the bill, and the state for runs that ended without delivering."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from apps.tasks.enums import EventKind, TaskState
from apps.tasks.lifecycle import CLOSED, retry_delay
from apps.tasks.models import Task
from apps.tasks.notion import projections
from apps.tasks.services import recording, reviewing
from apps.tasks.services.clock import after
from apps.workflows import facade as workflows
from apps.workflows.contracts import RunView
from apps.workflows.enums import RunState
from apps.workflows.errors import UnknownRun

ENDED = (RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED)
MAX_RESULT = 200_000


def settle_run(*, task_id: UUID | str, run_id: UUID | str) -> bool:
    """Book what the run cost and close the task if the run ended without doing so. True when the task changed.

    Does nothing for a run that still goes on, or that the task does not work with any more. Safe to repeat.
    """
    try:
        run = workflows.get_run(UUID(str(run_id)))
    except UnknownRun:
        return False
    if run.state not in ENDED:
        return False
    with transaction.atomic():
        task = recording.lock(task_id, run_id=run.id)
        if task is None or (task.is_billed and task.state in CLOSED):
            return False
        _book(task, run)
        if task.state not in CLOSED:
            _close(task, run)
        else:
            projections.bill_changed(task)
    return True


def _book(task: Task, run: RunView) -> None:
    """Cost of every run of the task (a replay is not one of them), tokens and model of this one's steps, by the rows."""
    rows = workflows.list_runs(subject_kind="task", subject_id=str(task.id), limit=200)
    outputs = [step.output for step in run.steps if isinstance(step.output, Mapping)]
    read, written = _sum(outputs, "prompt_tokens"), _sum(outputs, "completion_tokens")
    models = [step.model for step in run.steps if step.model and step.type == "ai.generate"]
    values: dict[str, Any] = {
        "cost_micros": sum(row.cost_micros for row in rows if row.trigger != "replay"),
        "tokens": read + written,
        "tokens_in": read,
        "is_billed": True,
        "workflow_version": run.version,
        "revision": run.revision or task.revision,
    }
    if models:
        values["model"] = models[-1]
    Task.objects.filter(id=task.id).update(**values)
    task.refresh_from_db()


def _sum(outputs: Iterable[Mapping[str, Any]], name: str) -> int:
    return sum(int(output[name]) for output in outputs if isinstance(output.get(name), int))


def _close(task: Task, run: RunView) -> None:
    reviewing.withdraw_reviews(task)
    if run.state == RunState.SUCCEEDED:
        text = result_of(run.outputs)
        recording.move(task, to=TaskState.DONE, event=EventKind.DELIVERED, result=text, error="", error_code="")
    elif run.state == RunState.CANCELLED:
        recording.move(
            task, to=TaskState.CANCELLED, event=EventKind.CANCELLED, detail=run.error.message if run.error else ""
        )
    else:
        fail(task, code=run.error.code if run.error else "failed", message=run.error.message if run.error else "")
    projections.task_moved(task)


def fail(task: Task, *, code: str, message: str) -> None:
    """Fail a locked task, and plan another try where the kind of failure deserves one."""
    code = (code or "failed")[:64]
    delay = retry_delay(code=code, tries=task.auto_retries)
    said = message.strip() or _("The work stopped with the error %(code)s.") % {"code": code}
    if delay is None:
        said = f"{said} {_('Start the task again once this is mended.')}"
    else:
        said = f"{said} {_('It is tried again by itself in %(minutes)d minutes.') % {'minutes': max(1, round(delay / 60))}}"
    recording.move(
        task,
        to=TaskState.FAILED,
        event=EventKind.FAILED,
        detail=said,
        error_code=code,
        error=said,
        retry_at=None if delay is None else after(delay),
    )


def result_of(outputs: Any) -> str:
    """What a workflow without a delivery step answered: its ``text`` or ``result``, else its outputs as they are."""
    if isinstance(outputs, Mapping):
        for name in ("text", "result"):
            if isinstance(outputs.get(name), str):
                return str(outputs[name])[:MAX_RESULT]
    if outputs in (None, {}, []):
        return _("The workflow ended without an answer of its own.")
    return json.dumps(outputs, ensure_ascii=False, indent=2)[:MAX_RESULT]
