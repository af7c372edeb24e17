"""What the task's steps share."""

from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.tasks.lifecycle import OPEN
from apps.tasks.models import Task
from apps.tasks.services import recording
from apps.workflows.contracts import StepContext

MAX_RESULT = 200_000
NOTHING_THERE = {"type": ["object", "null"]}
TEXT = {"type": "string"}


def own_task(ctx: StepContext) -> Task | None:
    """The open task this run answers, locked; None for a replay, an older attempt or a task that is closed.

    Raises ``InvalidInput`` in a run that was not started for a task.
    """
    if ctx.subject_kind != "task":
        raise InvalidInput(
            _("This step works only in a workflow that answers a task. Choose the workflow in a task type.")
        )
    task = recording.lock(ctx.subject_id, run_id=ctx.run_id)
    return task if task is not None and task.state in OPEN else None
