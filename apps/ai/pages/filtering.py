"""What the usage pages are narrowed to, read from the address and written back to it, so that a link keeps its state."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from apps.ai.enums import Spending

MONTH = re.compile(r"^(20\d\d)-(0[1-9]|1[0-2])$")
TEXTS = {"workflow": 200, "model": 120, "task_type": 64}
TITLES: dict[str, Callable[[], str]] = {
    "workflow": lambda: _("Workflow"),
    "model": lambda: _("Model"),
    "spending": lambda: _("Purpose"),
    "task_type": lambda: _("Kind of task"),
    "user_id": lambda: _("Person"),
}


@dataclass(frozen=True, kw_only=True)
class UsageFilter:
    """A month (UTC), perhaps one day of it, and chosen values of dimensions."""

    month: date
    day: date | None = None
    chosen: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, request: HttpRequest) -> UsageFilter:
        """Read from the query; whatever makes no sense there is left out."""
        today = datetime.now(UTC).date()
        query = request.GET
        month = _month(query.get("month", "")) or today.replace(day=1)
        day = _day(query.get("day", ""))
        if day is not None:
            month = day.replace(day=1)
        chosen: dict[str, Any] = {
            name: query[name].replace("\x00", "")[:longest] for name, longest in TEXTS.items() if name in query
        }
        if query.get("spending") in Spending.values:
            chosen["spending"] = query["spending"]
        person = query.get("user_id", "")
        if person.isascii() and person.isdecimal() and len(person) < 18:
            chosen["user_id"] = int(person)
        return cls(month=min(month, today.replace(day=1)), day=day, chosen=chosen)

    @property
    def first(self) -> date:
        """First day looked at."""
        return self.day or self.month

    @property
    def last(self) -> date:
        """Last day looked at."""
        return self.day or _next_month(self.month) - timedelta(days=1)

    @property
    def is_running(self) -> bool:
        """Whether the month looked at is the present one."""
        return self.month == datetime.now(UTC).date().replace(day=1)

    def query(self, **changes: Any) -> str:
        """The address' query with some values changed; None leaves one out."""
        values: dict[str, Any] = {"month": f"{self.month:%Y-%m}", "day": self.day, **self.chosen} | changes
        if "month" in changes:
            values["day"] = changes.get("day")
        return urlencode({name: str(value) for name, value in values.items() if value is not None})

    @property
    def months(self) -> dict[str, Any]:
        """The months beside this one, for the page's own navigation."""
        earlier = (self.month - timedelta(days=1)).replace(day=1)
        return {
            "label": date_format(self.month, "YEAR_MONTH_FORMAT"),
            "earlier": self.query(month=f"{earlier:%Y-%m}"),
            "later": None if self.is_running else self.query(month=f"{_next_month(self.month):%Y-%m}"),
        }

    def chips(self, people: Mapping[int, str]) -> list[dict[str, str]]:
        """What is chosen, each with the query that takes it away."""
        chips = []
        if self.day:
            chips.append({"label": date_format(self.day, "DATE_FORMAT"), "title": _("Day"),
                          "query": self.query(day=None)})  # fmt: skip
        for name, value in self.chosen.items():
            chips.append({"label": label_of(name, value, people), "title": TITLES[name](),
                          "query": self.query(**{name: None})})  # fmt: skip
        return chips


def label_of(name: str, value: Any, people: Mapping[int, str]) -> str:
    """A dimension's value as people read it."""
    if name == "spending":
        return str(dict(Spending.choices).get(value, value))
    if name == "user_id":
        return people.get(value, _("Nobody in particular") if value is None else _("Person %(id)s") % {"id": value})
    return str(value) if value else _("None")


def names_of(ids: Iterable[int | None]) -> dict[int, str]:
    """Names of people by id; addresses where there is no name. One query, none for nobody."""
    wanted = {one for one in ids if one is not None}
    if not wanted:
        return {}
    rows = get_user_model().objects.filter(pk__in=wanted).values_list("pk", "name", "email")
    return {pk: name or email for pk, name, email in rows}


def _month(text: str) -> date | None:
    found = MONTH.match(text)
    return date(int(found[1]), int(found[2]), 1) if found else None


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None
    return day if day and 2000 <= day.year <= datetime.now(UTC).year else None


def _next_month(month: date) -> date:
    return (month + timedelta(days=32)).replace(day=1)
