"""The state machine with plain values: routes, loops, parallel sections, failures, retries, determinism."""

from typing import Any

import pytest

from apps.workflows.core import events as ev
from apps.workflows.core.definition import parse
from apps.workflows.core.machine import apply
from apps.workflows.core.state import Facts, Phase, RunState, Status, from_json, to_json
from apps.workflows.core.taxonomy import Failure, FailureKind

FACTS = Facts(inputs={"n": 1})
GONE = Failure(kind=FailureKind.PERMANENT, code="gone", message="gone")


class Walk:
    """A run by hand: answers tokens by step id."""

    def __init__(self, steps: dict[str, Any], start: str = "a", **more: Any) -> None:
        self.definition = parse({"schema": 1, "start": start, "steps": steps, **more})
        self.state = RunState()
        self.records: list[ev.Record] = []
        self.do(ev.Begin())

    def do(self, event: ev.Event) -> tuple[ev.Action, ...]:
        self.state, actions = apply(self.definition, self.state, event, FACTS)
        self.state = from_json(to_json(self.state)) if not self.state.ended else self.state
        self.records += [action for action in actions if isinstance(action, ev.Record)]
        return actions

    def at(self, step: str) -> int:
        return next(token.id for token in self.state.tokens if token.step == step)

    def ok(self, step: str, output: Any = None) -> None:
        self.do(ev.Succeeded(self.at(step), output if output is not None else {}))

    def fail(self, step: str, retry_at: float | None = None) -> None:
        self.do(ev.Failed(self.at(step), GONE, retry_at))

    def where(self) -> set[str]:
        return {f"{token.path}:{token.phase}" for token in self.state.tokens}


def step(following: str | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "x", **({"next": following} if following else {}), **more}


def parallel(*branches: str, join: str = "j") -> dict[str, Any]:
    return {"type": "parallel", "branches": list(branches), "join": join}


def test_straight_line_ends_with_its_output() -> None:
    walk = Walk({"a": step("b"), "b": step()}, output={"got": {"$ref": "steps.b.output.v"}})
    walk.ok("a")
    walk.ok("b", {"v": 7})
    assert (walk.state.status, walk.state.output) == (Status.SUCCEEDED, {"got": 7})


def test_loop_gets_a_new_path_for_each_visit_and_stops_at_its_limit() -> None:
    walk = Walk({"a": step("b"), "b": step("a", max_visits=2)})
    for _ in range(2):
        walk.ok("a")
        walk.ok("b")
    walk.ok("a")
    assert walk.state.status is Status.FAILED
    assert walk.state.error == {"code": "visit_limit", "message": "b was visited more than 2 times.", "path": "b#3"}
    assert [record.path for record in walk.records] == ["a", "b", "a#2", "b#2", "a#3", "b#3"]


def test_join_waits_for_all_branches_and_goes_on_once() -> None:
    walk = Walk(
        {"a": parallel("b", "c"), "b": step("j"), "c": step("j"), "j": {"type": "join", "next": "d"}, "d": step()}
    )
    assert walk.where() == {"b:ready", "c:ready"}
    walk.ok("c")
    assert {token.phase for token in walk.state.tokens} == {Phase.READY, Phase.JOINED}
    walk.ok("b")
    assert walk.where() == {"d:ready"}
    walk.ok("d")
    assert walk.state.status is Status.SUCCEEDED


def test_branches_that_end_early_do_not_hold_the_join_up() -> None:
    walk = Walk({"a": parallel("b", "c"), "b": step(), "c": step("j"), "j": {"type": "join", "next": "d"}, "d": step()})
    walk.ok("c")
    walk.ok("b")
    assert walk.where() == {"d:ready"}


def test_nested_parallel_sections_join_from_the_inside_out() -> None:
    walk = Walk(
        {
            "a": parallel("p", "c"),
            "p": parallel("b1", "b2", join="k"),
            "b1": step("k"),
            "b2": step("k"),
            "k": {"type": "join", "next": "j"},
            "c": step("j"),
            "j": {"type": "join", "next": "d"},
            "d": step(),
        }
    )
    assert walk.where() == {"b1:ready", "b2:ready", "c:ready"}
    walk.ok("b1")
    walk.ok("c")
    assert "d:ready" not in walk.where()
    walk.ok("b2")
    assert walk.where() == {"d:ready"}


def test_branches_of_nothing_but_control_steps_join_at_once() -> None:
    walk = Walk(
        {
            "a": parallel("s", "j"),
            "s": {"type": "switch", "cases": [{"when": {"op": "exists", "value": 1}, "next": "j"}]},
            "j": {"type": "join", "next": "d"},
            "d": step(),
        }
    )
    assert walk.where() == {"d:ready"}


def test_failure_lets_calls_finish_and_parks_the_rest_for_a_retry() -> None:
    walk = Walk(
        {
            "a": parallel("b", "c", "d"),
            "b": step("j"),
            "c": step("j"),
            "d": step("j"),
            "j": {"type": "join", "next": "e"},
            "e": step(),
        }
    )
    walk.do(ev.Calls(walk.at("c")))
    walk.ok("d")
    walk.fail("b")
    assert (walk.where(), walk.state.status) == ({"c:calling"}, Status.RUNNING)
    walk.ok("c")
    assert walk.state.status is Status.FAILED
    walk.do(ev.Retries(attempts={"b": 1, "c": 1, "d": 1}))
    assert "b:ready" in walk.where()
    assert next(token.attempt for token in walk.state.tokens if token.step == "b") == 2
    walk.ok("b")
    assert walk.where() == {"e:ready"}


def test_error_and_timeout_routes_are_taken() -> None:
    walk = Walk(
        {"a": step("b", on_error="c"), "b": step(), "c": step("w"), "w": step("b", on_timeout="d"), "d": step()}
    )
    walk.fail("a")
    assert walk.state.results["a"]["error"] == {"code": "gone", "message": "gone"}
    walk.ok("c")
    walk.do(ev.Waits(walk.at("w"), "answer", until=50.0))
    walk.do(ev.TimePassed(49.0))
    assert walk.where() == {"w:waiting"}
    walk.do(ev.TimePassed(50.0))
    assert walk.where() == {"d:ready"}


def test_retry_is_a_new_attempt_of_the_same_path() -> None:
    walk = Walk({"a": step()})
    walk.fail("a", retry_at=10.0)
    assert walk.where() == {"a:sleeping"}
    walk.do(ev.TimePassed(10.0))
    walk.ok("a")
    assert [(record.path, record.attempt, record.state) for record in walk.records] == [
        ("a", 1, "failed"),
        ("a", 2, "succeeded"),
    ]


def test_events_for_tokens_that_moved_on_change_nothing() -> None:
    walk = Walk({"a": step("b"), "b": step()})
    token = walk.at("a")
    walk.ok("a")
    before = walk.state
    for event in (
        ev.Succeeded(token, {}),
        ev.Failed(token, GONE),
        ev.Calls(token),
        ev.TriesAgain(token, GONE),
        ev.Sleeps(token, 1.0),
    ):
        walk.do(event)
    assert to_json(walk.state) == to_json(before)


def test_ended_run_takes_no_event() -> None:
    walk = Walk({"a": step()})
    walk.do(ev.Cancels("enough"))
    assert walk.state.status is Status.CANCELLED
    before = walk.state
    walk.do(ev.Begin())
    walk.do(ev.Retries())
    assert walk.state is before


def test_switch_on_values_that_cannot_be_compared_is_an_error_not_a_wrong_turn() -> None:
    walk = Walk(
        {
            "a": step("s"),
            "s": {
                "type": "switch",
                "cases": [{"when": {"op": "gt", "left": {"$ref": "steps.a.output.n"}, "right": 3}, "next": "b"}],
                "default": "b",
            },
            "b": step(),
        }
    )
    walk.ok("a", {"n": "7"})
    assert walk.state.error is not None
    assert walk.state.error["code"] == "condition_types"


@pytest.mark.parametrize("steps", [3, 1500])
def test_run_cannot_take_more_steps_than_its_limit(steps: int) -> None:
    walk = Walk({"a": step("a", max_visits=500), "b": step()})
    for _ in range(steps):
        if walk.state.ended:
            break
        walk.ok("a")
    assert walk.state.ended == (steps > 3)
