"""Words and lines the task pages use about a task."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from apps.core.differences import Piece, word_diff
from apps.core.templatetags.ui import micros, seconds
from apps.tasks.contracts import EventView, TaskView
from apps.tasks.demo import demo_rows
from apps.tasks.enums import TaskState
from apps.workflows.contracts import StepView
from apps.workflows.enums import StepState
from apps.workflows.facade import TraceLine, trace_of

PLUMBING = frozenset({"switch", "set", "transform", "task.brief"})
MAX_DIFF = 60_000


def step_lines(steps: Iterable[StepView], now: datetime) -> list[TraceLine]:
    """What a person cares about in a run: its calls, verdicts, waits and failures, without the plumbing in between."""
    return trace_of([step for step in steps if step.type not in PLUMBING or step.state == StepState.FAILED], now)


SENTENCES = {
    TaskState.REVIEW: _lazy("The quality gate was not sure enough. A person decides."),
    TaskState.FAILED: _lazy("This did not work out. The reason and the next step are below."),
    TaskState.CANCELLED: _lazy("Cancelled. Nothing more is spent on it."),
    TaskState.RUNNING: _lazy("A model is working on it; this page moves along."),
    TaskState.NEW: _lazy("In the queue; a worker takes it in a moment."),
}


def sentence_about(task: TaskView) -> SafeString:
    """One sentence that says where the task stands, before any figure: how long, how much, how good."""
    if task.state != TaskState.DONE or task.finished_at is None:
        return escape(SENTENCES[TaskState(task.state)])
    told: dict[str, Any] = {
        "time": seconds(task.finished_at - task.created_at),
        "cost": micros(task.cost_micros),
        "score": task.score,
    }
    if task.review and task.review.decided_by:
        return format_html(_("Answered in {time} for {cost} and approved by a person."), **told)
    if task.score is None:
        return format_html(_("Answered in {time} for {cost}."), **told)
    if task.revisions:
        return format_html(_("Answered in {time} for {cost}, scored {score} after a revision."), **told)
    return format_html(_("Answered in {time} for {cost}, scored {score}."), **told)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One version of the answer; ``pieces`` is what changed against the one before, ``feedback`` what the next was told."""

    number: int
    text: str
    score: int | None
    feedback: str
    by_person: bool
    pieces: tuple[Piece, ...]


def drafts_of(task: TaskView, steps: Sequence[StepView]) -> list[Draft]:
    """Every version of the answer, newest first; one a person edited comes last of all."""
    found: list[tuple[str, int | None, str, bool]] = []
    for step in steps:
        output = step.output if isinstance(step.output, Mapping) else {}
        if step.type == "task.verdict" and step.state == StepState.SUCCEEDED and output.get("answer"):
            found.append((str(output["answer"]), output.get("score"), str(output.get("feedback") or ""), False))
    if task.review and task.review.edited_text and task.result:
        found.append((task.result, None, "", True))
    drafts = []
    for number, (text, score, feedback, by_person) in enumerate(found, start=1):
        before = found[number - 2][0] if number > 1 else None
        comparable = before is not None and len(before) + len(text) <= MAX_DIFF
        drafts.append(
            Draft(
                number=number,
                text=text,
                score=score,
                feedback=feedback,
                by_person=by_person,
                pieces=tuple(word_diff(before, text)) if before is not None and comparable else (),
            )
        )
    return drafts[::-1]


def history_of(events: Sequence[EventView], names: Mapping[int, str]) -> list[dict[str, Any]]:
    """The task's own timeline with the names of people, newest first."""
    return [
        {"event": event, "by": names.get(event.actor_id, "") if event.actor_id is not None else ""}
        for event in reversed(events)
    ]


def example_request() -> dict[str, str]:
    """A first task that the bundled model answers well, to try the product with."""
    row = demo_rows()[0]
    return {"title": row.title, "body": row.body, "task_type": row.task_type}
