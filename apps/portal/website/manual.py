"""The manual on the public site: shelves of the registries, grouped for reading, with the way on and back."""

from dataclasses import dataclass
from itertools import groupby

from apps.core.errors import NotFound
from apps.core.reference import Entry, Shelf, get_entry, list_shelves, reference_shelves


@dataclass(frozen=True, kw_only=True)
class Group:
    """Entries under one heading; without a title where a shelf has no groups."""

    title: str
    entries: tuple[Entry, ...]


def get_shelf(slug: str) -> Shelf:
    """One shelf. Raises ``NotFound``."""
    return reference_shelves.get(slug)


def groups_of(shelf: Shelf) -> list[Group]:
    """Its entries in reading order, by group."""
    found = groupby(shelf.entries(), key=lambda entry: entry.group)
    return [Group(title=title, entries=tuple(entries)) for title, entries in found]


@dataclass(frozen=True, kw_only=True)
class Opened:
    """An entry on its shelf, with its neighbours."""

    shelf: Shelf
    entry: Entry
    before: Entry | None
    after: Entry | None


def open_entry(shelf: str, slug: str) -> Opened:
    """One entry that has a page of its own. Raises ``NotFound``."""
    found = get_shelf(shelf)
    if found.on_one_page:
        raise NotFound(detail=f"entries of {shelf!r} share one page")
    entry, all_of = get_entry(shelf=shelf, slug=slug), found.entries()
    place = next(index for index, one in enumerate(all_of) if one.slug == slug)
    return Opened(
        shelf=found, entry=entry, before=all_of[place - 1] if place else None,
        after=all_of[place + 1] if place + 1 < len(all_of) else None,
    )  # fmt: skip


def manual_addresses() -> list[tuple[str, dict[str, str]]]:
    """Every page: the name of its address and the further parts of it."""
    pages: list[tuple[str, dict[str, str]]] = [("reference", {})]
    for shelf in list_shelves():
        pages.append(("reference_shelf", {"shelf": shelf.slug}))
        if not shelf.on_one_page:
            pages += [("reference_entry", {"shelf": shelf.slug, "slug": one.slug}) for one in shelf.entries()]
    return pages
