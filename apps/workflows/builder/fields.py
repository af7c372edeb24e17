"""A form out of a JSON Schema and a value, and the value back out of what was sent. Pure but for translated labels.

Every node has a dotted ``name``. A leaf says in ``<name>:mode`` how its value is given: typed (``value``; text with
``{{placeholders}}`` allowed), taken from an earlier step (``ref``), worked out (``expr``) or a secret. What was typed is
never refused here: a number that is none is kept as typed, and the validator says so beside the field.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext

from apps.workflows.core.inputs import in_order

Json = Any
Schema = Mapping[str, Any]
MAX_ROWS = 100
LONG = 200
DYNAMIC = {"$ref": "ref", "$expr": "expr", "$secret": "secret"}
BINARY_OPS = ("eq", "ne", "gt", "gte", "lt", "lte", "contains", "in", "starts_with", "ends_with")
UNARY_OPS = ("exists", "empty", "truthy")
GROUP_OPS = ("all", "any")
UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}


@dataclass(kw_only=True)
class Node:
    """One field or group of the form.

    ``kind``: text, long, number, duration, boolean, choice, checks, any, object, list, map or condition.
    """

    name: str
    kind: str
    label: str
    help: str = ""
    required: bool = False
    mode: str = "value"
    text: str = ""
    default: str = ""
    choices: list[tuple[str, str]] = field(default_factory=list)
    children: list["Node"] = field(default_factory=list)
    format: str = ""
    op: str = ""
    key: str = ""
    row: bool = False
    secret: bool = False
    errors: list[Any] = field(default_factory=list)
    ticked: list[str] = field(default_factory=list)
    # A change of it changes which other fields there are.
    structure: bool = False
    minimum: Any = None
    maximum: Any = None

    @property
    def dom_id(self) -> str:
        """An id for labels."""
        return "f-" + re.sub(r"[^A-Za-z0-9_-]", "-", self.name)

    @property
    def last(self) -> str:
        """The last part of the name."""
        return self.name.rsplit(".", 1)[-1]


def _items_of(schema: Schema) -> Schema:
    """The schema of a list's items; anything when it says nothing of them."""
    items = schema.get("items")
    return items if isinstance(items, Mapping) else {}


def label_of(name: str, schema: Schema) -> str:
    """The schema's title, else the name in words."""
    return str(schema.get("title") or capfirst(name.replace("_", " ").strip()))


def kind_of(schema: Schema, value: Json) -> str:
    """Which sort of field shows a value of this schema."""
    if "enum" in schema and all(isinstance(one, str) for one in schema["enum"]):
        return "choice"
    sort = schema.get("type")
    if isinstance(sort, list):
        sort = next((one for one in sort if one != "null"), None)
    if sort == "string":
        is_long = schema.get("maxLength", LONG + 1) > LONG and "pattern" not in schema and "format" not in schema
        return "long" if is_long else "text"
    if sort in ("number", "integer"):
        return "duration" if schema.get("x-unit") == "s" else "number"
    if sort == "boolean":
        return "boolean"
    if sort == "array":
        return "list"
    if sort == "object":
        return "object" if schema.get("properties") else "map"
    return "list" if isinstance(value, list) else "map" if isinstance(value, Mapping) and not _mode(value) else "any"


def _mode(value: Json) -> str:
    if isinstance(value, Mapping):
        return next((mode for key, mode in DYNAMIC.items() if key in value), "value" if "$text" in value else "")
    return ""


def build(name: str, schema: Schema, value: Json, *, label: str = "", required: bool = False, rows: int = 0) -> Node:
    """The form of one value. ``rows`` asks for that many more empty rows at this very place."""
    fallback = label_of(name.rsplit(".", 1)[-1], schema)
    node = Node(
        secret=bool(schema.get("secret")), name=name, kind=kind_of(schema, value), label=label or fallback,
        required=required,
        help=gettext(str(schema["description"])) if schema.get("description") else "", format=str(schema.get("format", "")),
        minimum=schema.get("minimum"), maximum=schema.get("maximum"),
    )  # fmt: skip
    node.mode = _mode(value) or "value"
    if node.mode != "value":
        node.text = str(value[next(key for key, mode in DYNAMIC.items() if mode == node.mode)])
        node.default = "" if "default" not in value else typed(value["default"])
        return node
    if node.kind == "object":
        given = value if isinstance(value, Mapping) else {}
        wanted = schema.get("required", ())
        node.children = [
            build(f"{name}.{key}", child, given.get(key), required=key in wanted, label=label_of(key, child))
            for key in in_order(schema)
            if isinstance(child := schema["properties"][key], Mapping)
        ]
    elif node.kind == "list":
        items = list(value) if isinstance(value, list) else []
        child = _items_of(schema)
        node.children = [
            build(f"{name}.{index}", child, item, label=str(index + 1)) for index, item in enumerate(items[:MAX_ROWS])
        ]
    elif node.kind == "map":
        node.children = _map_rows(name, schema, value)
    elif node.kind == "duration" and isinstance(value, int | float) and not isinstance(value, bool):
        node.op = next((unit for unit in reversed(UNITS) if value and value % UNITS[unit] == 0), "seconds")
        node.text = typed(value / UNITS[node.op] if value % UNITS[node.op] else int(value // UNITS[node.op]))
    else:
        node.text = typed(value)
        if node.kind == "choice":
            node.choices = [(str(one), capfirst(str(one).replace("_", " "))) for one in schema["enum"]]
    return node


def _map_rows(name: str, schema: Schema, value: Json) -> list[Node]:
    child = schema.get("additionalProperties")
    child = child if isinstance(child, Mapping) else {}
    rows = list(value.items()) if isinstance(value, Mapping) else []
    nodes = []
    for index, (key, item) in enumerate([*rows[:MAX_ROWS], ("", None)]):
        node = build(f"{name}.{index}", child, item, label=key)
        node.key, node.row = str(key), True
        nodes.append(node)
    return nodes


def typed(value: Json) -> str:
    """A value as a person would type it."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and isinstance(value.get("$text"), str):
        return str(value["$text"])
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False, indent=None if not isinstance(value, Mapping | list) else 1)


class Missing:
    """Nothing was given."""


MISSING = Missing()


class Reader:
    """Reads values back out of a sent form; ``get`` is the form's own."""

    def __init__(self, sent: Mapping[str, Any], *, add: str = "", remove: str = "") -> None:
        self.sent, self.add, self.remove = sent, add, remove

    def value(self, name: str, schema: Schema, old: Json) -> Json:
        """The value at ``name``, ``MISSING`` when nothing was given. A place the form did not show keeps ``old``."""
        mode = self.sent.get(f"{name}:mode")
        text = self.sent.get(name)
        if mode in ("ref", "expr", "secret"):
            return self._dynamic(name, mode, (text or "").strip())
        kind = self.sent.get(f"{name}:kind") or kind_of(schema, old)
        grouped: dict[str, Callable[[], Json]] = {
            "object": lambda: self._object(name, schema, old),
            "list": lambda: self._list(name, schema, old),
            "map": lambda: self._map(name, schema),
            "condition": lambda: self.condition(name),
            "checks": lambda: self._checks(name),
        }
        if kind in grouped:
            return grouped[kind]()
        if kind == "duration" and text:
            return self._duration(name, text)
        if text is None and mode is None:
            return MISSING if old is None else old
        return self._leaf(kind, text or "", old)

    def _dynamic(self, name: str, mode: str, text: str) -> Json:
        key = next(key for key, one in DYNAMIC.items() if one == mode)
        if mode == "ref":
            text = (self.sent.get(f"{name}:path") or text).strip().removeprefix("{{").removesuffix("}}").strip()
        found: dict[str, Json] = {key: text}
        default = self.sent.get(f"{name}:default", "")
        if mode == "ref" and default != "":
            found["default"] = self._leaf("any", default, None)
        return found

    @staticmethod
    def _leaf(kind: str, text: str, old: Json) -> Json:
        text = text.replace("\r\n", "\n")
        if text == "":
            return MISSING
        if "{{" in text:
            return {"$text": text}
        if kind in ("number", "any"):
            try:
                return json.loads(text, parse_constant=lambda name: name)
            except (ValueError, RecursionError):
                return text
        if kind == "boolean":
            return {"true": True, "false": False}.get(text, text)
        return text

    def _object(self, name: str, schema: Schema, old: Json) -> Json:
        given = dict(old) if isinstance(old, Mapping) and not _mode(old) else {}
        for key, child in schema.get("properties", {}).items():
            found = self.value(f"{name}.{key}", child, given.get(key))
            if found is MISSING:
                given.pop(key, None)
            else:
                given[key] = found
        return given or MISSING

    def _checks(self, name: str) -> Json:
        """The boxes that are ticked; people's ids are numbers."""
        getlist = getattr(self.sent, "getlist", None)
        found = getlist(name) if getlist else [self.sent[name]] if name in self.sent else []
        return [int(one) if one.isdecimal() else one for one in found] or MISSING

    def _duration(self, name: str, text: str) -> Json:
        """Seconds; what is no number is kept as typed."""
        try:
            found = float(text.strip().replace(",", ".")) * UNITS.get(self.sent.get(f"{name}:unit", ""), 1)
        except ValueError:
            return text
        return int(found) if found == int(found) else found

    def _count(self, name: str) -> int | None:
        text = self.sent.get(f"{name}:n", "")
        return min(int(text), MAX_ROWS) if text.isdecimal() else None

    def _list(self, name: str, schema: Schema, old: Json) -> Json:
        count = self._count(name)
        before = old if isinstance(old, list) else []
        if count is None:
            return before or MISSING
        child = _items_of(schema)
        found = []
        for index in range(count):
            if self.remove == f"{name}.{index}":
                continue
            item = self.value(f"{name}.{index}", child, before[index] if index < len(before) else None)
            found.append(blank(child) if item is MISSING else item)
        if self.add == name and len(found) < MAX_ROWS:
            found.append(blank(child))
        return found or MISSING

    def _map(self, name: str, schema: Schema) -> Json:
        count = self._count(name)
        child = schema.get("additionalProperties")
        child = child if isinstance(child, Mapping) else {}
        found: dict[str, Json] = {}
        for index in range(count or 0):
            key = self.sent.get(f"{name}.{index}:key", "").strip()[:200]
            if not key or self.remove == f"{name}.{index}":
                continue
            item = self.value(f"{name}.{index}", child, None)
            found[key] = "" if item is MISSING else item
        return found or MISSING

    def condition(self, name: str, depth: int = 0) -> Json:
        """A condition tree as the editor sent it."""
        op = self.sent.get(f"{name}:op", "truthy")
        if op == "$expr":
            return {"$expr": (self.sent.get(f"{name}.value") or "").strip()}
        if op in GROUP_OPS or op == "not":
            count = self._count(f"{name}.of") or 0
            children = [
                self.condition(f"{name}.of.{index}", depth + 1)
                for index in range(count)
                if self.remove != f"{name}.of.{index}"
            ]
            if self.add == f"{name}.of" or not children:
                children.append(EMPTY_CONDITION)
            if self.add == f"{name}.of:group" and depth < 6:
                children.append({"op": "all", "of": [EMPTY_CONDITION]})
            return {"op": "not", "of": children[0]} if op == "not" else {"op": op, "of": children}
        if op in UNARY_OPS:
            value = self.value(f"{name}.value", {}, None)
            if value is MISSING:
                value = self.value(f"{name}.left", {}, None)
            return {"op": op, "value": None if value is MISSING else value}
        sides = {side: self.value(f"{name}.{side}", {}, None) for side in ("left", "right")}
        if sides["left"] is MISSING:
            sides["left"] = self.value(f"{name}.value", {}, None)
        return {"op": op if op in BINARY_OPS else "eq"} | {
            side: None if value is MISSING else value for side, value in sides.items()
        }


EMPTY_CONDITION: dict[str, Json] = {"op": "eq", "left": {"$ref": ""}, "right": None}


def blank(schema: Schema) -> Json:
    """What a new row begins with."""
    return {"list": [], "map": {}, "object": {}, "boolean": False, "number": 0}.get(kind_of(schema, None), "")


def build_condition(name: str, value: Json, depth: int = 0) -> Node:
    """The form of a condition tree; something that is none begins anew."""
    given = value if isinstance(value, Mapping) else EMPTY_CONDITION
    op = "$expr" if "$expr" in given else str(given.get("op", "truthy"))
    node = Node(name=name, kind="condition", label="", op=op)
    if op == "$expr":
        node.children = [Node(name=f"{name}.value", kind="text", label="", text=str(given["$expr"]))]
    elif op in GROUP_OPS or op == "not":
        inner = given.get("of")
        inner = inner if isinstance(inner, list) else [inner]
        if depth < 16:
            node.children = [build_condition(f"{name}.of.{index}", one, depth + 1) for index, one in enumerate(inner)]
    elif op in UNARY_OPS:
        node.children = [build(f"{name}.value", {}, given.get("value"))]
    else:
        node.children = [build(f"{name}.{side}", {}, given.get(side)) for side in ("left", "right")]
    for child in node.children:
        if child.kind in ("list", "map"):
            child.kind, child.text, child.children = "any", typed(given.get(child.last)), []
    return node
