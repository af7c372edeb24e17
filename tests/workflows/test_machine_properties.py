"""Properties of the pure core under any workflow, any order of events, and workers that die and come back with old fences."""

from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from apps.workflows.core import events as ev
from apps.workflows.core import moves
from apps.workflows.core.definition import parse
from apps.workflows.core.effects import EffectFacts, Move, effect_key, next_move, state_after
from apps.workflows.core.machine import apply, pending
from apps.workflows.core.retry import pause_before_retry
from apps.workflows.core.state import Facts, Phase, RunState, Status, from_json, to_json
from apps.workflows.core.taxonomy import Failure, FailureKind, classify_status
from apps.workflows.core.validate import validate

IDS = [f"s{n}" for n in range(8)]
FACTS = Facts(inputs={})
# Unchecked graphs may loop inside their own loops; a low bound keeps their runs short.
MOST_STEPS = 300
FAILURES = [Failure(kind=kind, code=str(kind)) for kind in FailureKind]


@st.composite
def workflows(draw: st.DrawFn) -> dict[str, Any]:
    """Any graph over up to eight steps that validation lets through."""
    ids = IDS[: draw(st.integers(2, 8))]
    target = st.one_of(st.none(), st.sampled_from(ids))
    steps: dict[str, Any] = {}
    for name in ids:
        kind = draw(st.sampled_from(["work", "work", "work", "switch", "parallel", "condition", "loop"]))
        if kind == "switch":
            when = {
                "op": draw(st.sampled_from(["exists", "empty"])),
                "value": {"$ref": f"steps.{draw(st.sampled_from(ids))}.output", "default": None},
            }
            steps[name] = {"type": "switch", "cases": [{"when": when, "next": draw(target)}], "default": draw(target)}
        elif kind == "parallel":
            branches = draw(st.lists(st.sampled_from(ids), min_size=1, max_size=3, unique=True))
            steps[name] = {"type": "parallel", "branches": branches, "join": "join"}
        elif kind == "condition":
            seen = f"steps.{draw(st.sampled_from(ids))}.output.v"
            when = {"$expr": f"exists({seen}) or {draw(st.sampled_from(['true', 'false', '1', 'loop.index == 1']))}"}
            steps[name] = {"type": "condition", "when": when, "then": draw(target), "else": draw(target)}
        elif kind == "loop":
            items = draw(st.lists(st.integers(0, 9), max_size=3))
            steps[name] = {"type": "loop", "items": items, "body": draw(st.sampled_from(ids)), "next": draw(target)}
        else:
            steps[name] = {
                "type": "work",
                "next": draw(target),
                "on_error": draw(target),
                "max_visits": draw(st.integers(1, 4)),
            }
    steps["join"] = {"type": "join", "next": draw(target)}
    return {"schema": 1, "start": "s0", "steps": steps}


EVENTS = st.tuples(
    st.sampled_from(["ok", "fail", "retry", "wait", "sleep", "call", "doubt", "again", "time"]),
    st.integers(0, 30),
    st.sampled_from(FAILURES),
)


def to_event(kind: str, token: int, failure: Failure, now: float) -> ev.Event:
    """An event of some kind about some token, fitting or not."""
    return {
        "ok": ev.Succeeded(token, {"v": 1}),
        "fail": ev.Failed(token, failure),
        "retry": ev.Failed(token, failure, now + 1),
        "wait": ev.Waits(token, "go", now + 5),
        "sleep": ev.Sleeps(token, now + 1),
        "call": ev.Calls(token),
        "doubt": ev.Doubts(token, failure),
        "again": ev.TriesAgain(token, failure),
        "time": ev.TimePassed(now),
    }[kind]


@pytest.fixture(autouse=True)
def _short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moves, "MAX_STEPS_PER_RUN", MOST_STEPS)


@settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(raw=workflows(), script=st.lists(EVENTS, max_size=40))
def test_same_events_give_the_same_states_through_storage_and_every_run_ends(
    raw: dict[str, Any], script: list[Any]
) -> None:
    definition = parse(raw)
    straight, _ = apply(definition, RunState(), ev.Begin(), FACTS)
    stored = from_json(to_json(straight)) if not straight.ended else straight
    now = 0.0
    for kind, token, failure in script:
        now += 1.0
        event = to_event(kind, token, failure, now)
        before = straight
        straight, actions = apply(definition, straight, event, FACTS)
        again, same = apply(definition, before, event, FACTS)
        assert (again, same) == (straight, actions)
        stored, _ = apply(definition, stored, event, FACTS)
        assert to_json(stored) == to_json(straight)
        if not stored.ended:
            stored = from_json(to_json(stored))
    for _ in range(3000):
        if straight.ended:
            break
        now += 10.0
        straight, _ = apply(definition, straight, ev.TimePassed(now), FACTS)
        for token in straight.tokens:
            straight, _ = apply(definition, straight, ev.Succeeded(token.id, {}), FACTS)
    assert straight.ended
    assert not straight.tokens


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(raw=workflows())
def test_validation_never_crashes_and_accepted_graphs_can_end(raw: dict[str, Any]) -> None:
    import jsonschema_rs

    problems = validate(raw, types={"work": jsonschema_rs.Draft202012Validator({})})
    assert all(problem.code and problem.message for problem in problems)


@given(
    tenant=st.integers(1, 10**9),
    run=st.uuids(),
    path=st.sampled_from(IDS),
    loop=st.integers(0, 50),
    generation=st.integers(0, 5),
)
def test_key_is_a_function_of_the_intention_alone(tenant: int, run: Any, path: str, loop: int, generation: int) -> None:
    base = {"tenant": tenant, "run": str(run), "path": path, "loop_index": loop, "ordinal": 0, "generation": generation}
    key = effect_key(**base)
    assert key == effect_key(**base)
    for name, value in base.items():
        other = {**base, name: f"{value}x" if isinstance(value, str) else value + 1}
        assert effect_key(**other) != key


@given(status=st.integers(100, 599))
def test_status_is_success_only_for_2xx_and_open_where_the_effect_may_have_happened(status: int) -> None:
    failure = classify_status(status)
    assert (failure is None) == (200 <= status < 300)
    if failure is not None:
        assert (state_after(failure) == "unknown") == (status in (408, 409) or status >= 500)
        assert failure.retryable == (status in (408, 409, 425, 429) or status >= 500)


@given(
    tries=st.integers(1, 40),
    cap=st.floats(0, 900),
    base=st.floats(0, 60),
    roll=st.floats(0, 0.999),
    failure=st.sampled_from(FAILURES),
)
def test_pauses_are_bounded_and_attempts_end(
    tries: int, cap: float, base: float, roll: float, failure: Failure
) -> None:
    pause = pause_before_retry(failure, tries=tries, max_attempts=8, base_s=base, cap_s=cap, roll=roll)
    if tries >= 8 or not failure.retryable:
        assert pause is None
    if pause is not None:
        assert 0 <= pause <= cap


FACT_STATES = st.sampled_from(["intended", "failed", "sending", "unknown", "review"])


@given(
    kind=st.sampled_from(["keyed", "lookup", "blind", "metered"]),
    state=FACT_STATES,
    age=st.floats(0, 10**6),
    can_find=st.booleans(),
)
def test_doubtful_effect_is_only_sent_again_where_that_is_safe(
    kind: str, state: str, age: float, can_find: bool
) -> None:
    now = 10.0**7
    facts = EffectFacts(
        effect_class=kind,
        state=state,
        first_sent_at=now - age,
        sent_at=now - age,
        key_window_s=86400,
        timeout_s=30,
        quiescence_s=30,
        resend_when_unknown=False,
        can_find=can_find,
    )
    plan = next_move(facts, now=now)
    if plan.move is Move.SEND and state not in ("intended", "failed"):
        assert kind == "metered" or (kind == "keyed" and age < 0.8 * 86400)
    if plan.move is Move.FIND:
        assert can_find
        assert age >= 60
    if kind == "blind" and state in ("sending", "unknown", "review"):
        assert plan.move is Move.REVIEW


class Provider:
    """Counts what really happened."""

    def __init__(self) -> None:
        self.applied: dict[str, int] = {}
        self.by_key: set[str] = set()

    def take(self, kind: str, key: str) -> None:
        if kind == "keyed" and key in self.by_key:
            return
        self.by_key.add(key)
        self.applied[key] = self.applied.get(key, 0) + 1


class FencedRuns(RuleBasedStateMachine):
    """Three workers work on one run of four effects. Each may stop at any point, die, or go on with what it remembers from before
    its claim was taken away. Storage accepts a checkpoint only under the current fence; the effect's row only under its own."""

    KINDS = {"a": "keyed", "b": "lookup", "c": "blind", "d": "metered"}

    def __init__(self) -> None:
        super().__init__()
        steps = {
            name: {"type": "work", "next": following}
            for name, following in (("a", "b"), ("b", "c"), ("c", "d"), ("d", None))
        }
        self.definition = parse({"schema": 1, "start": "a", "steps": steps})
        self.provider = Provider()
        self.now = 1000.0
        self.fence = 0
        self.owner: int | None = None
        self.memory: dict[int, tuple[int, RunState]] = {}
        self.flight: dict[int, tuple[int, str, str]] = {}
        self.effects: dict[str, dict[str, Any]] = {}
        self.billed: list[str] = []

    @initialize()
    def begin(self) -> None:
        self.stored, _ = apply(self.definition, RunState(), ev.Begin(), FACTS)

    @property
    def finished(self) -> bool:
        return self.stored.ended

    @precondition(lambda self: not self.finished)
    @rule(worker=st.integers(0, 2))
    def claim(self, worker: int) -> None:
        """A free item, or one taken from an owner believed dead (it may only be asleep)."""
        self.fence += 1
        self.owner = worker
        state = self.stored
        for token in pending(state):
            if token.phase is Phase.CALLING:
                state, _ = apply(self.definition, state, ev.TriesAgain(token.id, FAILURES[4]), FACTS)
        self.memory[worker] = (self.fence, state)
        self.flight.pop(worker, None)

    @rule(worker=st.integers(0, 2))
    def die(self, worker: int) -> None:
        self.memory.pop(worker, None)
        self.flight.pop(worker, None)

    @rule(seconds=st.floats(0.1, 200))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    def commit(self, worker: int, fence: int, state: RunState) -> bool:
        if fence != self.fence:
            self.memory.pop(worker, None)
            return False
        self.stored = from_json(to_json(state)) if not state.ended else state
        self.memory[worker] = (fence, self.stored)
        return True

    @precondition(lambda self: not self.finished)
    @rule(worker=st.integers(0, 2))
    def intend(self, worker: int) -> None:
        """The intent, in one transaction with the claim's fence."""
        if worker not in self.memory or worker in self.flight:
            return
        fence, state = self.memory[worker]
        state, _ = apply(self.definition, state, ev.TimePassed(self.now), FACTS)
        token = next((t for t in state.tokens if t.phase is Phase.READY), None)
        if token is None or fence != self.fence:
            return
        kind, key = self.KINDS[token.step], token.path
        row = self.effects.setdefault(key, {"state": "intended", "fence": fence, "first": None, "sent": None})
        if row["state"] == "succeeded":
            self.commit(worker, fence, apply(self.definition, state, ev.Succeeded(token.id, {}), FACTS)[0])
            return
        facts = EffectFacts(
            effect_class=kind,
            state=row["state"],
            first_sent_at=row["first"],
            sent_at=row["sent"],
            key_window_s=86400,
            timeout_s=30,
            quiescence_s=30,
            resend_when_unknown=False,
            can_find=kind == "lookup",
        )
        plan = next_move(facts, now=self.now)
        if plan.move is Move.SEND:
            row.update(state="intended", fence=fence)
            if self.commit(worker, fence, apply(self.definition, state, ev.Calls(token.id), FACTS)[0]):
                self.flight[worker] = (token.id, key, "send")
        elif plan.move is Move.FIND:
            row.update(fence=fence, state="unknown")
            if self.commit(worker, fence, apply(self.definition, state, ev.Calls(token.id), FACTS)[0]):
                self.flight[worker] = (token.id, key, "find")
        elif plan.move is Move.WAIT:
            self.commit(
                worker, fence, apply(self.definition, state, ev.Failed(token.id, FAILURES[4], plan.at), FACTS)[0]
            )
        else:
            row["state"] = "review"
            self.commit(worker, fence, apply(self.definition, state, ev.Doubts(token.id, FAILURES[4]), FACTS)[0])

    @rule(worker=st.integers(0, 2), applied=st.booleans())
    def send(self, worker: int, applied: bool) -> None:
        """Mark as sent under the effect's own fence, then transmit; the answer may or may not come back."""
        if worker not in self.flight or worker not in self.memory:
            return
        token, key, how = self.flight[worker]
        fence, _state = self.memory[worker]
        row = self.effects[key]
        if how != "send" or row["fence"] != fence or row["state"] != "intended":
            return
        row.update(state="sending", sent=self.now, first=row["first"] or self.now)
        if applied:
            self.provider.take(self.KINDS[key], key)
        self.flight[worker] = (token, key, "answered" if applied else "lost")

    @rule(worker=st.integers(0, 2), heard=st.booleans())
    def answer(self, worker: int, heard: bool) -> None:
        """The outcome, in one transaction with the step."""
        if worker not in self.flight or worker not in self.memory:
            return
        token, key, how = self.flight[worker]
        fence, state = self.memory[worker]
        row, kind = self.effects[key], self.KINDS[key]
        if how == "send" or fence != self.fence:
            return
        happened = (how == "answered" and heard) or (how == "find" and key in self.provider.applied)
        if happened:
            new, _ = apply(self.definition, state, ev.Succeeded(token, {}), FACTS)
            if self.commit(worker, fence, new):
                row["state"] = "succeeded"
                if kind == "metered" and key not in self.billed:
                    self.billed.append(key)
        elif how == "find":
            if self.commit(worker, fence, apply(self.definition, state, ev.TriesAgain(token, FAILURES[3]), FACTS)[0]):
                row["state"] = "failed"
        elif kind == "blind":
            if self.commit(worker, fence, apply(self.definition, state, ev.Doubts(token, FAILURES[4]), FACTS)[0]):
                row["state"] = "review"
        elif self.commit(
            worker, fence, apply(self.definition, state, ev.Failed(token, FAILURES[4], self.now + 1), FACTS)[0]
        ):
            row["state"] = "failed" if kind == "metered" else "unknown"
        self.flight.pop(worker, None)

    @invariant()
    def nothing_happens_twice(self) -> None:
        for key, count in self.provider.applied.items():
            if self.KINDS[key] != "metered":
                assert count <= 1, f"{key} happened {count} times"

    @invariant()
    def what_is_done_happened(self) -> None:
        for key, row in self.effects.items():
            if row["state"] == "succeeded":
                assert self.provider.applied.get(key, 0) >= 1
        assert len(self.billed) == len(set(self.billed))

    def teardown(self) -> None:
        """Whatever happened, one healthy worker brings the run to an end or to a person."""
        if not hasattr(self, "stored"):
            return
        self.flight.clear()
        self.memory.clear()
        for _ in range(60):
            if self.stored.ended or any(token.phase is Phase.REVIEW for token in self.stored.tokens):
                break
            self.claim(0)
            self.now += 100
            self.intend(0)
            self.send(0, applied=True)
            self.answer(0, heard=True)
        assert self.stored.status is Status.SUCCEEDED or any(
            token.phase is Phase.REVIEW for token in self.stored.tokens
        )
        self.nothing_happens_twice()


TestFencedRuns = FencedRuns.TestCase
TestFencedRuns.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
