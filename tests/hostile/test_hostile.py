"""The short forms of S1 and S2: a part of the cases, the same oracles. The long ones: ``make hostile``."""

from pathlib import Path
from typing import Any

import pytest

from tests.hostile import addresses, doors, expressions, model, texts
from tests.portal.pictures import CHROMIUM

pytestmark = pytest.mark.slow


def misses(figures: dict[str, Any], targets: dict[str, Any], *, without: tuple[str, ...] = ()) -> list[str]:
    return [name for name, target in targets.items() if name not in without and not target.holds(figures[name])]


@pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2", "127.0.0.3", "::1", "93.184.216.34"])
def test_no_form_of_address_leads_any_caller_inside(tenant: object) -> None:
    figures, problems = addresses.measure(stride=41)
    assert (problems, misses(figures, addresses.TARGETS)) == ([], [])


def test_no_expression_gets_out_or_takes_long() -> None:
    figures, problems = expressions.measure(count=300)
    assert (problems, misses(figures, expressions.TARGETS, without=("slowest_cpu_ms",))) == ([], [])


@pytest.mark.django_db(transaction=True)
def test_a_hostile_model_causes_nothing_its_authors_did_not_write() -> None:
    figures, problems = model.measure(count=90)
    assert (problems, misses(figures, model.TARGETS, without=("outputs",))) == ([], [])


@pytest.mark.allow_hosts(["127.0.0.1"])
@pytest.mark.django_db(transaction=True)
def test_a_hostile_model_gets_nothing_done_where_people_ask_it_themselves() -> None:
    figures, problems = doors.measure(stride=79)
    assert (problems, misses(figures, doors.TARGETS, without=("doors_outputs",))) == ([], [])


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="chromium is not installed: apt-get install chromium")
@pytest.mark.django_db(transaction=True)
def test_no_text_of_any_column_becomes_markup_or_runs() -> None:
    figures, problems = texts.measure(rounds=1, stride=3, back_office=False)
    assert (problems, misses(figures, texts.TARGETS, without=("pages", "columns_seen"))) == ([], [])
