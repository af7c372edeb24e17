"""The manual that writes itself: apps offer shelves of entries made from their own registries, the public site draws them.

Nothing here is written a second time by hand: an entry is built when it is asked for, out of what the running code would do.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language

from apps.core.errors import NotFound
from apps.core.registry import Registry


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One place of a table or one fact, shown as written when ``is_code``; ``entry`` links: "shelf/slug", "shelf#anchor"."""

    text: str
    is_code: bool = False
    entry: str = ""
    anchor: str = ""

    @property
    def target(self) -> tuple[str, str, str]:
        """Shelf, slug and anchor of ``entry``."""
        place, _mark, anchor = self.entry.partition("#")
        shelf, _slash, slug = place.partition("/")
        return shelf, slug, anchor


@dataclass(frozen=True, kw_only=True)
class Part:
    """One section of an entry, in this order: heading, paragraphs, facts (label, value), table, code, link (text, address)."""

    title: str = ""
    texts: tuple[str, ...] = ()
    facts: tuple[tuple[str, Cell], ...] = ()
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    code: str = ""
    link: tuple[str, str] = ("", "")

    @property
    def named_rows(self) -> list[list[tuple[str, Cell]]]:
        """``rows``, each cell beside the name of its column."""
        return [list(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing of the manual. ``mark`` is its name in the code; ``words`` are further words it is found by.

    ``parts`` is called when the entry is shown, in the reader's language.
    """

    slug: str
    title: str
    summary: str
    parts: Callable[[], tuple[Part, ...]] = field(repr=False)
    mark: str = ""
    icon: str = "file-text"
    group: str = ""
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """One kind of things. ``entries()`` lists them in reading order, in the active language.

    ``on_one_page``: they share a page, which ``about()`` may begin.
    """

    slug: str
    title: str | Promise
    summary: str | Promise
    entries: Callable[[], list[Entry]]
    icon: str = "list-checks"
    order: int = 100
    on_one_page: bool = False
    about: Callable[[], tuple[Part, ...]] | None = None


reference_shelves: Registry[Shelf] = Registry(name="reference_shelves", entry_type=Shelf, key=lambda shelf: shelf.slug)


def list_shelves() -> list[Shelf]:
    """All shelves in their order."""
    return sorted(reference_shelves, key=lambda shelf: (shelf.order, shelf.slug))


def get_entry(*, shelf: str, slug: str) -> Entry:
    """One entry. Raises ``NotFound`` for an unknown shelf or slug."""
    found = next((one for one in reference_shelves.get(shelf).entries() if one.slug == slug), None)
    if found is None:
        raise NotFound(detail=f"no {slug!r} on the shelf {shelf!r}")
    return found


def search_entries(words: str, *, limit: int = 40) -> list[tuple[Shelf, Entry]]:
    """Entries in which every word occurs, best first: name before title before summary before the rest."""
    wanted = words.casefold().split()
    found: list[tuple[int, Shelf, Entry]] = []
    for shelf in list_shelves():
        for entry in shelf.entries():
            fields = [text.casefold() for text in (entry.mark, entry.title, entry.summary, entry.words, entry.group)]
            if wanted and all(any(word in text for text in fields) for word in wanted):
                score = sum(
                    9 * (word == fields[0]) + 4 * (word in fields[0]) + 3 * (word in fields[1]) for word in wanted
                )
                found.append((-score, shelf, entry))
    return [(shelf, entry) for _score, shelf, entry in sorted(found, key=lambda one: one[0])[:limit]]


def manual_url(*, shelf: str, slug: str = "", anchor: str = "") -> str:
    """The address of a page of the manual on the platform's own host, in the reader's language; empty for what is not there."""
    known = reference_shelves.get(shelf) if shelf in reference_shelves else None
    if known is None or (slug and all(one.slug != slug for one in known.entries())):
        return ""
    if known.on_one_page and slug:
        slug, anchor = "", slug
    language = get_language() or settings.LANGUAGE_CODE
    port = settings.PUBLIC_PORT
    scheme, suffix = ("https", "") if port is None else ("http", f":{port}")
    name, args = (
        ("site:reference_entry", [language, shelf, slug]) if slug else ("site:reference_shelf", [language, shelf])
    )
    path = reverse(name, "echopilot.urls_public", args=args)
    return f"{scheme}://{settings.BASE_DOMAIN}{suffix}{path}" + (f"#{anchor}" if anchor else "")
