"""The edit form of an act: one input per value a person may change, made from the action's schema."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.workflows.approvals.editing import editable_part
from apps.workflows.approvals.models import Approval

PREFIX = "f."


@dataclass(frozen=True)
class EditField:
    """One input. ``kind``: text, long, number, tick, lines (one item per line) or json."""

    name: str
    label: str
    kind: str
    value: Any
    error: str = ""


def edit_fields(
    row: Approval, typed: QueryDict | None = None, errors: Mapping[str, str] | None = None
) -> list[EditField]:
    """Inputs for what may be changed, with what was typed and what is wrong with it; empty when nothing may."""
    part = editable_part(row)
    if part is None:
        return []
    value, schema = part
    found = []
    for name in {**schema.get("properties", {}), **value}:
        kind = _kind(schema.get("properties", {}).get(name, {}), value.get(name))
        shown = typed.get(PREFIX + name, "") if typed is not None else _shown(kind, value.get(name))
        error = next((str(text) for place, text in (errors or {}).items() if place.split(".")[1:2] == [name]), "")
        found.append(
            EditField(name, str(schema.get("properties", {}).get(name, {}).get("title", name)), kind, shown, error)
        )
    return found


def read_edit(row: Approval, typed: QueryDict) -> dict[str, Any]:
    """The edited value; an optional field that was emptied is left out. Raises ``InvalidInput`` naming fields that do not fit."""
    before, schema = editable_part(row) or ({}, {})
    optional = set(schema.get("properties", {})) - set(schema.get("required", ()))
    value: dict[str, Any] = {}
    problems: dict[str, Any] = {}
    for field in edit_fields(row, typed):
        if field.kind == "tick":
            if PREFIX + field.name in typed or field.name in before:
                value[field.name] = PREFIX + field.name in typed
            continue
        text = str(field.value).replace("\r\n", "\n").replace("\x00", "")
        if not text.strip() and (field.name in optional or field.name not in before):
            continue
        try:
            value[field.name] = _read(field.kind, text)
        except ValueError:
            problems[f"value.{field.name}"] = _("This is not what belongs here.")
    if problems:
        raise InvalidInput(fields=problems)
    return value


def _kind(schema: Mapping[str, Any], value: Any) -> str:
    stated = schema.get("type")
    if isinstance(value, bool) or stated == "boolean":
        return "tick"
    if stated in ("integer", "number") or isinstance(value, int | float):
        return "number"
    if stated == "string" or isinstance(value, str):
        return "long" if int(schema.get("maxLength", 0) or 0) > 300 or "\n" in str(value or "") else "text"
    if stated == "array" and schema.get("items", {}).get("type") == "string":
        return "lines"
    return "json"


def _shown(kind: str, value: Any) -> Any:
    if value is None:
        return ""
    if kind == "lines":
        return "\n".join(str(one) for one in value)
    return json.dumps(value, ensure_ascii=False, indent=2) if kind == "json" else value


def _read(kind: str, text: str) -> Any:
    if kind == "number":
        return int(text) if text.strip().lstrip("-").isdecimal() else float(text)
    if kind == "lines":
        return [line.strip() for line in text.split("\n") if line.strip()]
    return json.loads(text) if kind == "json" else text
