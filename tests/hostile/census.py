"""What changed in the database, table by table, and what of a page the product's own templates did not write."""

import re
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

LINKS = {
    "href",
    "src",
    "action",
    "formaction",
    "data",
    "xlink:href",
    "poster",
    "srcset",
    "background",
    "hx-get",
    "hx-post",
    "hx-put",
    "hx-delete",
    "ping",
}
NEVER = {"x-hole", "iframe", "object", "embed", "base", "marquee", "keygen", "image", "math", "foreignobject"}
OURS = {"", "acme.localhost", "localhost"}
ADDRESS = re.compile(
    r"https?:|www\.|\b[a-z][a-z0-9+.\-]*://|\b(?:javascript|vbscript|data|mailto|file|blob|tel):\S", re.IGNORECASE
)
TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1
"""
Census = dict[str, tuple[int, str]]


class Books:
    """Every table of some schemas, counted and hashed in one statement per schema."""

    def __init__(self, *schemas: str) -> None:
        self._statements: list[str] = []
        for schema in schemas:
            with connection.cursor() as cursor:
                cursor.execute(TABLES, [schema])
                names = [row[0] for row in cursor.fetchall()]
            parts = (
                f'SELECT \'{schema}.{name}\', count(*), coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM "{schema}"."{name}" t'
                for name in names
            )
            self._statements.append(" UNION ALL ".join(parts))

    def taken(self) -> Census:
        """``{schema.table: (rows, hash of all rows)}``."""
        found: Census = {}
        with connection.cursor() as cursor:
            for statement in self._statements:
                cursor.execute(statement)
                found |= {name: (count, digest) for name, count, digest in cursor.fetchall()}
        return found


def changes(before: Census, after: Census, *, free: Iterable[str], grows: Mapping[str, int]) -> Iterator[str]:
    """Tables that changed and may not have: ``free`` may change as they like, ``grows`` may have so many more rows. Names without schema."""
    for name, (count, digest) in after.items():
        was, old = before[name]
        table = name.partition(".")[2]
        if digest == old or any(table.startswith(start) for start in free):
            continue
        if table not in grows or count - was > grows[table] or count < was:
            yield f"{name} went from {was} to {count} rows"


class Page(HTMLParser):
    """Reads a page as a browser would and keeps what should not be there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.holes: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in NEVER:
            self.holes.append(f"<{tag}>")
        for name, value in attrs:
            if name.startswith("on") or name in ("x-hole", "srcdoc", "style"):
                self.holes.append(f"<{tag} {name}={(value or '')[:60]}>")
            elif name in LINKS and not _is_ours(value or ""):
                self.holes.append(f"<{tag} {name}={(value or '')[:80]}>")
        if (
            tag == "script"
            and not dict(attrs).get("src")
            and dict(attrs).get("type") not in ("application/json", "speculationrules", "importmap")
        ):
            self.holes.append("<script> without a file")


def _is_ours(address: str) -> bool:
    plain = re.sub(r"[\x00-\x20]", "", address)
    parts = urlsplit(plain)
    return parts.scheme in ("", "http", "https") and (parts.hostname or "") in OURS


def holes_in(html: str) -> list[str]:
    """Elements, attributes and links of a page that none of the product's templates write."""
    page = Page()
    page.feed(html)
    page.close()
    return page.holes


def addresses_in(text: str) -> list[str]:
    """What reads as an address or a script's address in a text that may have none."""
    return ADDRESS.findall(text)


def row_of(model: Any, **wanted: Any) -> Any:
    """The newest row of a model."""
    return model.objects.filter(**wanted).order_by("-pk").first()
