"""What the command palette finds and does: apps register their sources and actions, the shell only asks and draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.utils.functional import Promise

from apps.core.registry import Registry


@dataclass(frozen=True, kw_only=True)
class SearchHit:
    """One thing found. ``url`` is an address on this host; ``kind`` (a translated word) says what sort of thing it is."""

    title: str
    url: str
    icon: str
    subtitle: str = ""
    kind: str | Promise = ""


@dataclass(frozen=True, kw_only=True)
class SearchSource:
    """One sort of thing that can be found by word, number or id.

    ``search(query, limit)`` runs in the current tenant with a trimmed query of 1 to 100 characters and returns at most
    ``limit`` hits, best first, with one or two database queries. People without ``permission`` never reach it. ``label``
    is the heading above the hits, ``order`` its place.
    """

    name: str
    label: str | Promise
    permission: str
    search: Callable[[str, int], list[SearchHit]]
    order: int = 100


@dataclass(frozen=True, kw_only=True)
class PaletteAction:
    """Something the palette does: opens ``url_name`` or, with ``post``, sends ``fields`` there as a form.

    ``keywords`` are further words it is found by, separated by spaces. ``creates`` puts it on the sheet behind the plus.
    ``question_field`` makes it what answers words typed after "?": they are sent to ``url_name`` in this field.
    Everything here must also be reachable in the menus.
    """

    name: str
    label: str | Promise
    icon: str
    url_name: str
    permission: str
    keywords: str | Promise = ""
    query: str = ""
    post: bool = False
    fields: Mapping[str, str] = field(default_factory=dict)
    creates: bool = False
    order: int = 100
    help: str | Promise = ""
    question_field: str = ""


search_sources: Registry[SearchSource] = Registry(
    name="search sources", entry_type=SearchSource, key=lambda source: source.name
)
palette_actions: Registry[PaletteAction] = Registry(
    name="palette actions", entry_type=PaletteAction, key=lambda action: action.name
)


def allowed_sources(permissions: frozenset[str]) -> list[SearchSource]:
    """The sources a person may ask, in order."""
    return sorted((one for one in search_sources if one.permission in permissions), key=lambda one: one.order)


def allowed_actions(permissions: frozenset[str]) -> list[PaletteAction]:
    """The actions a person may take, in order."""
    return sorted((one for one in palette_actions if one.permission in permissions), key=lambda one: one.order)
