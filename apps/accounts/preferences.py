"""What a person likes: language, time zone, theme, density, motion, shortcuts; for visitors the same in cookies."""

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from apps.accounts.enums import Density, Motion, Theme
from apps.core.errors import InvalidInput
from apps.i18n.facade import list_languages

COOKIE_SECONDS = 365 * 24 * 3600
TRUE, FALSE = frozenset({"1", "true", "on", "yes"}), frozenset({"", "0", "false", "off", "no"})
IN_COOKIES = ("theme", "density", "motion")


@dataclass(frozen=True, kw_only=True)
class Preferences:
    """One person's, or one browser's, wishes. ``language`` empty: what the browser asks for."""

    theme: str = Theme.SYSTEM.value
    density: str = Density.COMFORTABLE.value
    motion: str = Motion.SYSTEM.value
    single_key_shortcuts: bool = True
    language: str = ""
    time_zone: str = "UTC"

    @classmethod
    def of(cls, request: HttpRequest) -> "Preferences":
        """The signed-in person's, those of staff while they act as somebody; a visitor's are read from this browser's cookies.

        Nonsense in a cookie is ignored.
        """
        user = getattr(request, "staff", None) or getattr(request, "user", None)
        if settings.SESSION_COOKIE_NAME in request.COOKIES and user is not None and user.is_authenticated:
            return cls(**{field.name: getattr(user, field.name) for field in fields(cls)})
        kept: dict[str, Any] = {name: request.COOKIES.get(name) for name in IN_COOKIES}
        return replace(cls(), **{name: value for name, value in kept.items() if value in _CHOICES[name]})


_CHOICES: dict[str, list[str]] = {"theme": Theme.values, "density": Density.values, "motion": Motion.values}
NAMES = tuple(field.name for field in fields(Preferences))


def read_changes(data: Mapping[str, Any]) -> dict[str, Any]:
    """The wishes among submitted values, checked; others are left out. Raises ``InvalidInput`` naming the fields at fault."""
    changes, wrong = {}, {}
    for name in NAMES:
        if name not in data:
            continue
        try:
            changes[name] = _read(name, str(data[name]).strip())
        except ValueError as error:
            wrong[name] = str(error)
    if wrong:
        raise InvalidInput(fields=wrong)
    return changes


def keep_in_cookies(response: HttpResponse, changes: Mapping[str, Any], *, secure: bool) -> None:
    """Remember the looks and the language in this browser, for pages before sign-in."""
    names = {**{name: name for name in IN_COOKIES}, "language": settings.LANGUAGE_COOKIE_NAME}
    for name, cookie in names.items():
        if changes.get(name) == "":
            response.delete_cookie(cookie)
        elif name in changes:
            response.set_cookie(
                cookie, changes[name], max_age=COOKIE_SECONDS, samesite="Lax", secure=secure, httponly=True
            )


@lru_cache(maxsize=1)
def time_zones() -> tuple[str, ...]:
    """Names of the time zones people may choose, UTC first (IANA time zone database)."""
    return (
        "UTC",
        *sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/")),
    )


def _read(name: str, value: str) -> Any:
    if name == "single_key_shortcuts":
        if value.lower() not in TRUE | FALSE:
            raise ValueError(_("Say true or false."))
        return value.lower() in TRUE
    if name == "language":
        if value and value not in dict(settings.LANGUAGES):
            raise ValueError(_("Choose one of the languages offered."))
        return value
    if name == "time_zone":
        if value not in zoneinfo.available_timezones():
            raise ValueError(_("Choose a time zone such as Europe/Madrid."))
        return value
    if value not in _CHOICES[name]:
        raise ValueError(_("Choose one of: %(choices)s.") % {"choices": ", ".join(_CHOICES[name])})
    return value


def zone_choices() -> list[tuple[str, str]]:
    """For a select: the zones by region, spaces in place of underscores."""
    return [(name, name.replace("_", " ")) for name in time_zones()]


def language_choices() -> list[tuple[str, str]]:
    """For a select: each language in its own name, with how much of it is translated where that is not all."""
    return [
        (one.code, one.own_name if one.is_offered else f"{one.own_name} ({one.coverage} %)")
        for one in sorted(list_languages(), key=lambda language: not language.is_offered)
        if one.code in dict(settings.LANGUAGES)
    ]
