"""Words and lines the task pages use about a task."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from apps.tasks.contracts import TaskView
from apps.tasks.demo import demo_rows
from apps.tasks.enums import TaskState
from apps.workflows.contracts import StepView
from apps.workflows.enums import StepState

PLUMBING = frozenset({"switch", "set", "transform", "task.brief"})
MARKS = {
    StepState.SUCCEEDED: "done",
    StepState.FAILED: "failed",
    StepState.RUNNING: "running",
    StepState.WAITING: "waiting",
    StepState.REVIEW: "waiting",
}


@dataclass(frozen=True, kw_only=True)
class StepLine:
    """One line of the time line. ``state`` is done, failed, running, waiting or cancelled; ``duration`` in seconds."""

    title: str
    state: str
    text: str
    started_at: datetime
    finished_at: datetime | None
    duration: float | None
    cost_micros: int


def step_lines(steps: Iterable[StepView], now: datetime) -> list[StepLine]:
    """What a person cares about in a run: its calls, verdicts, waits and failures, without the plumbing in between."""
    return [_line(step, now) for step in steps if step.type not in PLUMBING or step.state == StepState.FAILED]


def _line(step: StepView, now: datetime) -> StepLine:
    return StepLine(
        title=step.title or step.step_id,
        state=MARKS.get(StepState(step.state), "cancelled"),
        text=step.error.message if step.error else step.summary,
        started_at=step.started_at,
        finished_at=step.finished_at,
        duration=((step.finished_at or now) - step.started_at).total_seconds(),
        cost_micros=step.cost_micros,
    )


SENTENCES = {
    TaskState.REVIEW: _lazy("The quality gate was not sure enough. A person decides."),
    TaskState.FAILED: _lazy("This did not work out. The reason and the next step are below."),
    TaskState.CANCELLED: _lazy("Cancelled. Nothing more is spent on it."),
    TaskState.RUNNING: _lazy("A model is working on it; this page moves along."),
    TaskState.NEW: _lazy("In the queue; a worker takes it in a moment."),
}


def sentence_about(task: TaskView) -> str:
    """One sentence that says where the task stands, before any figure."""
    if task.state != TaskState.DONE:
        return str(SENTENCES[TaskState(task.state)])
    if task.review and task.review.decided_by:
        return _("Answered, then approved by a person.")
    if task.score is None:
        return _("Answered.")
    score = {"score": task.score, "target": task.target}
    if task.revisions:
        return _("Answered after a revision: %(score)s of 100, %(target)s needed.") % score
    return _("Answered at the first try: %(score)s of 100, %(target)s needed.") % score


def example_request() -> dict[str, str]:
    """A first task that the bundled model answers well, to try the product with."""
    row = demo_rows()[0]
    return {"title": row.title, "body": row.body, "task_type": row.task_type}
