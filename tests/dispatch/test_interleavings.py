"""Real SQL, two connections: every pair of operations, from every world, in every order, ends as some serial order would.

The oracle is ``model.py``. Orders: one after the other; the second started while the first is uncommitted, which then commits;
the same, and the first rolls back. What skips locked rows may also have found nothing.
"""

import threading
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.dispatch.ground import Ground
from tests.dispatch.model import FINAL, OPERATIONS, SKIPS_LOCKED, WORLDS, World
from tests.dispatch.stage import Stage

ORDERS = ("serial", "overlapping, committed", "overlapping, rolled back")
ENOUGH = 5
NOTHING = {"claim": None, "sweep": False}


@pytest.fixture
def stage(ground: Ground) -> Stage:
    return Stage(ground)


def shown(world: World) -> World:
    """A world without what cannot be read back: an item that does not run has no deadline."""
    return replace(world, overdue=world.overdue and world.state == "running")


def allowed(world: World, first: str, second: str, order: str) -> list[tuple[World, object, object]]:
    """Every (world after, first's answer, second's answer) that promises allow."""
    one, two = OPERATIONS[first], OPERATIONS[second]
    if order == "overlapping, rolled back":
        after, answer = two(world)
        outcomes = [(after, one(world)[1], answer)]
        if second in SKIPS_LOCKED:
            outcomes.append((world, one(world)[1], NOTHING[second]))
        return [(shown(after), a, b) for after, a, b in outcomes]
    middle, a = one(world)
    after, b = two(middle)
    outcomes = [(after, a, b)]
    if order == "overlapping, committed":
        # The second took its snapshot before the first committed and touched nothing the first had locked.
        if one(world)[0] == world or two(world)[0] == world:
            other, b_first = two(world)
            last, a_last = one(other)
            outcomes.append((last, a_last, b_first))
        if second in SKIPS_LOCKED:
            outcomes.append((middle, a, NOTHING[second]))
    return [(shown(after), a, b) for after, a, b in outcomes]


def play(stage: Stage, world: World, first: str, second: str, order: str) -> tuple[World, object, object]:
    """Perform the two operations on two connections in this order."""
    stage.enter(world)
    left, right = stage.actors
    a = stage.perform(first, left, world)
    if order == "serial":
        left.commit()
        b = stage.perform(second, right, world)
        right.commit()
        return stage.read(world), a, b
    answers: list[object] = []
    finished = threading.Event()

    def run_second() -> None:
        answers.append(stage.perform(second, right, world))
        right.commit() if not isinstance(answers[0], str) else right.rollback()
        finished.set()

    thread = threading.Thread(target=run_second)
    thread.start()
    stage.wait_until_blocked_or(right, finished)
    left.commit() if order == "overlapping, committed" and not isinstance(a, str) else left.rollback()
    thread.join(timeout=10)
    return stage.read(world), a, answers[0]


@pytest.mark.parametrize("world_name", WORLDS)
def test_every_pair_of_operations_ends_as_some_serial_order_would(stage: Stage, world_name: str) -> None:
    world = WORLDS[world_name]
    wrong = []
    for first, second, order in product(OPERATIONS, OPERATIONS, ORDERS):
        seen = play(stage, world, first, second, order)
        if seen not in allowed(world, first, second, order):
            wrong.append((first, second, order, seen, allowed(world, first, second, order)))
        if len(wrong) == ENOUGH:
            break
    assert not wrong, "\n".join(f"{w[0]} / {w[1]} ({w[2]}):\n  got {w[3]}\n  not in {w[4]}" for w in wrong)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    start=st.sampled_from(sorted(WORLDS)), steps=st.lists(st.sampled_from(sorted(OPERATIONS)), min_size=1, max_size=12)
)
def test_any_sequence_of_operations_follows_the_model(stage: Stage, start: str, steps: list[str]) -> None:
    world = WORLDS[start]
    stage.enter(world)
    fences = [world.fence]
    for step in steps:
        world, expected = OPERATIONS[step](world)
        answer = stage.perform(step, stage.actors[0], world)
        stage.actors[0].commit()
        seen = stage.read(world)
        assert (seen, answer) == (shown(world), expected), step
        fences.append(seen.fence)
        world = replace(seen, known_fence=world.known_fence, lease_one=world.lease_one)
    assert fences == sorted(fences)


@settings(max_examples=300, deadline=None)
@given(
    start=st.sampled_from(sorted(WORLDS)), steps=st.lists(st.sampled_from(sorted(OPERATIONS)), min_size=1, max_size=30)
)
def test_the_model_itself_never_loses_a_wake_up_and_never_leaves_a_final_state(start: str, steps: list[str]) -> None:
    world = WORLDS[start]
    for step in steps:
        before = world
        world, _ = OPERATIONS[step](world)
        assert world.fence >= before.fence
        assert not (world.state == "waiting" and before.state != "waiting" and world.nudges > world.seen)
        if before.state in FINAL:
            assert world.state == before.state or (before.state == "dead" and step == "redrive")
