"""Columns of a data source: definitions as sent, stored and returned."""

import re
import uuid
from typing import Any

from tests.servers.notion import rich_text
from tests.servers.notion.problems import invalid, validation

COLORS = ("default", "gray", "brown", "orange", "yellow", "green", "blue", "purple", "pink", "red")
NUMBER_FORMATS = frozenset(
    [
        "number",
        "number_with_commas",
        "percent",
        "dollar",
        "australian_dollar",
        "canadian_dollar",
        "singapore_dollar",
        "euro",
        "pound",
        "yen",
        "ruble",
        "rupee",
        "won",
        "yuan",
        "real",
        "lira",
        "rupiah",
        "franc",
        "hong_kong_dollar",
        "new_zealand_dollar",
        "krona",
        "norwegian_krone",
        "mexican_peso",
        "rand",
        "new_taiwan_dollar",
        "danish_krone",
        "zloty",
        "baht",
        "forint",
        "koruna",
        "shekel",
        "chilean_peso",
        "philippine_peso",
        "dirham",
        "colombian_peso",
        "riyal",
        "ringgit",
        "leu",
        "argentine_peso",
        "uruguayan_peso",
        "peruvian_sol",
    ]
)
PLAIN_TYPES = frozenset(
    {
        "title",
        "rich_text",
        "url",
        "email",
        "phone_number",
        "people",
        "files",
        "date",
        "checkbox",
        "created_time",
        "last_edited_time",
        "created_by",
        "last_edited_by",
    }
)
COMPUTED = frozenset({"created_time", "last_edited_time", "created_by", "last_edited_by", "unique_id"})
HEX_ID = re.compile(r"^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$", re.IGNORECASE)

Json = Any


def define(name: str, config: Json, *, column_id: str, rng: Any, path: str) -> dict[str, Json]:
    """A stored definition from a request's. Raises Problem."""
    if not isinstance(config, dict):
        raise invalid(f"{path} should be an object.")
    kinds = [key for key in config if key not in ("type", "description", "name", "id")]
    kind = config.get("type") or (kinds[0] if len(kinds) == 1 else None)
    if kind is None or kind not in config:
        raise invalid(f"{path} should define exactly one property type, instead was `{sorted(kinds)}`.")
    column = {"id": column_id, "name": name, "type": kind, "description": config.get("description"), kind: {}}
    body = config[kind] if isinstance(config[kind], dict) else {}
    if kind in PLAIN_TYPES:
        return column
    if kind == "number":
        column[kind] = {"format": number_format(body.get("format", "number"), path)}
    elif kind in ("select", "multi_select", "status"):
        column[kind] = {"options": merge_options([], body.get("options", []), rng=rng, path=f"{path}.{kind}.options")}
        if kind == "status":
            column[kind] = _status_groups(column[kind]["options"] or _default_status(rng), rng)
    elif kind == "relation":
        column[kind] = _relation(body, path)
    elif kind == "unique_id":
        column[kind] = {"prefix": body.get("prefix")}
    else:
        raise invalid(f"{path}.{kind} is not supported by this sandbox.")
    return column


def number_format(value: Json, path: str) -> str:
    """A known format. Raises Problem."""
    if value not in NUMBER_FORMATS:
        raise invalid(f"{path}.number.format should be one of the known formats, instead was `{value!r}`.")
    return str(value)


def merge_options(known: list[dict[str, Json]], sent: Json, *, rng: Any, path: str) -> list[dict[str, Json]]:
    """Options after an update: the list sent replaces the old one; an option found by id or name keeps its id and color."""
    if not isinstance(sent, list):
        raise invalid(f"{path} should be an array.")
    if len(sent) > rich_text.ELEMENTS:
        raise invalid(f"{path}.length should be ≤ `100`, instead was `{len(sent)}`.")
    merged: list[dict[str, Json]] = []
    for index, option in enumerate(sent):
        before = next(
            (old for old in known if old["id"] == option.get("id") or old["name"] == option.get("name")), None
        )
        name = option.get("name", before and before["name"])
        merged.append(new_option(name, rng=rng, path=f"{path}[{index}]", color=option.get("color"), before=before))
    names = [option["name"].casefold() for option in merged]
    if len(set(names)) != len(names):
        raise validation("Select options must be unique.")
    return merged


def new_option(
    name: Json, *, rng: Any, path: str, color: Json = None, before: dict[str, Json] | None = None
) -> dict[str, Json]:
    """One option. Commas are refused, as Notion does."""
    if not isinstance(name, str) or not name or rich_text.utf16(name) > 100:
        raise invalid(f"{path}.name should be a string of 1 to 100 characters.")
    if "," in name:
        raise validation("Invalid select option, commas not allowed: " + name)
    if color is not None and color not in COLORS:
        raise invalid(f"{path}.color should be one of {', '.join(COLORS)}, instead was `{color!r}`.")
    if before is not None and color not in (None, before["color"]):
        raise validation(f"Cannot update color of select with name: {name}.")
    return {
        "id": before["id"] if before else str(uuid.UUID(int=rng.getrandbits(128))),
        "name": name,
        "color": before["color"] if before else color or rng.choice(COLORS),
        "description": None,
    }


def _default_status(rng: Any) -> list[dict[str, Json]]:
    return [new_option(name, rng=rng, path="status") for name in ("Not started", "In progress", "Done")]


def _status_groups(options: list[dict[str, Json]], rng: Any) -> dict[str, Json]:
    group = {
        "id": str(uuid.UUID(int=rng.getrandbits(128))),
        "name": "To-do",
        "color": "gray",
        "option_ids": [option["id"] for option in options],
    }
    return {"options": options, "groups": [group]}


def _relation(body: dict[str, Json], path: str) -> dict[str, Json]:
    if "data_source_id" not in body:
        raise invalid(f"{path}.relation.data_source_id should be defined, instead was `undefined`.")
    return {"data_source_id": str(body["data_source_id"]), "type": "single_property", "single_property": {}}
