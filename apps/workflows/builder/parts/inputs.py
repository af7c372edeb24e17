"""What a run is started with: the list of inputs, and one input with everything that can be said about it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.workflows.builder.changes import same
from apps.workflows.builder.errors import InvalidPatch
from apps.workflows.builder.fields import MISSING, Reader, build
from apps.workflows.builder.palette import title_of
from apps.workflows.builder.parts.base import Pane, Seen, Wanted, place_findings
from apps.workflows.builder.patches import PatchRefused
from apps.workflows.builder.running import plain_texts
from apps.workflows.core.inputs import in_order, uses_of

Json = Any
LIST, ONE = ":inputs", ":input:"
DAY = r"^\d{4}-\d{2}-\d{2}$"
# What a person can choose -> the schema it stands for. A date is a text of a form, which validators do check.
SORTS: Mapping[str, tuple[Any, Mapping[str, Json]]] = {
    "text": (gettext_lazy("Text"), {"type": "string"}),
    "number": (gettext_lazy("Number"), {"type": "number"}),
    "integer": (gettext_lazy("Whole number"), {"type": "integer"}),
    "boolean": (gettext_lazy("Yes or no"), {"type": "boolean"}),
    "date": (gettext_lazy("Date"), {"type": "string", "format": "date", "pattern": DAY}),
    "choice": (gettext_lazy("One of a list"), {"type": "string", "enum": []}),
    "list": (gettext_lazy("List"), {"type": "array"}),
    "object": (gettext_lazy("Object"), {"type": "object"}),
    "any": (gettext_lazy("Anything"), {}),
}
ICONS = {"date": "calendar", "list": "rows-3", "object": "box", "choice": "list-checks", "boolean": "circle-check"}
KEPT = ("title", "description")


@dataclass(frozen=True, kw_only=True)
class Line:
    """One input in the list."""

    name: str
    title: str
    sort: str
    icon: str
    required: bool
    uses: int
    problems: int
    first: bool
    last: bool

    @property
    def key(self) -> str:
        """Its pane."""
        return ONE + self.name


def lines(seen: Seen) -> list[Line]:
    """Every input in its order."""
    schema = _schema(seen)
    names, required = in_order(schema), schema.get("required", ())
    found = []
    for index, name in enumerate(names):
        child = _child(schema, name)
        sort = sort_of(child)
        found.append(
            Line(
                name=name, title=str(child.get("title") or name), sort=str(SORTS[sort][0]), icon=ICONS.get(sort, "pencil"),
                required=name in required, uses=len(uses_of(seen.draft.document, name)),
                problems=sum(_is_about(one.place, name) for one in seen.findings), first=index == 0,
                last=index == len(names) - 1,
            )
        )  # fmt: skip
    return found


def show_list(seen: Seen, _name: str) -> Pane:
    """Every input, and a form for one more."""
    wrong = [one for one in seen.findings if one.place == "inputs"]
    sorts = [(key, title) for key, (title, _body) in SORTS.items()]
    return Pane(template="inputs", context={"lines": lines(seen), "problems": wrong, "sorts": sorts})


def save_list(seen: Seen, _name: str, sent: Mapping[str, Any]) -> Wanted:
    """Add one, or move one up or down."""
    for way, by in (("_up", -1), ("_down", 1)):
        if sent.get(way):
            order = in_order(_schema(seen))
            name = str(sent[way])
            at = order.index(name) if name in order else 0
            return Wanted(patches=[{"op": "move_input", "name": name, "to": max(0, at + by)}], open=LIST)
    name = str(sent.get("name", "")).strip()
    if name in in_order(_schema(seen)):
        raise InvalidPatch.of(PatchRefused("input_exists", "name", name=name))
    value: dict[str, Json] = dict(SORTS.get(str(sent.get("sort")), SORTS["text"])[1])
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_\-]{0,59}", name) and name:
        value, name = {**value, "title": name[:160]}, _name_from(name, in_order(_schema(seen)))
    return Wanted(patches=[{"op": "set_input", "name": name, "value": value}], open=ONE + name)


def _name_from(title: str, taken: list[str]) -> str:
    """A name for references out of the words a person typed: "Betrag (netto)" gives betrag_netto."""
    base = re.sub(r"[^a-z0-9]+", "_", title.lower()).strip("_")[:50]
    base = base if base and base[0].isalpha() else f"input_{base}".strip("_")
    number, name = 2, base
    while name in taken:
        name, number = f"{base}_{number}", number + 1
    return name


def show_one(seen: Seen, name: str) -> Pane | None:
    """One input; None when there is none of this name."""
    schema = _schema(seen)
    if name not in in_order(schema):
        return None
    child = _child(schema, name)
    sort = sort_of(child)
    bare = {key: value for key, value in child.items() if key not in ("default", *KEPT)}
    default = build("default", bare, child.get("default"), label=_("Default"))
    default.help = _("Used when a run does not bring this input.")
    if default.kind in ("any", "long"):
        default.kind = "text" if sort == "text" else default.kind
    uses = uses_of(seen.draft.document, name)
    steps = [one.name for one in uses if one.part == "steps"]
    body = seen.draft.document.get("steps", {})
    context = {
        "name": name,
        "key": ONE + name,
        "title": str(child.get("title", "")),
        "description": str(child.get("description", "")),
        "sort": sort,
        "sorts": [(key, title) for key, (title, _body) in SORTS.items()],
        "choices": "\n".join(map(str, child.get("enum", ()))) if sort == "choice" else "",
        "default": default,
        "required": name in schema.get("required", ()),
        "used_in": [(step, title_of(step, body[step], seen.kinds)) for step in steps],
        "used_by_triggers": [one.name for one in uses if one.part == "triggers"],
        "used_in_output": any(one.part == "output" for one in uses),
        "breaks": _breaks(len(steps)) if steps else "",
        "uses": len(uses),
        "problems": place_findings([default], seen.findings, below=f"inputs.properties.{name}"),
    }
    return Pane(template="input", context=context)


def _breaks(steps: int) -> str:
    text = ngettext(
        "%(n)d step takes it and would fail without it.", "%(n)d steps take it and would fail without it.", steps
    )
    return text % {"n": steps}


def save_one(seen: Seen, name: str, sent: Mapping[str, Any]) -> Wanted:
    """What is said about an input, or its removal, or another name."""
    if sent.get("_remove") == name:
        return Wanted(patches=[{"op": "set_input", "name": name}], open=LIST)
    if sent.get("_rename"):
        to = str(sent.get("to", "")).strip()
        follow = sent["_rename"] == "follow"
        return Wanted(patches=[{"op": "rename_input", "name": name, "to": to, "follow": follow}], open=ONE + to)
    schema = _schema(seen)
    old = _child(schema, name)
    value = _read(old, sent)
    patches: list[dict[str, Json]] = []
    if not same(value, old):
        patches.append({"op": "set_input", "name": name, "value": value})
    required = sent.get("required") == "1"
    if required != (name in schema.get("required", ())):
        patches.append({"op": "require_input", "name": name, "value": required})
    return Wanted(patches=patches, open=ONE + name)


def _read(old: Mapping[str, Json], sent: Mapping[str, Any]) -> dict[str, Json]:
    before = sort_of(old)
    sort = sent.get("sort") if sent.get("sort") in SORTS else before
    value = dict(old) if sort == before else {**SORTS[str(sort)][1]}
    for key in KEPT:
        value.pop(key, None)
        text = str(sent.get(key, old.get(key, ""))).strip()
        if text:
            value[key] = text[:500]
    if sort == "choice":
        typed = str(sent.get("choices", "\n".join(old.get("enum", ())))).replace("\r\n", "\n")
        value["enum"] = list(dict.fromkeys(line.strip()[:200] for line in typed.split("\n") if line.strip()))
    bare = {key: one for key, one in value.items() if key not in ("default", *KEPT)}
    value.pop("default", None)
    reader = Reader(sent, add=sent.get("_add", ""), remove=sent.get("_drop", ""))
    default = reader.value("default", bare, old.get("default")) if sort == before else MISSING
    return value if default is MISSING else {**value, "default": plain_texts(default)}


def sort_of(schema: Mapping[str, Json]) -> str:
    """Which of the sorts a schema is; what an import brought and nobody can choose here counts by its type."""
    if "enum" in schema:
        return "choice"
    if schema.get("format") == "date":
        return "date"
    kind = schema.get("type")
    kind = next((one for one in kind if one != "null"), None) if isinstance(kind, list) else kind
    return {
        "string": "text", "number": "number", "integer": "integer", "boolean": "boolean", "array": "list", "object": "object",
    }.get(str(kind), "any")  # fmt: skip


def _schema(seen: Seen) -> Mapping[str, Json]:
    found = seen.draft.document.get("inputs")
    return found if isinstance(found, Mapping) else {}


def _child(schema: Mapping[str, Json], name: str) -> Mapping[str, Json]:
    found = schema["properties"].get(name)
    return found if isinstance(found, Mapping) else {}


def _is_about(place: str, name: str) -> bool:
    below = f"inputs.properties.{name}"
    return place == below or place.startswith(f"{below}.")
