"""Drawing tags: amounts, durations and pictures say the same thing in every language and never invent a zero."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import translation

from apps.core.templatetags.ui import gauge, micros, seconds, waterfall

START = datetime(2026, 11, 21, 12, tzinfo=UTC)


def step(state: str, begin: float | None, end: float | None) -> SimpleNamespace:
    at = lambda offset: None if offset is None else START + timedelta(seconds=offset)  # noqa: E731
    return SimpleNamespace(state=state, started_at=at(begin), finished_at=at(end))


@pytest.mark.parametrize(
    ("amount", "shown"),
    [(0, "$0.00"), (1, "$0.000001"), (12_345, "$0.0123"), (1_500_000, "$1.50"), (1_234_567_890, "$1,234.57")],
)
def test_small_amounts_keep_the_digits_that_matter(amount: int, shown: str) -> None:
    assert micros(amount) == f"<bdi>{shown}</bdi>"


def test_an_unknown_price_is_said_to_be_unknown() -> None:
    assert "unknown" in micros(None)


def test_amounts_follow_the_readers_language() -> None:
    with translation.override("es"):
        assert "1234,57" in micros(1_234_567_890).replace("\xa0", "").replace(".", "")


@pytest.mark.parametrize(
    ("value", "shown"), [(None, "–"), (0.24, "240 ms"), (3.24, "3.2 s"), (250, "4 min 10 s"), (7500, "2 h 5 min")]
)
def test_durations_use_the_largest_fitting_unit(value: float | None, shown: str) -> None:
    assert seconds(value) == shown


def test_gauge_is_coloured_by_the_threshold_and_named_for_screen_readers() -> None:
    assert 'class="fill bad"' in gauge(70, label="Clarity", mark=80)
    assert 'class="fill ok"' in gauge(80, label="Clarity", mark=80)
    assert 'aria-label="Clarity: 80 of 100"' in gauge(80, label="Clarity", mark=80)
    assert "not scored" in gauge(None, label="Clarity")


def test_gauge_escapes_what_a_tenant_named_a_criterion() -> None:
    assert "<script" not in gauge(50, label='"><script>alert(1)</script>')


def test_waterfall_places_bars_in_time_and_keeps_running_steps_open() -> None:
    picture = waterfall(
        [step("done", 0, 5), step("running", 5, None), step("pending", None, None)], START + timedelta(seconds=10)
    )
    assert picture.count("<rect") == 2
    assert 'x="0.0" y="3" width="200.0"' in picture
    assert 'x="200.0" y="17" width="200.0"' in picture


def test_waterfall_of_a_run_that_has_not_begun_is_nothing() -> None:
    assert waterfall([step("pending", None, None)], START) == ""
