"""Cells: values as sent, stored and returned."""

import math
import re
import uuid
from collections.abc import Callable
from typing import Any

from tests.servers.notion import rich_text
from tests.servers.notion.clock import parse
from tests.servers.notion.columns import COMPUTED, HEX_ID, Json, new_option
from tests.servers.notion.problems import invalid, validation

REFERENCES = 25


def empty(kind: str) -> Json:
    """The value of a cell nobody filled."""
    return {
        "title": [],
        "rich_text": [],
        "multi_select": [],
        "people": [],
        "files": [],
        "relation": [],
        "checkbox": False,
    }.get(kind)


def accept(column: dict[str, Json], sent: Json, *, rng: Any, path: str) -> Json:
    """The stored value of a cell from a request's property value. New select options are added to the column, as Notion does."""
    kind = column["type"]
    if kind in COMPUTED:
        raise validation(f"{column['name']} is a computed property and cannot be set.")
    if not isinstance(sent, dict) or kind not in sent:
        raise validation(f"{column['name']} is expected to be {kind}.")
    return _ACCEPT[kind](column, sent[kind], rng, f"{path}.{kind}")


def _text(_column: Json, value: Json, _rng: Any, path: str) -> Json:
    return rich_text.accept(value, path)


def _number(_column: Json, value: Json, _rng: Any, path: str) -> Json:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise invalid(f"{path} should be a number, instead was `{value!r}`.")
    return value


def _checkbox(_column: Json, value: Json, _rng: Any, path: str) -> Json:
    if not isinstance(value, bool):
        raise invalid(f"{path} should be a boolean, instead was `{value!r}`.")
    return value


def _short(limit: int) -> Callable[..., Json]:
    def accept_short(_column: Json, value: Json, _rng: Any, path: str) -> Json:
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            raise invalid(f"{path} should be a string or null.")
        if rich_text.utf16(value) > limit:
            raise invalid(f"{path}.length should be ≤ `{limit}`, instead was `{rich_text.utf16(value)}`.")
        return value

    return accept_short


def _select(column: Json, value: Json, rng: Any, path: str) -> Json:
    return None if value is None else _option_of(column, value, rng, path)


def _multi(column: Json, value: Json, rng: Any, path: str) -> Json:
    if not isinstance(value, list) or len(value) > rich_text.ELEMENTS:
        raise invalid(f"{path} should be an array of at most 100 options.")
    return [_option_of(column, option, rng, f"{path}[{index}]") for index, option in enumerate(value)]


def _option_of(column: Json, value: Json, rng: Any, path: str) -> str:
    if not isinstance(value, dict) or not ("name" in value or "id" in value):
        raise invalid(f"{path} should have a name or an id.")
    options = column[column["type"]]["options"]
    found = next((old for old in options if old["id"] == value.get("id") or old["name"] == value.get("name")), None)
    if found is None:
        if column["type"] == "status":
            raise validation(f'Invalid status option. Status option "{value.get("name")}" does not exist.')
        found = new_option(value.get("name"), rng=rng, path=path)
        options.append(found)
    return str(found["id"])


def _date(_column: Json, value: Json, _rng: Any, path: str) -> Json:
    if value is None:
        return None
    try:
        start = str(value["start"])
        for part in (start, value.get("end")):
            if part is not None:
                parse(part)
    except (KeyError, TypeError, ValueError, AttributeError):
        raise invalid(f"{path}.start should be a valid ISO 8601 date string, instead was `{value!r}`.") from None
    return {"start": _stamp(start), "end": _stamp(value.get("end")), "time_zone": value.get("time_zone")}


def _stamp(text: str | None) -> str | None:
    """Notion answers times with milliseconds and a numeric zone, dates as they are."""
    if text is None or "T" not in text:
        return text
    body = text.replace("Z", "+00:00")
    zone = re.search(r"[+-]\d\d:\d\d$", body)
    body = body[: zone.start()] if zone else body
    clock, _dot, fraction = body.partition(".")
    clock = clock if clock.count(":") > 1 else clock + ":00"
    return f"{clock}.{(fraction + '000')[:3]}{zone.group() if zone else '+00:00'}"


def _ids(limit: int) -> Callable[..., Json]:
    def accept_ids(_column: Json, value: Json, _rng: Any, path: str) -> Json:
        if not isinstance(value, list):
            raise invalid(f"{path} should be an array.")
        if len(value) > limit:
            raise invalid(f"{path}.length should be ≤ `{limit}`, instead was `{len(value)}`.")
        for index, entry in enumerate(value):
            if not isinstance(entry, dict) or not HEX_ID.match(str(entry.get("id"))):
                raise invalid(f"{path}[{index}].id should be a valid uuid, instead was `{entry!r}`.")
        return [str(uuid.UUID(str(entry["id"]))) for entry in value]

    return accept_ids


def _files(_column: Json, value: Json, _rng: Any, path: str) -> Json:
    if not isinstance(value, list) or not all(isinstance(entry, dict) and entry.get("name") for entry in value):
        raise invalid(f"{path} should be an array of files with names.")
    return [
        {"name": entry["name"], "type": "external", "external": {"url": str(entry.get("external", {}).get("url"))}}
        for entry in value
    ]


_ACCEPT: dict[str, Callable[..., Json]] = {
    "title": _text,
    "rich_text": _text,
    "number": _number,
    "checkbox": _checkbox,
    "url": _short(2000),
    "email": _short(200),
    "phone_number": _short(200),
    "select": _select,
    "status": _select,
    "multi_select": _multi,
    "date": _date,
    "relation": _ids(100),
    "people": _ids(100),
    "files": _files,
}


def show(column: dict[str, Json], stored: Json, page: dict[str, Json]) -> dict[str, Json]:
    """The cell as a page object carries it; long relations and people lists are cut as Notion cuts them."""
    kind = column["type"]
    answer: dict[str, Json] = {"id": column["id"], "type": kind}
    if kind in ("select", "status"):
        answer[kind] = _option(column, stored)
    elif kind == "multi_select":
        answer[kind] = [option for entry in stored or [] if (option := _option(column, entry))]
    elif kind == "relation":
        answer[kind] = [{"id": entry} for entry in (stored or [])[:REFERENCES]]
        answer["has_more"] = len(stored or []) > REFERENCES
    elif kind == "people":
        answer[kind] = [{"object": "user", "id": entry} for entry in (stored or [])[:REFERENCES]]
    elif kind == "unique_id":
        answer[kind] = {"prefix": column[kind]["prefix"], "number": page["number"]}
    elif kind in COMPUTED:
        answer[kind] = page[kind]
    else:
        answer[kind] = empty(kind) if stored is None else stored
    return answer


def _option(column: dict[str, Json], option_id: Json) -> Json:
    found = next((old for old in column[column["type"]]["options"] if old["id"] == option_id), None)
    return found and {"id": found["id"], "name": found["name"], "color": found["color"]}
