"""What the palette and the search page find: pages, actions and whatever the apps' sources know."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.db import DatabaseError
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from apps.core.errors import PlatformError
from apps.core.navigation import GROUPS, NavigationItem, navigation
from apps.core.search import PaletteAction, SearchHit, allowed_actions, allowed_sources

logger = logging.getLogger("echopilot.portal")

MAX_QUERY = 100
MAX_QUESTION = 300
ASKING = ("?", "؟", "？")
PER_SOURCE = 5
PER_SOURCE_ON_PAGE = 20
MAX_PAGES = 8


@dataclass(frozen=True, kw_only=True)
class Found:
    """One line of results. With ``post`` it is a form to be sent: ``fields`` to ``url``; ``opens`` names a dialog instead.

    ``asks`` marks a form whose answer the palette shows itself.
    """

    title: str
    icon: str
    url: str = ""
    subtitle: str = ""
    kind: str = ""
    post: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    opens: str = ""
    asks: bool = False


@dataclass(frozen=True, kw_only=True)
class Group:
    """Results of one sort under their heading."""

    label: str
    hits: tuple[Found, ...]


def find(query: str, permissions: frozenset[str], *, per_source: int = PER_SOURCE) -> list[Group]:
    """Results for what a person typed, only of what they may see. ``>`` in front looks among the actions only, ``?`` asks.

    Nothing typed lists the pages and the actions. A source that fails is left out and logged; the others still answer.
    """
    text = " ".join(query.replace("\x00", "").split())
    if text.startswith(ASKING):
        return _kept([Group(label=_("Ask"), hits=_questions(text[1:].strip()[:MAX_QUESTION], permissions))])
    text = text[:MAX_QUERY]
    if text.startswith(">"):
        return _kept([Group(label=_("Do"), hits=_actions(text[1:].strip(), permissions))])
    pages = _pages(text, permissions)
    actions = _actions(text, permissions)
    if not text:
        return _kept([Group(label=_("Go to"), hits=pages[:MAX_PAGES]), Group(label=_("Do"), hits=actions[:MAX_PAGES])])
    sourced = [
        Group(label=str(source.label), hits=tuple(_found(hit) for hit in _ask(source, text, per_source)))
        for source in allowed_sources(permissions)
    ]
    return _kept([Group(label=_("Go to"), hits=pages), *sourced, Group(label=_("Do"), hits=actions)])


def _kept(groups: Iterable[Group]) -> list[Group]:
    return [group for group in groups if group.hits]


def _found(hit: SearchHit) -> Found:
    return Found(title=hit.title, icon=hit.icon, url=hit.url, subtitle=hit.subtitle, kind=str(hit.kind))


def _ask(source: object, text: str, limit: int) -> list[SearchHit]:
    try:
        return source.search(text, limit)[:limit]  # type: ignore[attr-defined,no-any-return]
    except (PlatformError, DatabaseError, ValueError):
        logger.exception("a search source failed", extra={"source": getattr(source, "name", "")})
        return []


def _matches(text: str, *words: str) -> bool:
    """Every word typed begins a word of the texts, or, from three letters on, stands anywhere in them."""
    haystack = " ".join(words).casefold()
    starts = haystack.split()
    return all(
        any(start.startswith(word) for start in starts) or (len(word) > 2 and word in haystack)
        for word in text.casefold().split()
    )


def _pages(text: str, permissions: frozenset[str]) -> tuple[Found, ...]:
    items = sorted((item for item in navigation if item.permission in permissions), key=lambda item: item.order)
    return tuple(
        Found(title=str(item.label), icon=item.icon, url=url, subtitle=str(GROUPS.get(item.group, "")), kind=_("Page"))
        for item in items
        if _matches(text, str(item.label), str(GROUPS.get(item.group, ""))) and (url := _address(item))
    )


def _actions(text: str, permissions: frozenset[str]) -> tuple[Found, ...]:
    return tuple(
        Found(
            title=str(action.label),
            icon=action.icon,
            url=url + (f"?{action.query}" if action.query else ""),
            post=action.post,
            fields=action.fields,
            opens=url.removeprefix("#") if url.startswith("#") else "",
        )
        for action in allowed_actions(permissions)
        if not action.question_field
        and _matches(text, str(action.label), str(action.keywords))
        and (url := _address(action))
    )


def _questions(words: str, permissions: frozenset[str]) -> tuple[Found, ...]:
    return tuple(
        Found(
            title=words,
            subtitle=str(action.label),
            icon=action.icon,
            url=url,
            post=True,
            fields={**action.fields, action.question_field: words},
            asks=True,
        )
        for action in allowed_actions(permissions)
        if words and action.question_field and (url := _address(action))
    )


def _address(entry: NavigationItem | PaletteAction) -> str:
    if entry.url_name.startswith("#"):
        return entry.url_name
    try:
        return reverse(entry.url_name)
    except NoReverseMatch:
        return ""
