"""Cells of Notion as plain values and back: no Django, no network.

Sizes are counted the way Notion counts them (UTF-16 units). Text from Notion is cleaned of what PostgreSQL cannot hold.
"""

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime

from apps.connectors.providers.notion.specs import DatabaseSpec, Json, PropertySpec

PIECE = 2000
PIECES = 100
TEXT_BYTES = 400_000
REFERENCES = 25
LIST = 100
SHORT = {"url": 2000, "email": 200, "phone_number": 200}
OPTION = 100
CUT = "… (shortened)"


class WrongValue(ValueError):
    """A value does not fit its column; the text says why."""


class BrokenCell(ValueError):
    """A cell of an answer does not have the shape the protocol says."""


def clean(text: str) -> str:
    """Text without NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def utf16(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text) + sum(character > "\uffff" for character in text)


def split_text(text: str) -> list[str]:
    """Pieces of at most 2000 UTF-16 units, never inside a character; together the text."""
    if utf16(text) == len(text):
        return [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
    pieces: list[str] = []
    current: list[str] = []
    used = 0
    for character in text:
        width = 2 if character > "\uffff" else 1
        if used + width > PIECE:
            pieces.append("".join(current))
            current, used = [], 0
        current.append(character)
        used += width
    return [*pieces, "".join(current)] if current else pieces


def shorten(text: str) -> str:
    """The longest beginning that fits one cell (100 pieces, 400 kB), marked when something was left out."""
    if len(text) * 4 <= TEXT_BYTES and utf16(text) <= PIECE * PIECES:
        return text
    units = PIECE * PIECES - len(CUT) - PIECES
    cut = text[:units]
    while utf16(cut) > units or len(cut.encode()) > TEXT_BYTES:
        cut = cut[: int(len(cut) * 0.95)]
    return text if len(text) <= len(cut) else cut + CUT


def decode(spec: PropertySpec, cell: Json) -> Json:
    """The plain value of a cell. Raises ``BrokenCell``."""
    kind = spec.type
    if not isinstance(cell, dict) or cell.get("type", kind) not in (kind, *_ALIKE.get(kind, ())):
        raise BrokenCell(f"{spec.name}: expected {kind}")
    kind = str(cell.get("type", kind))
    if kind not in cell:
        raise BrokenCell(f"{spec.name}: no {kind} in the cell")
    try:
        return _DECODE[kind](cell[kind])
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise BrokenCell(f"{spec.name}: broken {kind} ({type(error).__name__})") from None


def is_cut(spec: PropertySpec, cell: Json) -> bool:
    """Whether Notion left part of a long value out of the page object."""
    if spec.type == "relation":
        return bool(cell.get("has_more"))
    entries = cell.get(spec.type)
    if spec.type == "people":
        return len(entries) >= REFERENCES
    if spec.type in ("title", "rich_text"):
        return sum(1 for part in entries if part.get("type") == "mention") >= REFERENCES
    return False


_ALIKE = {"select": ("status",), "status": ("select",), "title": (), "rich_text": ()}


def _text(parts: Json) -> str:
    if not isinstance(parts, list):
        raise TypeError
    return clean("".join(_string(part["plain_text"]) for part in parts))


def _string(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _optional(value: Json) -> str | None:
    return None if value is None else clean(_string(value))


def number(value: Json) -> int | float | None:
    """A finite number, whole ones as int. Raises TypeError."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise TypeError
    return int(value) if float(value).is_integer() and abs(value) < 2**53 else float(value)


def _bool(value: Json) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _option(value: Json) -> str | None:
    return None if value is None else clean(_string(value["name"]))


def _date(value: Json) -> str | None:
    if value is None:
        return None
    start, end = stamp(_string(value["start"])), value.get("end")
    return f"{start}/{stamp(_string(end))}" if end else start


def _unique(value: Json) -> str | None:
    if value is None or value.get("number") is None:
        return None
    prefix = value.get("prefix")
    return f"{_string(prefix)}-{int(value['number'])}" if prefix else str(int(value["number"]))


def _file(entry: Json) -> dict[str, str]:
    inner = entry.get(entry.get("type", ""), {})
    return {"name": clean(_string(entry["name"])), "url": clean(str(inner.get("url") or ""))}


_DECODE: dict[str, Callable[[Json], Json]] = {
    "title": _text,
    "rich_text": _text,
    "number": number,
    "select": _option,
    "status": _option,
    "multi_select": lambda options: [clean(_string(option["name"])) for option in options],
    "date": _date,
    "checkbox": _bool,
    "url": _optional,
    "email": _optional,
    "phone_number": _optional,
    "people": lambda users: [_string(user["id"]) for user in users],
    "relation": lambda pages: [_string(page["id"]) for page in pages],
    "files": lambda files: [_file(entry) for entry in files],
    "unique_id": _unique,
    "created_time": _optional,
    "last_edited_time": _optional,
}


_DAY = re.compile(r"^\d{4}-\d\d-\d\d$")


def stamp(text: str) -> str:
    """A day as it is; a time in UTC with milliseconds, so that the same instant is always the same text. Raises ValueError."""
    if _DAY.match(text):
        date.fromisoformat(text)
        return text
    moment = datetime.fromisoformat(text)
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")


def empty(spec: PropertySpec) -> Json:
    """What a cell holds that nobody filled."""
    return {
        "title": "",
        "rich_text": "",
        "checkbox": False,
        "multi_select": [],
        "people": [],
        "relation": [],
        "files": [],
    }.get(spec.type)


def fingerprint(spec: DatabaseSpec, values: Mapping[str, Json]) -> str:
    """SHA-256 over the inbound columns: equal exactly when nothing a person writes has changed."""
    inbound = [[name, values.get(name, empty(spec.columns[name]))] for name in spec.inbound]
    return hashlib.sha256(
        json.dumps(inbound, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()
    ).hexdigest()
