"""Starting, and starting again, the run that answers a task."""

from dataclasses import asdict
from typing import Any

from django.db.models.functions import Now
from django.utils.translation import gettext as _

from apps.ai.contracts import DEFAULT_CRITERIA
from apps.dispatch.enums import Queue
from apps.tasks.enums import MediaKind, TaskSource
from apps.tasks.errors import InvalidRequest
from apps.tasks.lifecycle import QUEUE_PRIORITY
from apps.tasks.models import Task
from apps.tasks.services import defaults
from apps.workflows import facade as workflows
from apps.workflows.errors import UnknownWorkflow

READABLE = (MediaKind.TEXT, MediaKind.DOCUMENT)
QUEUES = {TaskSource.PORTAL: Queue.INTERACTIVE, TaskSource.SCHEDULE: Queue.BULK}


def start(task: Task) -> None:
    """Start the run of the task's present attempt, in the caller's transaction. The same attempt never gets two runs.

    Raises ``InvalidRequest`` when the type's workflow does not exist (any more).
    """
    task.workflow, task.target = task.type.workflow, task.qa_target or task.type.threshold
    try:
        run_id = _start_run(task)
    except UnknownWorkflow:
        if not defaults.install(workflow=task.workflow):
            raise InvalidRequest(
                fields={
                    "task_type": _(
                        "The workflow %(slug)s of this task type does not exist. Choose another one in its settings."
                    )
                    % {"slug": task.workflow}
                }
            ) from None
        run_id = _start_run(task)
    task.run_id = run_id
    Task.objects.filter(id=task.id).update(run_id=run_id, workflow=task.workflow, target=task.target, touched_at=Now())


def _start_run(task: Task) -> Any:
    return workflows.start_run(
        workflow=task.workflow,
        inputs=inputs_of(task),
        subject_kind="task",
        subject_id=str(task.id),
        queue=QUEUES.get(TaskSource(task.source), Queue.DEFAULT),
        priority=QUEUE_PRIORITY[task.priority],
        idempotency_key=f"task:{task.id}:{task.attempt}",
        trigger=task.source,
        started_by=task.requested_by,
    )


def inputs_of(task: Task) -> dict[str, Any]:
    """What a workflow knows of a task: frozen with the run, so later edits of the type do not change running work."""
    kind = task.type
    files = list(task.attachments.order_by("created_at", "id"))
    texts = [f"--- {row.name} ---\n{row.text}" for row in files if row.kind in READABLE and row.text]
    return {
        "task_id": str(task.id),
        "number": task.number,
        "title": task.title,
        "body": "\n\n".join([task.body, *texts]),
        "request": task.body,
        "instructions": kind.instructions,
        "task_type": kind.slug,
        "client": task.client,
        "user_id": task.requested_by,
        "quality": kind.quality,
        "max_output_tokens": kind.max_output_tokens,
        "max_revisions": kind.max_revisions,
        "rubric": {
            "criteria": kind.rubric or [asdict(criterion) for criterion in DEFAULT_CRITERIA],
            "threshold": task.target,
            "borderline": kind.borderline,
            "max_votes": kind.max_votes,
        },
        "checks": kind.checks,
        "unreadable": [row.name for row in files if row.kind not in READABLE],
    }
