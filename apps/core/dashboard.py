"""What apps put on Home and into the notifications: cards by section, and short notices of what needs a person or changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from apps.core.registry import Registry

SECTIONS = ("needs", "health", "running", "cost", "changed")


@dataclass(frozen=True, kw_only=True)
class DashboardCard:
    """One card of Home. ``section`` is one of ``SECTIONS``, drawn in that order; ``order`` sorts within it.

    ``context(request)`` returns what ``template`` needs, or None for "nothing to show now"; it should cost at most two
    queries. The template draws the whole card, its heading (h2) included.
    """

    name: str
    section: str
    order: int
    permission: str
    template: str
    context: Callable[[HttpRequest], dict[str, Any] | None]


@dataclass(frozen=True, kw_only=True)
class NoticeAct:
    """A decision that needs one tap: a POST to ``url`` with hidden ``fields``. It can be taken back for some seconds."""

    url: str
    label: str
    icon: str
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Notice:
    """One line that needs somebody or tells them what changed; ``url`` is where to deal with it.

    ``at`` is when it began; ``tone`` is ``wait`` (a person is needed), ``bad`` (broken), ``ok`` or ``run``.
    """

    title: str
    url: str
    icon: str
    text: str = ""
    at: datetime | None = None
    tone: str = "wait"
    act: NoticeAct | None = None


@dataclass(frozen=True, kw_only=True)
class NoticeSource:
    """Notices of one sort, for Home's first section and the notifications.

    ``section`` is "needs" or "changed". ``list(limit)`` runs in the current tenant, newest or most urgent first, with one
    or two queries; ``count`` says how many there are altogether (None: as many as are listed).
    """

    name: str
    section: str
    order: int
    permission: str
    list: Callable[[int], Iterable[Notice]]
    count: Callable[[], int] | None = None


dashboard_cards: Registry[DashboardCard] = Registry(
    name="dashboard cards", entry_type=DashboardCard, key=lambda card: card.name
)
notice_sources: Registry[NoticeSource] = Registry(
    name="notice sources", entry_type=NoticeSource, key=lambda source: source.name
)


def cards_for(request: HttpRequest, permissions: frozenset[str]) -> dict[str, list[dict[str, Any]]]:
    """Cards by section, in Boss Mode order, each as ``{"card": ..., "context": ...}``; empty sections are left out."""
    found: dict[str, list[dict[str, Any]]] = {section: [] for section in SECTIONS}
    for card in sorted(dashboard_cards, key=lambda one: (one.order, one.name)):
        if card.permission in permissions:
            context = card.context(request)
            if context is not None:
                found[card.section].append({"card": card, "context": context})
    return {section: cards for section, cards in found.items() if cards}


def notices_for(section: str, permissions: frozenset[str], *, limit: int) -> tuple[list[Notice], int]:
    """At most ``limit`` notices of the section this person may see, source by source, and how many there are in all."""
    notices: list[Notice] = []
    total = 0
    for source in sorted(notice_sources, key=lambda one: one.order):
        if source.section == section and source.permission in permissions:
            found = list(source.list(limit))
            total += source.count() if source.count else len(found)
            notices.extend(found)
    return notices[:limit], total


def count_notices(section: str, permissions: frozenset[str], *, listed: int) -> int:
    """How many notices of the section this person may see; a source that cannot count says at most ``listed``."""
    return sum(
        source.count() if source.count else len(list(source.list(listed)))
        for source in notice_sources
        if source.section == section and source.permission in permissions
    )
