"""Resting until a moment: summer time, places, the past, what is no moment, and a year ahead."""

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.workflows import facade
from apps.workflows.contracts import EffectFailed
from apps.workflows.models import Run
from apps.workflows.steps.builtin import moment_of
from tests.workflows import driving
from tests.workflows.test_effects import expire_timers

pytestmark = pytest.mark.usefixtures("committed", "provider")


def rest(**given: Any) -> dict[str, Any]:
    """A workflow that rests, then says so."""
    return {"a": {"type": "delay", "with": given, "next": "b"}, "b": {"type": "set", "with": {"woke": True}}}


def wakes_at(run_id: Any) -> datetime:
    """The moment written down for the run's only timer."""
    with driving.inside():
        (token,) = Run.objects.get(pk=run_id).cursor["tokens"]
    return datetime.fromtimestamp(token[9], tz=UTC)


def wall(hours: float, zone: str = "UTC") -> str:
    """A time without offset, some hours from now."""
    from zoneinfo import ZoneInfo

    return (datetime.now(tz=ZoneInfo(zone)) + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S")


@pytest.mark.parametrize(
    ("text", "zone", "utc"),
    [
        ("2027-01-31T09:00", "Europe/Madrid", "2027-01-31T08:00"),
        ("2027-07-31T09:00", "Europe/Madrid", "2027-07-31T07:00"),
        ("2027-01-31", "Asia/Karachi", "2027-01-30T19:00"),
        ("2027-03-28T02:30", "Europe/Madrid", "2027-03-28T01:30"),  # the hour that is skipped: the one after it, 03:30
        ("2027-10-31T02:30", "Europe/Madrid", "2027-10-31T00:30"),  # the hour that comes twice: the first
        ("2027-03-14T02:30", "America/New_York", "2027-03-14T07:30"),
        ("2027-11-07T01:30", "America/New_York", "2027-11-07T05:30"),
        ("2027-10-03T02:15", "Australia/Lord_Howe", "2027-10-02T15:45"),  # a gap of half an hour
        ("2011-12-30T12:00", "Pacific/Apia", "2011-12-30T22:00"),  # a day that never was
        ("2027-01-31T09:00+05:30", "Europe/Madrid", "2027-01-31T03:30"),  # an offset of its own counts
        ("2027-01-31T09:00Z", "Mars/Base", "2027-01-31T09:00"),
        ("2027-06-30T23:59:59.5", "Asia/Kathmandu", "2027-06-30T18:14:59.5"),
    ],
)
def test_a_wall_clock_time_is_one_moment(text: str, zone: str, utc: str) -> None:
    assert moment_of(text, zone).astimezone(UTC) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "zone", "code"),
    [
        ("2027-02-30T09:00", "UTC", "bad_moment"), ("2027-01-31T24:01", "UTC", "bad_moment"), ("next tuesday", "UTC", "bad_moment"),
        ("31.01.2027 09:00", "UTC", "bad_moment"), ("2027-01-31T09:00", "Mars/Base", "bad_time_zone"),
        ("2027-01-31T09:00", "Europe", "bad_time_zone"), ("2027-01-31T09:00", "../../etc/passwd", "bad_time_zone"),
        ("2027-01-31T09:00", "/etc/localtime", "bad_time_zone"), ("2027-01-31T09:00", "a\\x00b", "bad_time_zone"),
        ("0001-01-01T00:00", "Asia/Karachi", "bad_moment"), ("9999-12-31T23:59", "America/New_York", "bad_moment"),
    ],
)  # fmt: skip
def test_what_is_no_moment_is_told(text: str, zone: str, code: str) -> None:
    with pytest.raises(EffectFailed) as failed:
        moment_of(text, zone)
    assert failed.value.failure.code == code


def test_a_run_rests_until_the_moment_and_goes_on_after_a_restart() -> None:
    asked = wall(3, "Asia/Karachi")
    run_id = driving.run(rest(until=asked, time_zone="Asia/Karachi"))
    assert driving.view(run_id).state == "waiting"
    assert abs((wakes_at(run_id) - moment_of(asked, "Asia/Karachi")).total_seconds()) < 2
    driving.wake_sleepers()
    driving.drain()
    assert driving.view(run_id).state == "waiting", "a worker that looks early leaves it resting"
    expire_timers(run_id)
    driving.wake_sleepers()
    driving.drain()
    done = driving.view(run_id)
    assert (done.state, [step.path for step in done.steps]) == ("succeeded", ["a", "b"])


def test_it_really_wakes_by_itself() -> None:
    asked = (datetime.now(tz=UTC) + timedelta(seconds=2)).isoformat()
    run_id = driving.run(rest(until=asked))
    assert driving.view(run_id).state == "waiting"
    time.sleep(2.2)
    driving.drain()
    assert driving.view(run_id).state == "succeeded"


@pytest.mark.parametrize("until", ["2020-01-01", "2020-01-01T00:00", "1970-01-01T00:00:00+00:00", "0002-01-01T00:00"])
def test_the_past_does_not_wait(until: str) -> None:
    run = driving.view(driving.run(rest(until=until)))
    assert run.state == "succeeded"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"until": {"$ref": "inputs.x"}}, "too_far_away"),
        ({"until": "9999-12-31T23:59"}, "too_far_away"),
        ({"until": "9999-12-31T23:59", "time_zone": "America/New_York"}, "bad_moment"),
        ({"until": "2027-02-30T09:00"}, "bad_moment"),
        ({"until": "2027-01-31T09:00", "time_zone": "Mars/Base"}, "bad_time_zone"),
    ],
)
def test_what_cannot_be_waited_for_fails_the_run_with_its_reason(given: dict[str, Any], code: str) -> None:
    run = driving.view(driving.run(rest(**given), {"x": wall(24 * 366)}))
    assert run.state == "failed" and run.error is not None and (run.error.code, run.error.path) == (code, "a")


def test_almost_a_year_is_waited_for() -> None:
    run_id = driving.run(rest(until=wall(24 * 364)))
    assert driving.view(run_id).state == "waiting"
    assert (wakes_at(run_id) - datetime.now(tz=UTC)).days >= 362


@pytest.mark.parametrize("given", [{}, {"seconds": 1, "until": "2027-01-31"}, {"seconds": -1}, {"seconds": 31_536_001}, {"until": "soon"},
                                   {"until": 3}, {"seconds": "1"}, {"until": "2027-01-31", "zone": "UTC"}])  # fmt: skip
def test_settings_that_make_no_sense_cannot_be_published(given: dict[str, Any]) -> None:
    with driving.inside():
        definition = {"schema": 1, "start": "a", "steps": rest(**given)}
        assert any(one.severity == "error" for one in facade.validate_definition(definition))
