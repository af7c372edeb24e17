"""Figures of one run for a comparison: state, way taken, score, cost, duration, risk class."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from apps.core.differences import FieldChange, field_diff
from apps.workflows.contracts import RunView, StepView
from apps.workflows.presentation import VOLATILE, last_score
from apps.workflows.whatif.enums import Answered

UNKNOWN_COST = frozenset({Answered.WOULD_ASK.value, Answered.CAP.value})


def figures_of(run: RunView, *, classes: Iterable[str] = ()) -> dict[str, Any]:
    """What a run came to. ``cost_micros`` in millionths of a dollar, ``seconds`` are those its steps were at work."""
    steps = last_attempts(run.steps)
    return {
        "state": run.state,
        "error_code": run.error.code if run.error else "",
        "error_path": run.error.path if run.error else "",
        "score": last_score(run.steps),
        "cost_micros": run.cost_micros,
        "seconds": round(sum(map(seconds_of, steps.values())), 3),
        "way": list(steps),
        "risk_class": max(classes, default=""),
    }


def expected(
    after: Mapping[str, Any], *, origin: RunView, shadow: RunView, answers: Mapping[str, str]
) -> dict[str, Any]:
    """A shadow's figures with what its answers from the record took and cost then; unknown (None) where a model was not asked."""
    past, now = last_attempts(origin.steps), last_attempts(shadow.steps)
    cost, seconds = shadow.cost_micros, 0.0
    for path, step in now.items():
        answered = answers.get(path)
        from_record = answered not in (None, Answered.ASKED.value) and path in past
        seconds += seconds_of(past[path] if from_record else step)
        cost += past[path].cost_micros if from_record else 0
    untold = bool(UNKNOWN_COST & set(answers.values()))
    return {
        **after,
        "cost_micros": None if untold else cost,
        "seconds": None if untold else round(seconds, 3),
        "spent_micros": shadow.cost_micros,
    }


def output_changes(before: Any, after: Any) -> list[FieldChange]:
    """Places at which two outputs differ, but for ids, keys and times of calls."""
    return [change for change in field_diff(before, after) if not VOLATILE.search(change.place)]


def result_of(run: RunView) -> Any:
    """What a run is compared by: its declared output, else the output of its last finished step."""
    if run.outputs is not None:
        return run.outputs
    return next((step.output for step in reversed(run.steps) if step.state == "succeeded" and step.output), None)


def last_attempts(steps: Sequence[StepView]) -> dict[str, StepView]:
    """The last attempt at each path, in the order the paths were first taken."""
    found: dict[str, StepView] = {}
    for step in steps:
        found[step.path] = step
    return found


def seconds_of(step: StepView) -> float:
    """How long an attempt took."""
    return max(0.0, (step.finished_at - step.started_at).total_seconds()) if step.finished_at else 0.0
