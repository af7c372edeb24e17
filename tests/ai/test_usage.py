"""Usage adds up the same whether days are closed or open, however it is narrowed."""

from datetime import UTC, date, datetime, timedelta

import pytest

from apps.ai.models import AICall, UsageDay, UsageMark
from apps.ai.usage.calls import csv_lines, list_calls
from apps.ai.usage.money import month_so_far, percent_of
from apps.ai.usage.reading import usage_report
from apps.ai.usage.rolling import roll_up
from apps.core.errors import InvalidInput
from tests.ai.books import add_call

pytestmark = pytest.mark.django_db
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
NOON = datetime(2026, 11, 12, 12, tzinfo=UTC)


@pytest.fixture
def calls(tenant) -> None:
    add_call(at=datetime(2026, 11, 9, 23, 59, 59, tzinfo=UTC), cost=1000, user_id=7)
    add_call(at=datetime(2026, 11, 10, 0, 0, tzinfo=UTC), cost=2000, purpose="judge", model="gpt-4o-mini")
    add_call(at=datetime(2026, 11, 11, 8, tzinfo=UTC), cost=None, role="retry", task_type="")
    add_call(at=datetime(2026, 11, 12, 9, tzinfo=UTC), cost=0, state="failed", charged_micros=0, workflow="")
    add_call(at=datetime(2026, 10, 31, 9, tzinfo=UTC), cost=99)


def figures(**chosen):
    report = usage_report(first=FIRST, last=LAST, chosen=chosen)
    return (
        (report.total.calls, report.total.cost_micros, report.total.unpriced_calls, report.total.failed_calls),
        [(line.value, line.calls, line.cost_micros) for line in report.days],
        {name: [(line.value, line.calls, line.cost_micros) for line in lines] for name, lines in report.groups.items()},
    )


def test_every_dimension_adds_up_and_an_unknown_price_is_not_zero(calls) -> None:
    total, days, groups = figures()
    assert total == (4, 3000, 1, 1)
    assert days == [(date(2026, 11, 9), 1, 1000), (date(2026, 11, 10), 1, 2000), (date(2026, 11, 11), 1, 0),
                    (date(2026, 11, 12), 1, 0)]  # fmt: skip
    assert groups["spending"] == [("judge", 1, 2000), ("work", 2, 1000), ("retry", 1, 0)]
    assert groups["user_id"] == [(None, 3, 2000), (7, 1, 1000)]
    assert groups["workflow"] == [("answer", 3, 3000), ("", 1, 0)]
    for lines in groups.values():
        assert (sum(line[1] for line in lines), sum(line[2] for line in lines)) == (4, 3000)


@pytest.mark.parametrize("chosen", [{}, {"model": "gpt-4o"}, {"spending": "retry"}, {"user_id": 7}, {"workflow": ""},
                                    {"task_type": "drafting", "spending": "work"}])  # fmt: skip
def test_closed_days_read_the_same_as_open_ones(calls, chosen) -> None:
    before = figures(**chosen)
    assert roll_up(now=NOON) == 12  # 31 October to 11 November
    assert UsageDay.objects.count() == 4
    assert roll_up(now=NOON) == 0
    assert figures(**chosen) == before
    AICall.objects.filter(created_at__lt=datetime(2026, 11, 12, tzinfo=UTC)).delete()
    assert figures(**chosen) == before


def test_a_day_is_closed_an_hour_after_it_ended(calls) -> None:
    roll_up(now=datetime(2026, 11, 12, 0, 59, tzinfo=UTC))
    assert UsageMark.objects.get().rolled_until == date(2026, 11, 11)
    add_call(at=datetime(2026, 11, 11, 23, 59, tzinfo=UTC), cost=5)
    roll_up(now=datetime(2026, 11, 12, 1, 1, tzinfo=UTC))
    assert figures()[0][1] == 3005


def test_a_long_past_is_added_up_a_month_at_a_time(tenant) -> None:
    add_call(at=NOON - timedelta(days=70))
    assert [roll_up(now=NOON) for _time in range(4)] == [31, 31, 8, 0]
    assert UsageDay.objects.count() == 1


def test_without_calls_there_is_nothing_to_add_up(tenant) -> None:
    assert roll_up(now=NOON) == 0
    assert figures()[0] == (0, 0, 0, 0)


def test_pages_of_calls_leave_none_out(tenant) -> None:
    for _number in range(53):
        add_call()
    first, cursor = list_calls(first=FIRST, last=LAST, chosen={})
    second, end = list_calls(first=FIRST, last=LAST, chosen={}, cursor=cursor)
    assert (len(first), len(second), end) == (50, 3, "")
    assert len({call.pk for call in [*first, *second]}) == 53
    with pytest.raises(InvalidInput):
        list_calls(first=FIRST, last=LAST, chosen={}, cursor="page 2")


def test_the_file_holds_every_call_and_no_formula(calls) -> None:
    add_call(workflow="=1+1", cost=None)
    text = b"".join(csv_lines(first=FIRST, last=LAST, chosen={})).decode()
    lines = text.strip().split("\r\n")
    assert len(lines) == 6
    assert "'=1+1" in text
    assert ",=1+1" not in text
    assert len(b"".join(csv_lines(first=FIRST, last=LAST, chosen={"spending": "retry"})).strip().split(b"\r\n")) == 2


def test_the_month_is_measured_against_the_tightest_cap(tenant) -> None:
    from apps.ai import facade

    facade.set_budget(scope="tenant", cap_micros=10_000_000)
    month = month_so_far(facade.list_budgets(), today=date(2026, 11, 16))
    assert (month.cap_micros, month.percent, month.pace_micros, month.days_left) == (10_000_000, 0, 0, 14)
    assert [percent_of(1, None), percent_of(0, 0), percent_of(81, 100), percent_of(1, 3)] == [None, 100, 81, 33]
