"""When schedules are due."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from apps.workflows.triggers import calendar
from apps.workflows.triggers.calendar import Missed, RuleProblem, due_now, parse
from tests.bench import schedules
from tests.workflows.triggers import oracle

NOW = datetime(2026, 3, 28, 12, tzinfo=UTC)


def local(rule, moment, count=3):
    return [found.astimezone(rule.zone).strftime("%m-%d %H:%M %z") for found in rule.preview(moment, count=count)]


def madrid(**config):
    return parse({"zone": "Europe/Madrid", **config}, anchor=NOW)


def test_a_skipped_time_is_due_once_at_the_first_moment_after_the_gap() -> None:
    assert local(madrid(daily={"at": "02:30"}), NOW, 2) == ["03-29 03:00 +0200", "03-30 02:30 +0200"]
    assert local(madrid(cron="*/20 2 * * *"), NOW, 2) == ["03-29 03:00 +0200", "03-30 02:00 +0200"]


def test_a_repeated_time_is_due_once_the_first_time() -> None:
    night = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert local(madrid(daily={"at": "02:30"}), night, 2) == ["10-25 02:30 +0200", "10-26 02:30 +0100"]
    second_pass = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)
    assert local(madrid(daily={"at": "02:30"}), second_pass, 1) == ["10-26 02:30 +0100"]


def test_a_rhythm_goes_on_through_a_repeated_hour() -> None:
    before = datetime(2026, 10, 25, 0, 40, tzinfo=UTC)
    assert local(madrid(cron="*/30 * * * *"), before, 4) == [
        "10-25 02:00 +0100", "10-25 02:30 +0100", "10-25 03:00 +0100", "10-25 03:30 +0100",
    ]  # fmt: skip


def test_intervals_count_elapsed_time() -> None:
    rule = parse({"zone": "Europe/Madrid", "every_hours": 24}, anchor=datetime(2026, 3, 28, 8, 0, 30, tzinfo=UTC))
    assert local(rule, NOW, 2) == ["03-29 10:00 +0200", "03-30 10:00 +0200"]
    assert rule.next(datetime(2020, 1, 1, tzinfo=UTC)) == datetime(2026, 3, 28, 8, tzinfo=UTC)


def test_a_monthly_rule_uses_the_last_day_of_a_shorter_month() -> None:
    rule = madrid(monthly={"day": 31, "at": "09:00"})
    assert [found.day for found in rule.preview(datetime(2027, 12, 31, 12, tzinfo=UTC), count=4)] == [31, 29, 31, 30]


def test_a_day_a_country_skipped_is_made_up_for_once() -> None:
    rule = parse({"zone": "Pacific/Apia", "cron": "0 */6 * * *"}, anchor=NOW)
    found = local(rule, datetime(2011, 12, 30, 4, tzinfo=UTC), 3)
    assert found == ["12-31 00:00 +1400", "12-31 06:00 +1400", "12-31 12:00 +1400"]


def test_start_and_end_bound_the_rule() -> None:
    rule = madrid(daily={"at": "09:00"}, starts_at="2026-05-01T09:00", ends_at="2026-05-03T09:00")
    assert local(rule, NOW, 9) == ["05-01 09:00 +0200", "05-02 09:00 +0200"]
    assert rule.next(datetime(2026, 6, 1, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("config", "field", "code"),
    [
        ({"zone": "Mars/Olympus", "daily": {"at": "09:00"}}, "zone", "unknown_zone"),
        ({"zone": "../etc/passwd", "daily": {"at": "09:00"}}, "zone", "unknown_zone"),
        ({}, "rule", "exactly_one_rule"),
        ({"daily": {"at": "09:00"}, "every_hours": 2}, "rule", "exactly_one_rule"),
        ({"daily": {"at": "25:00"}}, "daily", "not_a_time"),
        ({"weekly": {"days": [], "at": "09:00"}}, "weekly", "name_days"),
        ({"every_minutes": 0}, "every_minutes", "out_of_range"),
        ({"every_minutes": True}, "every_minutes", "out_of_range"),
        ({"cron": "0 0 30 2 *"}, "cron", "not_cron"),
        ({"cron": "* * * * * *"}, "cron", "not_five_fields"),
        ({"cron": "61 * * * *"}, "cron", "not_cron"),
        ({"cron": 5}, "cron", "not_five_fields"),
        ({"daily": {"at": "09:00"}, "starts_at": "2026-05-02T00:00", "ends_at": "2026-05-01T00:00"}, "ends_at", "ends_before_start"),
        ({"daily": {"at": "09:00"}, "ends_at": "soon"}, "ends_at", "not_a_moment"),
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_kept_is_refused_by_field(config, field, code) -> None:
    with pytest.raises(RuleProblem) as refused:
        parse(config, anchor=NOW)
    assert (refused.value.field, refused.value.code) == (field, code)


HOURLY = parse({"cron": "0 * * * *"}, anchor=NOW)


def at(hour, minute=0):
    return datetime(2026, 6, 1, tzinfo=UTC) + timedelta(hours=hour, minutes=minute)


@pytest.mark.parametrize(
    ("missed", "now", "hours", "left_out"),
    [
        (Missed(policy="once"), at(5), [5], 0),
        (Missed(policy="once"), at(9, 30), [9], 4),
        (Missed(policy="skip", grace_s=300), at(9, 4), [9], 4),
        (Missed(policy="skip", grace_s=300), at(9, 30), [], 5),
        (Missed(policy="all", limit=3), at(9, 30), [7, 8, 9], 2),
        (Missed(policy="all", limit=10), at(9, 30), [5, 6, 7, 8, 9], 0),
        (Missed(policy="all", limit=10), at(4, 59), [], 0),
    ],
)
def test_missed_instants_are_treated_by_the_policy(missed, now, hours, left_out) -> None:
    due = due_now(HOURLY, next_at=at(5), now=now, missed=missed)
    assert [moment.hour for moment in due.fire] == hours
    assert due.missed == left_out
    assert due.next_at == (at(now.hour + 1) if now >= at(5) else at(5))


def test_a_year_of_outage_is_decided_quickly() -> None:
    rule = parse({"cron": "* * * * *"}, anchor=NOW)
    due = due_now(rule, next_at=at(0), now=at(365 * 24), missed=Missed(policy="all", limit=5))
    assert len(due.fire) == 5
    assert due.missed == calendar.COUNTED - 5


def test_every_rule_agrees_with_the_minute_by_minute_oracle(pytestconfig: pytest.Config) -> None:
    odd = ["Europe/Madrid", "Australia/Lord_Howe", "Africa/Casablanca", "America/Havana", "Pacific/Chatham", "UTC"]
    figures = schedules.compare(odd, oracle.SHAPES[4:], first_year=2026, years=1)
    assert figures["deviations"] == 0
    assert figures["due_instants"] > 10_000


def test_where_one_begins_to_look_does_not_matter() -> None:
    for shape in ("*/20 * * * *", "*/20 1-3 * * *"):
        rule = madrid(cron=shape)
        for change in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
            whole = list(rule.between(change - timedelta(hours=3), change + timedelta(hours=6)))
            for minute in range(0, 360, 7):
                begin = change + timedelta(minutes=minute)
                assert rule.next(begin) == next((found for found in whole if found > begin), rule.next(whole[-1]))


def test_the_oracle_notices_a_wrong_offset() -> None:
    span = oracle.Span(date(2026, 1, 1), date(2027, 1, 1))
    stretches = list(oracle.offsets(ZoneInfo("Europe/Madrid"), span))
    moved = [(first, last, offset + 60) for first, last, offset in stretches]
    assert oracle.due_minutes("0 9 * * 1-5", stretches, span) != oracle.due_minutes("0 9 * * 1-5", moved, span)
