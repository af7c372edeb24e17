"""When a schedule is due: pure rules over the time zone database, no Django, no clock of their own.

The policy, tested against a minute-by-minute oracle in every zone:

* A rule that names hours ("daily at 02:30", ``0 9 * * 1-5``, ``0 */2 * * *``) is about the clock on the wall. A time the
  clock skips in spring is due at the first moment after the gap, once, however many skipped times meet there. A time the
  clock shows twice in autumn is due once, the first time.
* A cron expression whose hour field covers all 24 hours (``*/15 * * * *``) is a rhythm within the hour: it is due whenever
  the clock shows a matching minute, in both passes of a repeated hour, and a skipped minute is owed nothing.
* "Every N minutes or hours" counts elapsed time from its anchor and does not look at the clock on the wall.
* A monthly rule for day 29, 30 or 31 is due on the last day of a shorter month.

Seconds are not part of any rule. Instants are aware datetimes in UTC; wall times are naive.
"""

from __future__ import annotations

import calendar as months
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

MINUTE = timedelta(minutes=1)
LONGEST_SHIFT = timedelta(hours=26)
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
CRON_DAYS = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 0}
LONGEST_CRON = 120
ALL_HOURS = frozenset(range(24))
LAST_YEAR = 9000


class RuleProblem(Exception):
    """A rule that cannot be kept; ``field`` names what is wrong, ``code`` is stable."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(f"{field}: {code}")
        self.field = field
        self.code = code


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One schedule, checked. Build it with ``parse``.

    Exactly one of ``every`` (with ``anchor``), ``cron`` and ``month_day`` (with ``at``; 31 = last day) is set.
    """

    zone: ZoneInfo
    every: timedelta | None = None
    anchor: datetime | None = None
    cron: str = ""
    month_day: int = 0
    at: time = field(default=time())
    starts_at: datetime | None = None
    ends_at: datetime | None = None

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Every instant the rule is due strictly after ``moment``, ascending, each once; endless unless the rule ends."""
        begin = moment.astimezone(UTC)
        if self.starts_at is not None:
            begin = max(begin, self.starts_at - timedelta(microseconds=1))
        stream = self._ticks(begin) if self.every else self._wall_clock(begin)
        for instant in stream:
            if self.ends_at is not None and instant >= self.ends_at:
                return
            yield instant

    def next(self, moment: datetime) -> datetime | None:
        """The first instant strictly after ``moment``; None when there is none any more."""
        return next(self.after(moment), None)

    def preview(self, moment: datetime, *, count: int = 5) -> list[datetime]:
        """The next ``count`` instants."""
        return list(islice(self.after(moment), count))

    def between(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Every instant in (``after``, ``until``]."""
        for instant in self.after(after):
            if instant > until:
                return
            yield instant

    def _ticks(self, begin: datetime) -> Iterator[datetime]:
        assert self.every is not None
        assert self.anchor is not None
        passed = max(0, (begin - self.anchor) // self.every + 1) if begin >= self.anchor else 0
        instant = self.anchor + passed * self.every
        while instant.year < LAST_YEAR:
            yield instant
            instant += self.every

    def _wall_clock(self, begin: datetime) -> Iterator[datetime]:
        rhythm = bool(self.cron) and _hours_of(self.cron) == ALL_HOURS
        stream = self._rhythm(begin) if rhythm else self._named_times(begin)
        last = begin
        for instant in stream:
            if instant > last:
                last = instant
                yield instant

    def _named_times(self, begin: datetime) -> Iterator[datetime]:
        for wall in self._walls(_wall(begin, self.zone) - MINUTE):
            yield first_moment(wall, self.zone)

    def _rhythm(self, begin: datetime) -> Iterator[datetime]:
        near = [_offset(begin + shift, self.zone) for shift in (-LONGEST_SHIFT, timedelta(), LONGEST_SHIFT)]
        set_back = max(near) - min(near)
        again: list[datetime] = []
        for wall in self._walls(_wall(begin, self.zone) - set_back - MINUTE):
            first = wall.replace(tzinfo=self.zone, fold=0)
            moment = first.astimezone(UTC)
            while again and again[0] < moment:
                yield again.pop(0)
            if _wall(moment, self.zone) != wall:
                continue
            yield moment
            if (second := first.replace(fold=1).astimezone(UTC)) != moment:
                again.append(second)

    def _walls(self, start: datetime) -> Iterator[datetime]:
        """Wall times after ``start`` that the rule names, as if no clock were ever changed."""
        if self.cron:
            yield from CronSim(self.cron, start)
            return
        year, month = start.year, start.month
        while year < LAST_YEAR:
            day = min(self.month_day, months.monthrange(year, month)[1])
            wall = datetime.combine(datetime(year, month, day), self.at)  # noqa: DTZ001 - a wall time has no zone
            if wall > start:
                yield wall
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def first_moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first instant at which the clock of ``zone`` shows ``wall``, or the first after the gap that swallowed it."""
    local = wall.replace(tzinfo=zone, fold=0)
    moment = local.astimezone(UTC)
    if _wall(moment, zone) == wall:
        return moment
    # In a gap the two folds give the instants by the offset before and after it; the change lies between them.
    low, high = local.replace(fold=1).astimezone(UTC), moment
    before = _offset(low, zone)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        low, high = (middle, high) if _offset(middle, zone) == before else (low, middle)
    return high


def parse(config: Mapping[str, Any], *, anchor: datetime) -> Rule:
    """The rule of a schedule's configuration. ``anchor`` is where "every N" begins when the rule has no start.

    Raises ``RuleProblem`` for an unknown zone, an expression that is not cron or never due, an end before the start.
    """
    zone = zone_of(config.get("zone", "UTC"))
    starts_at = _instant(config.get("starts_at"), zone, "starts_at")
    ends_at = _instant(config.get("ends_at"), zone, "ends_at")
    if starts_at and ends_at and ends_at <= starts_at:
        raise RuleProblem("ends_at", "ends_before_start")
    common: dict[str, Any] = {"zone": zone, "starts_at": starts_at, "ends_at": ends_at}
    kinds = [kind for kind in ("every_minutes", "every_hours", "daily", "weekly", "monthly", "cron") if kind in config]
    if len(kinds) != 1:
        raise RuleProblem("rule", "exactly_one_rule")
    kind, value = kinds[0], config[kinds[0]]
    if kind in ("every_minutes", "every_hours"):
        step = timedelta(minutes=_whole(value, kind, 1, 527_040 if kind == "every_minutes" else 8_784))
        start = (starts_at or anchor.astimezone(UTC)).replace(second=0, microsecond=0)
        return Rule(**common, every=step * (60 if kind == "every_hours" else 1), anchor=start)
    if kind == "monthly":
        return Rule(
            **common, month_day=_whole(value.get("day"), "monthly", 1, 31), at=_clock(value.get("at"), "monthly")
        )
    return Rule(**common, cron=checked_cron(value if kind == "cron" else _as_cron(kind, value)))


def zone_of(name: Any) -> ZoneInfo:
    """A zone of the IANA database. Raises ``RuleProblem``."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, TypeError, OSError):
        raise RuleProblem("zone", "unknown_zone") from None


@lru_cache(maxsize=1024)
def checked_cron(text: Any) -> str:
    """A five-field cron expression that is due at least once in 50 years, single-spaced. Raises ``RuleProblem``.

    Day of month and day of week must both match when one of them begins with ``*``, else either (as in Debian's cron).
    """
    if not isinstance(text, str) or len(text) > LONGEST_CRON or len(text.split()) != 5 or not text.isascii():
        raise RuleProblem("cron", "not_five_fields")
    expression = " ".join(text.split())
    try:
        next(CronSim(expression, datetime(2024, 1, 1)))  # noqa: DTZ001 - a wall time has no zone
    except (CronSimError, RecursionError):
        raise RuleProblem("cron", "not_cron") from None
    except StopIteration:
        raise RuleProblem("cron", "never_due") from None
    return expression


def _as_cron(kind: str, value: Mapping[str, Any]) -> str:
    at = _clock(value.get("at"), kind)
    if kind == "daily":
        return f"{at.minute} {at.hour} * * *"
    days = value.get("days")
    if not days or not isinstance(days, list) or not set(days) <= set(DAYS):
        raise RuleProblem("weekly", "name_days")
    return f"{at.minute} {at.hour} * * {','.join(str(CRON_DAYS[day]) for day in DAYS if day in days)}"


def _clock(value: Any, name: str) -> time:
    try:
        return datetime.strptime(value, "%H:%M").time()  # noqa: DTZ007 - a time on the wall
    except (ValueError, TypeError):
        raise RuleProblem(name, "not_a_time") from None


def _whole(value: Any, name: str, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise RuleProblem(name, "out_of_range")
    return value


def _instant(value: Any, zone: ZoneInfo, name: str) -> datetime | None:
    if not value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except (ValueError, TypeError):
        raise RuleProblem(name, "not_a_moment") from None
    return moment.astimezone(UTC) if moment.tzinfo else first_moment(moment, zone)


@lru_cache(maxsize=1024)
def _hours_of(cron: str) -> frozenset[int]:
    return frozenset(CronSim(cron, datetime(2024, 1, 1)).hours)  # noqa: DTZ001 - a wall time has no zone


def _wall(moment: datetime, zone: ZoneInfo) -> datetime:
    return moment.astimezone(zone).replace(tzinfo=None, fold=0)


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


@dataclass(frozen=True, kw_only=True)
class Missed:
    """What happens to instants nobody fired in time: ``skip`` them, make up for them ``once``, or run ``all`` up to ``limit``.

    ``grace_s`` (seconds) is how late an instant may be and still be on time under ``skip``.
    """

    policy: str = "once"
    limit: int = 10
    grace_s: float = 300


@dataclass(frozen=True, kw_only=True)
class Due:
    """What to do now: instants to fire, oldest first; ``missed`` others (counted up to ``COUNTED``); when to look again."""

    fire: tuple[datetime, ...] = ()
    missed: int = 0
    next_at: datetime | None = None


COUNTED = 1000


def due_now(rule: Rule, *, next_at: datetime, now: datetime, missed: Missed) -> Due:
    """What is due at ``now`` for a rule that was to be looked at on ``next_at``. Deciding late or twice gives the same instants."""
    if next_at > now:
        return Due(next_at=next_at)
    wanted = missed.limit if missed.policy == "all" else 1
    latest = _latest(rule, next_at=next_at, now=now, count=wanted)
    count = sum(1 for _ in islice(rule.between(next_at - MINUTE, now), COUNTED))
    if missed.policy == "skip" and latest and (now - latest[-1]).total_seconds() > missed.grace_s:
        latest = ()
    return Due(fire=latest, missed=max(0, count - len(latest)), next_at=rule.next(max(now, next_at)))


def _latest(rule: Rule, *, next_at: datetime, now: datetime, count: int) -> tuple[datetime, ...]:
    """The last ``count`` instants in [``next_at``, ``now``], found from the end so that a long outage costs little."""
    start = next_at - timedelta(microseconds=1)
    window = timedelta(hours=1)
    while True:
        begin = max(start, now - window)
        found = tuple(rule.between(begin, now))
        if len(found) >= count or begin == start:
            return found[-count:]
        window *= 4
