"""Runs from start to finish through the facade and the real loop."""

import pytest

from tests.workflows.driving import run, view

pytestmark = pytest.mark.usefixtures("committed")


def test_five_pure_steps_run_in_order_and_leave_a_history() -> None:
    steps = {
        "a": {"type": "set", "with": {"n": {"$ref": "inputs.n"}, "who": "Ada"}, "next": "b"},
        "b": {"type": "log", "with": {"message": {"$text": "Hello {{steps.a.output.who}}"}}, "next": "c"},
        "c": {
            "type": "switch",
            "cases": [{"when": {"op": "gte", "left": {"$ref": "steps.a.output.n"}, "right": 3}, "next": "d"}],
        },
        "d": {
            "type": "transform",
            "with": {"from": {"$ref": "steps.a.output"}, "rename": {"name": "who"}},
            "next": "e",
        },
        "e": {"type": "log", "with": {"message": "done"}},
    }
    run_id = run(steps, {"n": 3}, output={"name": {"$ref": "steps.d.output.name"}})
    done = view(run_id)
    assert (done.state, done.outputs, done.error) == ("succeeded", {"name": "Ada"}, None)
    assert [(step.path, step.state) for step in done.steps] == [(name, "succeeded") for name in "abcde"]
    assert done.steps[1].summary == "Hello Ada"
    assert done.finished_at is not None and done.started_at is not None
