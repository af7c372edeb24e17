"""The table of legal moves and the rules of trying again."""

import pytest

from apps.tasks import lifecycle
from apps.tasks.enums import Priority, TaskState


def test_the_table_knows_every_state_and_priority() -> None:
    assert set(lifecycle.LEGAL_MOVES) == set(TaskState.values)
    assert set(lifecycle.QUEUE_PRIORITY) == set(Priority.values)


def test_the_database_trigger_repeats_the_table() -> None:
    from importlib import import_module

    legal = import_module("apps.tasks.migrations.0002_refuse_illegal_moves").LEGAL
    written = {pair.strip("' \n()") for pair in legal.split("IN (")[1].split(",")}
    assert written == {f"{before}>{after}" for before, moves in lifecycle.LEGAL_MOVES.items() for after in moves}


def test_done_and_cancelled_are_final() -> None:
    assert not lifecycle.LEGAL_MOVES["done"] and not lifecycle.LEGAL_MOVES["cancelled"]


def test_an_outage_is_tried_again_later_and_later_then_left_to_a_person() -> None:
    delays = [lifecycle.retry_delay(code="unavailable", tries=tries) for tries in range(4)]
    assert delays == [300, 1200, 4800, None]


@pytest.mark.parametrize("code", ["budget_exceeded", "invalid_input", "rejected", "plan_limit_reached", "anything"])
def test_what_would_fail_the_same_way_is_never_tried_again_by_itself(code: str) -> None:
    assert lifecycle.retry_delay(code=code, tries=0) is None
    assert lifecycle.retries_left(code=code, tries=0) == 0
