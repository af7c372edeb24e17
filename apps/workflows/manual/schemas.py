"""JSON Schemas as tables for people, and values that fit them."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.core.reference import Cell, Part

Json = Any
DEEPEST = 3
SOME_ID = "01890000-0000-7000-8000-000000000001"
# Values for texts of a certain form. A schema of one's own says it better: its first entry under "examples" counts before these.
BY_PATTERN: Mapping[str, str] = {
    r"^app[A-Za-z0-9]+$": "appX1aB2cD3eF4gH5",
    r"^rec[A-Za-z0-9]+$": "recA1b2C3d4E5f6G7",
    r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$": "acme/website",
    r"^[0-9a-fA-F-]{32,36}$": "0b1e6a3c-52f4-4d8e-9a70-6c2f1d9e8b45",
    r"^[A-Z][A-Z0-9]{5,}$": "C0123ABCDEF",
    r"^[0-9]+\.[0-9]+$": "1700000000.000100",
    r"^[a-z0-9_+-]+$": "white_check_mark",
    r"^cus_[A-Za-z0-9]+$": "cus_NffrFeUfNV2Hib",
    r"^pi_[A-Za-z0-9]+$": "pi_3MtwBwLkdIwHu7ix",
    r"^[A-Za-z]{3}$": "eur",
    r"^(-?[0-9]+|@[A-Za-z0-9_]{4,})$": "-1001234567890",
    r"^[0-9]+$": "90210",
    r"^[A-Za-z0-9]+$": "18c5a1b2c3d4e5f6",
    r"^[A-Za-z0-9_-]+$": "1a2B3c4D5e6F",
    r"^[A-Za-z0-9-]+$": "49a3999c-0ce1-4ea6-ab68-afcd6dc2e794",
    r"^[^@\s]+@[^@\s]+$": "ada@example.com",
    r"^[^@\s,;<>]+@[^@\s,;<>]+$": "ada@example.com",
}
BY_FORMAT: Mapping[str, str] = {
    "uuid": SOME_ID, "email": "ada@example.com", "uri": "https://api.example.com/orders/4711", "date": "2027-01-31",
    "date-time": "2027-01-31T09:00", "time-zone": "Europe/Madrid", "workflow": "write-invoice",
    "multiline": "The order is on its way.",
}  # fmt: skip
BY_NAME: Mapping[str, Json] = {
    "to": ["ada@example.com"], "from": "Acme <hello@acme.example>", "email": "ada@example.com", "subject": "Your order 4711",
    "text": "The order is on its way.", "body": "The order is on its way.", "title": "Order 4711", "name": "orders",
    "table": "Orders", "fields": {"Status": "Sent"}, "reference_field": "Reference",
    "records": [{"Order": "4711", "Status": "Sent"}], "match_on": ["Order"], "labels": ["urgent"], "number": 42,
    "state": "succeeded", "query": "is:unread", "key": "reports/2027-01.txt", "content": "Order;Status",
    "reference": "order-4711", "properties": {"Status": "Sent"}, "kind": "contacts", "property": "email",
    "value": "ada@example.com", "dealname": "Order 4711", "message_id": 77, "workflow": "write-invoice",
    "code": "credentials_refused", "risk_class": "C", "subject_kind": "task", "source": "portal", "client": "Acme",
    "task_type": "drafting", "score": 91, "service": "notion", "database": "queue", "url": "https://www.example.com/page",
    "values": {"Status": "Ready"}, "changed": ["Status"], "local_ref": "task:4711", "message": "A test from EchoPilot.",
}  # fmt: skip


def sample_of(schema: Mapping[str, Json], *, name: str = "", whole: bool = False) -> Json:
    """A value that fits: required members only, or all of them when ``whole``. The schema's own ``examples`` count first."""
    for word in ("examples", "enum"):
        if schema.get(word):
            return schema[word][0]
    kind = schema.get("type")
    kind = next((one for one in kind if one != "null"), "null") if isinstance(kind, list) else kind
    if kind == "object" or (kind is None and "properties" in schema):
        return _object(schema, name, whole=whole)
    named = BY_NAME.get(name)
    if kind == "string":
        return _text(schema, name)
    if kind == "array":
        return named if isinstance(named, list) else _list(schema, name, whole=whole)
    if kind in ("integer", "number"):
        return named if isinstance(named, int) else schema.get("minimum", schema.get("default", 1))
    if kind == "boolean":
        return schema.get("default", True)
    return named if named is not None else "…"


def _list(schema: Mapping[str, Json], name: str, *, whole: bool) -> Json:
    count = max(1, int(schema.get("minItems", 1)))
    return [sample_of(schema.get("items", {}), name=name.removesuffix("s"), whole=whole) for _number in range(count)]


def _object(schema: Mapping[str, Json], name: str, *, whole: bool) -> Json:
    properties = schema.get("properties", {})
    if not properties:
        named = BY_NAME.get(name)
        return named if isinstance(named, Mapping) else {}
    wanted = properties if whole else [key for key in properties if key in schema.get("required", ())]
    return {key: sample_of(properties[key], name=key, whole=whole) for key in wanted}


def _text(schema: Mapping[str, Json], name: str) -> str:
    if schema.get("pattern") in BY_PATTERN:
        return BY_PATTERN[schema["pattern"]]
    named = BY_NAME.get(name)
    if isinstance(named, str):
        return named
    if schema.get("format") in BY_FORMAT:
        return BY_FORMAT[schema["format"]]
    if name.endswith("_id") or name == "id":
        return SOME_ID
    return str(schema.get("default") or "4711")


def table_of(schema: Mapping[str, Json], *, title: str, intro: str = "", without: str = "") -> Part:
    """Its members with kind, whether they must be there, and what they mean; ``without`` is said when it has none."""
    rows = tuple(_rows(schema, "", 0))
    if not rows:
        return Part(title=title, texts=tuple(filter(None, [intro, without])))
    return Part(
        title=title,
        texts=(intro,) if intro else (),
        columns=(_("Field"), _("Kind"), _("Required"), _("What it is")),
        rows=rows,
    )


def _rows(schema: Mapping[str, Json], place: str, depth: int) -> Iterator[tuple[Cell, ...]]:
    for name, child in schema.get("properties", {}).items():
        path = f"{place}{name}"
        said = " ".join(
            dict.fromkeys(filter(None, [_ended(child.get("title")), _ended(child.get("description")), *_limits(child)]))
        )
        is_required = name in schema.get("required", ())
        yield (
            Cell(text=path, is_code=True), Cell(text=kind_in_words(child)), Cell(text=_("Yes") if is_required else _("No")),
            Cell(text=said or "–"),
        )  # fmt: skip
        items = child.get("items")
        inner = items if isinstance(items, Mapping) else child
        if inner.get("properties") and depth < DEEPEST:
            yield from _rows(inner, f"{path}[]." if inner is items else f"{path}.", depth + 1)


def _ended(text: Json) -> str:
    said = str(text or "")
    return said if not said or said[-1] in ".!?…:۔" else f"{said}."


def kind_in_words(schema: Mapping[str, Json]) -> str:
    """A word for what may stand there."""
    words = {
        "string": _("text"), "integer": _("whole number"), "number": _("number"), "boolean": _("yes or no"), "array": _("list"),
        "object": _("object"), "null": _("nothing"),
    }  # fmt: skip
    if "enum" in schema:
        return _("one of: %(values)s") % {"values": ", ".join(str(one) for one in schema["enum"])}
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else kinds or []
    said = f" {_('or')} ".join(str(words.get(one, one)) for one in kinds) or _("any value")
    if schema.get("format") in ("uuid", "email", "uri", "date-time", "date"):
        said += f" ({schema['format']})"
    return said


def _limits(schema: Mapping[str, Json]) -> Iterator[str]:
    if "default" in schema and schema["default"] not in (None, ""):
        yield _("Without it: %(value)s.") % {"value": as_json(schema["default"], compact=True)}
    low, high = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    if low is not None and high is not None:
        yield _("From %(low)s to %(high)s.") % {"low": f"{low:,}", "high": f"{high:,.0f}"}
    if "maxLength" in schema:
        yield _("At most %(n)s characters.") % {"n": f"{schema['maxLength']:,}"}
    if "maxItems" in schema:
        yield _("At most %(n)s entries.") % {"n": f"{schema['maxItems']:,}"}
    if schema.get("secret"):
        yield _("A secret may stand here.")


def as_json(value: Json, *, compact: bool = False) -> str:
    """For reading; short lists and objects stay on one line."""
    if compact:
        return json.dumps(value, ensure_ascii=False)
    return _written(value, 0)


def _written(value: Json, depth: int) -> str:
    short = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, Mapping | list | tuple) or len(short) + 2 * depth <= 64 or not value:
        return short
    pad, end = "  " * (depth + 1), "  " * depth
    if isinstance(value, Mapping):
        inner = [
            f"{pad}{json.dumps(key, ensure_ascii=False)}: {_written(child, depth + 1)}" for key, child in value.items()
        ]
        return "{\n" + ",\n".join(inner) + f"\n{end}}}"
    return "[\n" + ",\n".join(f"{pad}{_written(child, depth + 1)}" for child in value) + f"\n{end}]"
