"""An independent account of when schedules are due: every minute of every day is looked at, one after the other.

Nothing here is shared with the product's calendar: fields are read by a matcher of its own, zones through ``fromtimestamp``,
and the policy is a walk over the minutes with a mark at the latest minute a wall clock has shown.
"""

import calendar
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

DAY = 1440
NAMES = {
    "SUN": "0",
    "MON": "1",
    "TUE": "2",
    "WED": "3",
    "THU": "4",
    "FRI": "5",
    "SAT": "6",
    "JAN": "1",
    "JUN": "6",
    "DEC": "12",
}
SHAPES = (
    "* * * * *", "*/5 * * * *", "*/15 * * * *", "7 * * * *", "0 */2 * * *", "*/20 1-3 * * *", "30 2 * * *", "0 0 * * *", "15 0 * * 0",
    "0 9 * * 1-5", "45 23 * * *", "5,35 1,2,3 * * *", "0 3 1 * *", "30 1 L * *", "0 2 * 3,10 0", "0 12 13 * 5", "10 2 * * 0#2",
    "20 2 * * 0L", "59 23 31 12 *", "0 0 29 2 *",
)  # fmt: skip


@dataclass(frozen=True)
class Span:
    """The years compared: whole days of UTC from ``first`` up to, not including, ``last``."""

    first: date
    last: date

    @property
    def start(self) -> datetime:
        """First minute."""
        return datetime(self.first.year, self.first.month, self.first.day, tzinfo=UTC)

    @property
    def minutes(self) -> int:
        """How many minutes."""
        return (self.last - self.first).days * DAY


MARGIN_DAYS = 3


@cache
def wall_minutes(shape: str, span: Span) -> bytes:
    """For each minute a wall clock could show, from three days before the span to three after: 1 where the shape names it."""
    minute, hour, day, month, weekday = shape.split()
    in_a_day = bytes(
        _names(minute, position % 60, 0, 59) and _names(hour, position // 60, 0, 23) for position in range(DAY)
    )
    both = day.startswith("*") or weekday.startswith("*")
    out = bytearray()
    today = span.first - timedelta(days=MARGIN_DAYS)
    while today < span.last + timedelta(days=MARGIN_DAYS):
        by_day, by_week = _names_day(day, today), _names_weekday(weekday, today)
        fits = (by_day and by_week) if both else (by_day or by_week)
        out += in_a_day if fits and _names(month, today.month, 1, 12) else bytes(DAY)
        today += timedelta(days=1)
    return bytes(out)


def _names(field: str, value: int, low: int, high: int) -> bool:
    for term in field.split(","):
        base, _, step = term.partition("/")
        for name, number in NAMES.items():
            base = base.replace(name, number)
        if base == "*":
            first, last = low, high
        elif "-" in base:
            first, last = (int(part) for part in base.split("-"))
        else:
            first = int(base)
            last = high if step else first
        if first <= value <= last and (value - first) % int(step or 1) == 0:
            return True
    return False


def _names_day(field: str, today: date) -> bool:
    if field == "L":
        return today.day == calendar.monthrange(today.year, today.month)[1]
    return _names(field, today.day, 1, 31)


def _names_weekday(field: str, today: date) -> bool:
    number = today.isoweekday() % 7
    if field.endswith("L"):
        return number == int(field[:-1]) and today.day + 7 > calendar.monthrange(today.year, today.month)[1]
    if "#" in field:
        wanted, nth = field.split("#")
        return number == int(wanted) and (today.day - 1) // 7 + 1 == int(nth)
    return _names(field, number, 0, 7)


def offsets(zone: ZoneInfo, span: Span) -> Iterator[tuple[int, int, int]]:
    """Stretches of one offset inside the span: first minute, minute after the last, offset in minutes."""
    epoch = int(span.start.timestamp())

    def offset_at(minute: int) -> int:
        found = datetime.fromtimestamp(epoch + minute * 60, zone).utcoffset()
        assert found is not None and found.seconds % 60 == 0
        return found // timedelta(minutes=1)

    begun, current = 0, offset_at(0)
    for hour in range(60, span.minutes, 60):
        if offset_at(hour) == current:
            continue
        for minute in range(hour - 59, hour + 1):
            if offset_at(minute) != current:
                yield begun, minute, current
                begun, current = minute, offset_at(minute)
    yield begun, span.minutes, current


def due_minutes(shape: str, stretches: list[tuple[int, int, int]], span: Span) -> array:
    """Minutes since the start of the span at which the shape is due, ascending."""
    named = wall_minutes(shape, span)
    rhythm = all(_names(shape.split()[1], hour, 0, 23) for hour in range(24))
    out = bytearray(span.minutes)
    shift = MARGIN_DAYS * DAY
    shown = stretches[0][0] + stretches[0][2] + shift
    for first, last, offset in stretches:
        begin, end = first + offset + shift, last + offset + shift
        if rhythm:
            out[first:last] = named[begin:end]
            continue
        fresh = max(begin, shown)
        if fresh < end:
            out[first + fresh - begin : last] = named[fresh:end]
        if begin > shown and 1 in named[shown:begin]:
            out[first] = 1
        shown = max(shown, end)
    due, at = array("l"), out.find(1)
    while at >= 0:
        due.append(at)
        at = out.find(1, at + 1)
    return due
