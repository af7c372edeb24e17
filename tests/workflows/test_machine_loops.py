"""Loops and conditions in the pure machine, against a plain interpreter of the same programs.

Programs are random but well formed: steps one after the other, conditions, parallel sections and loops, nested. Whatever the order in
which steps finish, wherever they fail and are retried, and however often the state goes through storage, every item runs every step
it should exactly once, in order, and the loop gives what its items gave.
"""

from collections.abc import Mapping
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, assume, given, settings

from apps.workflows.core import events as ev
from apps.workflows.core.definition import parse
from apps.workflows.core.machine import apply, pending, scope_of
from apps.workflows.core.problems import errors
from apps.workflows.core.rewind import Line, attempts_of
from apps.workflows.core.state import Facts, Phase, RunState, Status, from_json, to_json
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.core.validate import schema_validator, validate

TYPES = {"work": schema_validator({"type": "object"})}
FACTS = Facts(inputs={"list": [10, 20, 30]})
# Larger programs than this say nothing new and a definition may not have more than 200 steps.
LARGEST = 60
BROKEN = Failure(kind=FailureKind.PERMANENT, code="broken")


def work(next_: str | None = None, **more: Any) -> dict[str, Any]:
    return {"type": "work", "with": {"item": {"$expr": "default(loop.item, null)"}}, "next": next_, **more}


class Runner:
    """Carries a definition out; ``fail`` are paths that fail the first time."""

    def __init__(self, steps: Mapping[str, Any], *, start: str = "a", fail: frozenset[str] = frozenset()) -> None:
        raw = {"schema": 1, "start": start, "steps": steps}
        assert errors(validate(raw, types=TYPES)) == []
        self.definition = parse(raw)
        self.fail = fail
        self.ran: list[tuple[str, Any]] = []
        self.lines: dict[tuple[str, int], ev.Record] = {}
        self.state = RunState()
        self.take(ev.Begin())

    def take(self, event: ev.Event) -> None:
        self.state, actions = apply(self.definition, self.state, event, FACTS)
        for action in actions:
            if isinstance(action, ev.Record):
                self.lines[action.path, action.attempt] = action
        if not self.state.ended:
            self.state = from_json(to_json(self.state))

    def finish(self, pick: int = 0) -> None:
        """One ready step, by position, succeeds or fails."""
        ready = pending(self.state)
        token = ready[pick % len(ready)]
        scope = scope_of(self.state, FACTS, token.visit, token.frames)
        item = self.definition.steps[token.step].config(scope)["item"]
        if token.path in self.fail and token.attempt == 1:
            self.take(ev.Failed(token.id, BROKEN))
            return
        self.ran.append((token.step, item))
        self.take(ev.Succeeded(token.id, {"from": token.step, "item": item}))

    def run(self, picks: list[int] | None = None) -> None:
        for turn in range(5000):
            while self.state.status is Status.FAILED:
                self.state = from_json(to_json(self.state))
                history = [
                    Line(
                        seq=r.seq,
                        path=r.path,
                        step=r.step,
                        attempt=r.attempt,
                        state=r.state,
                        output=r.output,
                        error=r.error,
                    )
                    for r in self.lines.values()
                ]
                self.take(ev.Retries(attempts=attempts_of(history)))
            if self.state.ended:
                return
            self.finish(picks[turn % len(picks)] if picks else 0)
        raise AssertionError("the run did not end")


def outputs(runner: Runner, path: str) -> Any:
    return [line for (where, _n), line in runner.lines.items() if where == path][-1].output


def test_loop_runs_its_body_for_each_item_and_gives_what_they_gave() -> None:
    runner = Runner(
        {"a": {"type": "loop", "items": {"$ref": "inputs.list"}, "body": "b", "next": "c"}, "b": work(), "c": work()}
    )
    runner.run()
    assert runner.ran == [("b", 10), ("b", 20), ("b", 30), ("c", None)]
    assert outputs(runner, "a") == {"count": 3, "results": [{"from": "b", "item": n} for n in (10, 20, 30)]}


def test_nested_loops_see_both_items() -> None:
    inner = {
        "type": "loop",
        "items": [1, 2],
        "body": "c",
        "collect": {"$expr": "[loop.outer.item, loop.item, loop.index]"},
    }
    runner = Runner({"a": {"type": "loop", "items": ["x", "y"], "body": "b"}, "b": inner, "c": work()})
    runner.run()
    rounds = [result["results"] for result in outputs(runner, "a")["results"]]
    assert rounds == [[["x", 1, 0], ["x", 2, 1]], [["y", 1, 0], ["y", 2, 1]]]


def test_empty_list_is_over_at_once_and_a_wrong_or_long_one_fails() -> None:
    runner = Runner({"a": {"type": "loop", "items": [], "body": "b", "next": "c"}, "b": work(), "c": work()})
    runner.run()
    assert runner.ran == [("c", None)]
    for items, code in ((7, "loop_items"), ([1, 2, 3], "loop_limit")):
        broken = Runner({"a": {"type": "loop", "items": items, "limit": 2, "body": "b"}, "b": work()})
        assert broken.state.error is not None
        assert broken.state.error["code"] == code


def test_a_thousand_items_and_more_visits_than_a_step_has_outside() -> None:
    runner = Runner({"a": {"type": "loop", "items": list(range(1000)), "limit": 1000, "body": "b"}, "b": work()})
    runner.run()
    assert len(runner.ran) == 1000


def test_a_thousand_items_of_mere_conditions_do_not_nest_calls() -> None:
    body = {"type": "condition", "when": {"$expr": "loop.item > 500"}, "then": None, "else": None}
    runner = Runner({"a": {"type": "loop", "items": list(range(1000)), "limit": 1000, "body": "b"}, "b": body})
    assert runner.state.status is Status.SUCCEEDED


def test_failed_item_is_retried_alone() -> None:
    steps = {"a": {"type": "loop", "items": [1, 2, 3], "body": "b"}, "b": work("c"), "c": work()}
    runner = Runner(steps, fail=frozenset({"c#2"}))
    runner.run()
    assert runner.ran == [(name, item) for item in (1, 2, 3) for name in ("b", "c")]


def test_item_that_fails_may_have_a_way_of_its_own() -> None:
    steps = {
        "a": {"type": "loop", "items": [1, 2], "body": "b", "next": "d"},
        "b": work(on_error="c"),
        "c": work(),
        "d": work(),
    }
    runner = Runner(steps, fail=frozenset({"b"}))
    runner.run()
    assert runner.ran == [("c", 1), ("b", 2), ("d", None)]


def test_results_of_one_item_are_not_seen_by_the_next() -> None:
    steps = {
        "a": {"type": "loop", "items": [1, 2], "body": "b"},
        "b": {"type": "condition", "when": {"$expr": "loop.item == 1"}, "then": "c", "else": "d"},
        "c": work("d"),
        "d": {**work(), "with": {"item": {"$expr": "exists(steps.c.output)"}}},
    }
    runner = Runner(steps)
    runner.run()
    assert [entry for entry in runner.ran if entry[0] == "d"] == [("d", True), ("d", False)]


def test_cancelled_loop_says_so_in_its_history() -> None:
    runner = Runner({"a": {"type": "loop", "items": [1], "body": "b"}, "b": work()})
    runner.take(ev.Cancels("enough"))
    assert runner.lines["a", 1].state == "cancelled"


# -- random programs ---------------------------------------------------------------------------------------------------


class Program:
    """Writes a definition and, beside it, what a plain interpreter would run."""

    def __init__(self) -> None:
        self.steps: dict[str, Any] = {}
        self.count = 0

    def name(self, kind: str) -> str:
        self.count += 1
        return f"{kind}{self.count}"

    def write(self, tree: Any, next_: str | None) -> str | None:
        """Steps of a block, the last leading to ``next_``; returns the first."""
        for node in reversed(tree):
            kind, body = node
            if kind == "work":
                name = self.name("w")
                self.steps[name] = work(next_)
            elif kind == "loop":
                name = self.name("l")
                items, inner = body
                self.steps[name] = {"type": "loop", "items": items, "body": self.write(inner, None), "next": next_}
            elif kind == "if":
                name = self.name("c")
                holds, yes, no = body
                after = self.name("w")
                self.steps[after] = work(next_)
                self.steps[name] = {
                    "type": "condition",
                    "when": {"$expr": str(holds).lower()},
                    "then": self.write(yes, after) or after,
                    "else": self.write(no, after) or after,
                }
            else:
                name, join = self.name("p"), self.name("j")
                self.steps[join] = {"type": "join", "next": next_}
                branches = [self.write(branch, join) for branch in body]
                self.steps[name] = {"type": "parallel", "branches": branches, "join": join}
            next_ = name
        return next_


def expected(tree: Any, item: Any) -> list[Any]:
    """Items that work steps see, as a multiset in the order of a plain interpreter."""
    ran: list[Any] = []
    for kind, body in tree:
        if kind == "work":
            ran.append(item)
        elif kind == "loop":
            for inner in body[0]:
                ran += expected(body[1], inner)
        elif kind == "if":
            ran += expected(body[1] if body[0] else body[2], item)
            ran.append(item)
        else:
            for branch in body:
                ran += expected(branch, item)
    return ran


def blocks(depth: int) -> st.SearchStrategy[Any]:
    work_step = st.just(("work", None))
    if depth == 0:
        return st.lists(work_step, min_size=1, max_size=2)
    inner = blocks(depth - 1)
    node = st.one_of(
        work_step,
        st.tuples(st.just("loop"), st.tuples(st.lists(st.integers(0, 99), max_size=3), inner)),
        st.tuples(st.just("if"), st.tuples(st.booleans(), inner, inner)),
        st.tuples(st.just("parallel"), st.lists(inner, min_size=1, max_size=3)),
    )
    return st.lists(node, min_size=1, max_size=3)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(
    tree=blocks(3),
    picks=st.lists(st.integers(0, 7), min_size=1, max_size=30),
    failing=st.sets(st.integers(1, 60), max_size=6),
)
def test_any_program_runs_every_step_once_per_item_in_any_order_through_failures_and_storage(
    tree: Any, picks: list[int], failing: set[int]
) -> None:
    program = Program()
    start = program.write(tree, None)
    assert start is not None
    assume(len(program.steps) <= LARGEST)
    names = sorted(name for name, body in program.steps.items() if body["type"] == "work")
    fail = frozenset(f"{names[n % len(names)]}{'#2' if n % 3 == 0 else ''}" for n in failing)
    runner = Runner(program.steps, start=start, fail=fail)
    runner.run(picks)
    assert runner.state.status is Status.SUCCEEDED
    assert not runner.state.tokens
    assert sorted(map(str, (item for _step, item in runner.ran))) == sorted(map(str, expected(tree, None)))
    if not any(kind == "parallel" for kind in str(tree).split("'")):
        assert [item for _step, item in runner.ran] == expected(tree, None)
    assert all(line.state in ("succeeded", "failed", "cancelled") for line in runner.lines.values()), Phase
