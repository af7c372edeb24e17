"""A schedule in words, in the reader's language; the weekday and month names come from the language's own data."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from babel import Locale
from babel.dates import format_time, get_day_names
from babel.lists import format_list
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from apps.workflows.triggers import calendar


def describe(config: Mapping[str, Any]) -> str:
    """One sentence such as "Every Monday and Friday at 09:00"; simple cron expressions are read the same way."""
    if "every_minutes" in config:
        n = config["every_minutes"]
        return ngettext("Every minute", "Every %(n)d minutes", n) % {"n": n}
    if "every_hours" in config:
        n = config["every_hours"]
        return ngettext("Every hour", "Every %(n)d hours", n) % {"n": n}
    if "daily" in config:
        return _("Every day at %(time)s") % {"time": _time(config["daily"]["at"])}
    if "weekly" in config:
        return _on_days([calendar.DAYS.index(day) for day in config["weekly"]["days"]], config["weekly"]["at"])
    if "monthly" in config:
        day, at = config["monthly"]["day"], _time(config["monthly"]["at"])
        if day == 31:
            return _("On the last day of each month at %(time)s") % {"time": at}
        return _("On day %(day)d of each month at %(time)s") % {"day": day, "time": at}
    return _cron(str(config.get("cron", "")))


def _cron(text: str) -> str:
    parts = text.split()
    if len(parts) == 5 and parts[2] == parts[3] == "*" and parts[0].isdigit() and parts[1].isdigit():
        at = f"{int(parts[1]):02}:{int(parts[0]):02}"
        days = _weekdays(parts[4])
        if days == list(range(7)):
            return _("Every day at %(time)s") % {"time": _time(at)}
        if days:
            return _on_days(days, at)
    if len(parts) == 5 and parts[1:] == ["*"] * 4 and parts[0].startswith("*/") and parts[0][2:].isdigit():
        n = int(parts[0][2:])
        return ngettext("Every minute", "Every %(n)d minutes", n) % {"n": n}
    return _("By the cron expression %(cron)s") % {"cron": text}


def _weekdays(field: str) -> list[int]:
    """Monday is 0. Empty when the field says more than days and ranges of days."""
    if field == "*":
        return list(range(7))
    found: set[int] = set()
    for term in field.split(","):
        first, _dash, last = term.partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            return []
        found.update((number - 1) % 7 for number in range(int(first), int(last or first) + 1))
    return sorted(found)


def _on_days(days: list[int], at: str) -> str:
    if days == [0, 1, 2, 3, 4]:
        return _("On weekdays at %(time)s") % {"time": _time(at)}
    names = get_day_names("wide", locale=_locale())
    listed = format_list([names[day] for day in sorted(days)], locale=_locale())
    return _("Every %(days)s at %(time)s") % {"days": listed, "time": _time(at)}


def _time(at: str) -> str:
    hour, minute = at.split(":")
    return format_time(datetime(2024, 1, 1, int(hour), int(minute), tzinfo=UTC), "short", locale=_locale())


def _locale() -> Locale:
    return Locale.parse(get_language() or "en", sep="-")
