"""Goal N1 in its short form, and proof that its checker notices what it is there for."""

from collections.abc import Callable

import pytest

from apps.connectors import conf
from apps.connectors.models import Connection
from apps.connectors.providers.notion import codec, delivery
from tests.connectors.simulation import Day


def day(world, **options):
    return Day(world, **{"edits": 420, "hours": 1.0, "rows": 60, "seed": 5, **options}).play()


def test_an_hour_of_edits_is_taken_exactly_once_inside_the_budget(world):
    figures = day(world, fault_factor=4)
    assert figures["missed"] == 0
    assert figures["doubled"] == 0
    assert figures["calls_over_budget"] == 0
    assert figures["pickup_p95_s"] <= 75
    assert figures["faults_fired"] > 5


def test_without_the_overlap_edits_are_missed(world, settings, monkeypatch):
    settings.CONNECTORS = {"visibility_lag_s": 0, "sweep_s": 10**9}
    assert day(world, edits=150, hours=0.4, late_share=0.5)["missed"] > 0
    assert conf.timing().visibility_lag_s == 0


def test_without_the_fingerprint_rows_are_told_again(world, monkeypatch):
    count = iter(range(10**9))
    monkeypatch.setattr(codec, "fingerprint", lambda _spec, _values: str(next(count)))
    monkeypatch.setattr(delivery, "_news", lambda spec, row, _page: set(spec.inbound) & set(row.values))
    assert day(world, edits=30, hours=0.1, rows=10)["doubled"] > 0


def test_believing_late_answers_starts_work_twice(world, monkeypatch):
    original: Callable[..., object] = delivery.Taker._current

    def trusting(taker, row, page, *, fetched):
        return original(taker, row, page, fetched=True)

    monkeypatch.setattr(delivery.Taker, "_current", trusting)
    assert day(world, edits=200, hours=0.5, late_share=0.5)["doubled"] > 0


@pytest.mark.parametrize(("hasty", "over"), [(False, False), (True, True)])
def test_a_small_budget_is_kept_and_a_hasty_one_is_noticed(world, monkeypatch, hasty, over):
    from apps.connectors import budget

    Connection.objects.update(calls_per_minute=5)
    world.notion.budget.limits["public_api_request_rate_limit"] = 5
    world.notion.clock.advance(120)
    if hasty:
        monkeypatch.setattr(budget, "shared_pace", lambda _rule: budget.Pace(burst=100, rate=10))
    assert (day(world, edits=100, hours=0.25)["calls_over_budget"] > 0) is over
