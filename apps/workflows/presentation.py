"""Words and lines the pages about runs use."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.html import escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from apps.core.differences import FieldChange, field_diff
from apps.core.seeded import shown
from apps.core.templatetags.ui import micros, seconds
from apps.workflows.contracts import RunRow, RunView, StepView
from apps.workflows.enums import RunState, StepState

MARKS = {
    StepState.SUCCEEDED: "done",
    StepState.FAILED: "failed",
    StepState.RUNNING: "running",
    StepState.WAITING: "waiting",
    StepState.REVIEW: "waiting",
}
ICONS = {
    "ai.generate": "sparkles",
    "ai.review": "scale",
    "switch": "split",
    "parallel": "split",
    "join": "split",
    "sleep": "timer",
    "wait": "hand",
    "task.ask_person": "hand",
    "task.deliver": "send",
    "task.verdict": "gauge",
}
LIVE = frozenset({RunState.RUNNING, RunState.WAITING, RunState.REVIEW})
NARROWEST = 0.6
# Different in every run, whatever it did: ids, keys and how long a call took.
VOLATILE = re.compile(r"(^|\.)(key|call_ids|latency_ms|cached_tokens)(\[|$)")


@dataclass(frozen=True, kw_only=True)
class TraceLine:
    """One attempt of a step on the run's time line: ``left`` and ``width`` are per cent of its whole length."""

    path: str
    step_id: str
    attempt: int
    title: str
    type: str
    icon: str
    state: str
    text: str
    started_at: datetime
    finished_at: datetime | None
    duration: float
    left: float
    width: float
    cost_micros: int
    model: str
    score: int | None


def trace_of(steps: Iterable[StepView], now: datetime) -> list[TraceLine]:
    """A run's steps in order, laid out over its length so far."""
    found = list(steps)
    if not found:
        return []
    begin = min(step.started_at for step in found)
    end = max((step.finished_at or now) for step in found)
    span = max((end - begin).total_seconds(), 0.001)
    lines = []
    for step in found:
        duration = max(0.0, ((step.finished_at or now) - step.started_at).total_seconds())
        width = max(NARROWEST, 100 * duration / span)
        left = min(100 - width, 100 * (step.started_at - begin).total_seconds() / span)
        lines.append(
            TraceLine(
                path=step.path,
                step_id=step.step_id,
                attempt=step.attempt,
                title=step.title,
                type=step.type,
                icon=ICONS.get(step.type, "workflow"),
                state=MARKS.get(StepState(step.state), "cancelled"),
                text=step.error.message if step.error else step.summary,
                started_at=step.started_at,
                finished_at=step.finished_at,
                duration=duration,
                left=round(max(0.0, left), 2),
                width=round(width, 2),
                cost_micros=step.cost_micros,
                model=step.model,
                score=score_of(step),
            )
        )
    return lines


def score_of(step: StepView) -> int | None:
    """The score a step gave, where it gave one."""
    output = step.output if isinstance(step.output, dict) else {}
    score = output.get("score")
    return score if isinstance(score, int) and not isinstance(score, bool) else None


def last_score(steps: Sequence[StepView]) -> int | None:
    """The last score given in a run."""
    return next((score for step in reversed(steps) if (score := score_of(step)) is not None), None)


def length_of(run: RunRow, now: datetime) -> float:
    """Seconds from the run's start to its end, or to now."""
    return max(0.0, ((run.finished_at or now) - (run.started_at or run.created_at)).total_seconds())


def sentence_about(run: RunView, now: datetime) -> SafeString:
    """One sentence that says where the run stands, before any figure."""
    took = seconds(length_of(run, now))
    if run.state == RunState.SUCCEEDED:
        score = last_score(run.steps)
        if score is None:
            return format_html(_("Done in {time} for {cost}."), time=took, cost=micros(run.cost_micros))
        return format_html(
            _("Done in {time} for {cost}, scored {score}."), time=took, cost=micros(run.cost_micros), score=score
        )
    if run.state == RunState.FAILED:
        place = _title_at(run, run.error.path if run.error else "")
        message = run.error.message if run.error else ""
        if place:
            return format_html(_("Failed after {time} at “{step}”: {why}"), time=took, step=place, why=message)
        return format_html(_("Failed after {time}: {why}"), time=took, why=message)
    if run.state == RunState.CANCELLED:
        return format_html(_("Cancelled after {time}: {why}"), time=took, why=run.error.message if run.error else "")
    return _sentence_while_live(run, took)


def _sentence_while_live(run: RunView, took: str) -> SafeString:
    current = next((step for step in reversed(run.steps) if step.finished_at is None), None)
    title = shown(current.title) if current else ""
    if run.state == RunState.REVIEW and run.waiting_for:
        return format_html(_("Waits at “{step}” for a person's decision, since {time}."), step=title, time=took)
    if run.state == RunState.REVIEW:
        return format_html(_("Stopped at “{step}”: nobody can tell whether it happened. A person decides."), step=title)
    if run.state == RunState.WAITING and run.waiting_for:
        return format_html(_("Waits at “{step}” for an answer, since {time}."), step=title, time=took)
    if run.state == RunState.WAITING:
        return format_html(_("Rests at “{step}” and goes on by itself."), step=title)
    if not title:
        return escape(_("In the queue; a worker takes it in a moment."))
    return format_html(_("Running for {time}: “{step}” is at work."), time=took, step=title)


def _title_at(run: RunView, path: str) -> str:
    return next((shown(step.title) for step in reversed(run.steps) if step.path == path), path)


@dataclass(frozen=True, kw_only=True)
class ComparedStep:
    """The same step in two runs, its last attempt each; a side without it is None."""

    path: str
    title: str
    left: TraceLine | None
    right: TraceLine | None
    changes: tuple[FieldChange, ...]
    is_same: bool


def compare(left: RunView, right: RunView, now: datetime) -> list[ComparedStep]:
    """Two runs step by step, in the order of the first, then what only the second has."""
    sides = [_last_by_path(run) for run in (left, right)]
    lines = [{line.path: line for line in trace_of(side.values(), now)} for side in sides]
    rows = []
    for path in dict.fromkeys([*sides[0], *sides[1]]):
        a, b = sides[0].get(path), sides[1].get(path)
        found = field_diff(a.output, b.output) if a and b else []
        changes = tuple(change for change in found if not VOLATILE.search(change.place))
        rows.append(
            ComparedStep(
                path=path,
                title=(a or b).title,  # type: ignore[union-attr]
                left=lines[0].get(path),
                right=lines[1].get(path),
                changes=changes,
                is_same=bool(a and b and not changes and a.state == b.state),
            )
        )
    return rows


def _last_by_path(run: RunView) -> dict[str, StepView]:
    found: dict[str, StepView] = {}
    for step in run.steps:
        found[step.path] = step
    return found


def totals(left: RunView, right: RunView, now: datetime) -> list[dict[str, Any]]:
    """Cost, duration, score and steps of two runs side by side."""
    rows: list[dict[str, Any]] = [
        {"label": _("Took"), "left": seconds(length_of(left, now)), "right": seconds(length_of(right, now))},
        {"label": _("Cost"), "left": micros(left.cost_micros), "right": micros(right.cost_micros)},
        {"label": _("Score"), "left": _dash(last_score(left.steps)), "right": _dash(last_score(right.steps))},
        {"label": _("Steps"), "left": len(left.steps), "right": len(right.steps)},
        {"label": _("Version"), "left": left.version, "right": right.version},
    ]
    return [{**row, "differs": str(row["left"]) != str(row["right"])} for row in rows]


def _dash(value: int | None) -> str:
    return "–" if value is None else str(value)
