"""What starts the workflow: the list of triggers, and one trigger with its settings and what it hands to the inputs."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.connectors import facade as connectors
from apps.connectors.registries import event_types
from apps.workflows.builder.changes import same
from apps.workflows.builder.fields import MISSING, Node, Reader, build
from apps.workflows.builder.parts import schedules
from apps.workflows.builder.parts.base import Pane, Seen, Wanted, place_findings
from apps.workflows.builder.parts.trigger_words import HIDDEN, MAPPED, ORDER, helped, kinds_of_triggers, sentence
from apps.workflows.builder.patches import free_id
from apps.workflows.builder.sources import Source, paths_below
from apps.workflows.core.inputs import in_order
from apps.workflows.models import Firing, Trigger, Workflow
from apps.workflows.services.clock import database_now
from apps.workflows.triggers.addresses import address_of
from apps.workflows.triggers.enums import TriggerKind, Verification
from apps.workflows.triggers.hearing import ROW_CHANGED
from apps.workflows.triggers.registries import TASKS, request_doors
from apps.workflows.triggers.types import TRIGGER_TYPES, TriggerType

Json = Any
LIST, ONE = ":triggers", ":trigger:"


@dataclass(frozen=True, kw_only=True)
class Line:
    """One trigger in the list. ``state`` is "on", "off", or "new" until it is published."""

    slug: str
    title: str
    words: str
    icon: str
    state: str
    problems: int
    clocked: bool

    @property
    def key(self) -> str:
        """Its pane."""
        return ONE + self.slug


def lines(seen: Seen) -> list[Line]:
    """Every trigger of the draft, by name."""
    rows = {row.slug: row for row in Trigger.objects.filter(workflow_id=seen.draft.workflow_id, removed_at=None)}
    found = []
    for slug, body in sorted(seen.draft.document.get("triggers", {}).items()):
        entry, row = _entry(body), rows.get(slug)
        words = sentence(body)
        found.append(
            Line(
                slug=slug, title=str(body.get("title") or (entry.title if entry else body.get("type", slug))), words=words,
                icon=entry.icon if entry else "circle-alert",
                clocked=body.get("type") == TriggerKind.SCHEDULE,
                state="new" if row is None or row.kind != body.get("type") else "on" if row.enabled else "off",
                problems=sum(one.place == f"triggers.{slug}" or one.place.startswith(f"triggers.{slug}.") for one in seen.findings),
            )
        )  # fmt: skip
    return found


def show_list(seen: Seen, _name: str) -> Pane:
    """Every trigger, and a form for one more."""
    return Pane(template="triggers", context={"lines": lines(seen), "types": kinds_of_triggers()})


def save_list(seen: Seen, _name: str, sent: Mapping[str, Any]) -> Wanted:
    """Add one of the chosen kind, with settings it can be kept with where there are such."""
    kind = str(sent.get("type", ""))
    slug = free_id(seen.draft.document.get("triggers", {}), kind or "trigger")
    body: dict[str, Json] = {"type": kind if kind in TRIGGER_TYPES else TriggerKind.MANUAL.value}
    config = _beginning(kind)
    if config:
        body["with"] = config
    return Wanted(patches=[{"op": "set_trigger", "id": slug, "value": body}], open=ONE + slug)


def _beginning(kind: str) -> dict[str, Json]:
    if kind == TriggerKind.SCHEDULE:
        return schedules.beginning()
    if kind == TriggerKind.CONNECTOR:
        return {"change": ROW_CHANGED}
    return {"verify": Verification.STANDARD.value} if kind == TriggerKind.WEBHOOK else {}


def show_one(seen: Seen, slug: str) -> Pane | None:
    """One trigger of the draft; None when there is none of this name."""
    body = seen.draft.document.get("triggers", {}).get(slug)
    if body is None:
        return None
    entry = _entry(body)
    given = body.get("with", {})
    config = given if isinstance(given, Mapping) else {}
    rows = Trigger.objects.filter(
        workflow_id=seen.draft.workflow_id, slug=slug, kind=str(body.get("type")), removed_at=None
    )
    row = rows.first()
    nodes = _nodes(entry, config) if entry else []
    filling = _filling(seen, config) if entry and entry.type in MAPPED else []
    task = _task(config) if entry and entry.type in MAPPED and "task" in entry.config_schema["properties"] else None
    below = [*nodes, *filling, *([task] if task else [])]
    context = {
        "slug": slug, "key": ONE + slug, "title": str(body.get("title", "")), "entry": entry, "type": body.get("type"),
        "nodes": nodes, "filling": filling, "task": task, "has_inputs": bool(in_order(seen.draft.document.get("inputs", {}))),
        "problems": place_findings(below, seen.findings, below=f"triggers.{slug}"), "row": row,
        "sources": _sources(entry, row) if filling else [],
        "address": seen.absolute(address_of(row)) if row is not None and address_of(row) else "",
        "has_door": entry is not None and entry.type in (TriggerKind.WEBHOOK, TriggerKind.EMAIL),
    }  # fmt: skip
    if entry is not None and entry.type == TriggerKind.SCHEDULE:
        context |= schedules.preview(config, row, database_now())
    return Pane(template="trigger", context=context)


def save_one(seen: Seen, slug: str, sent: Mapping[str, Any]) -> Wanted:
    """What was typed, or the trigger's removal."""
    if sent.get("_remove") == slug:
        return Wanted(patches=[{"op": "set_trigger", "id": slug}], open=LIST)
    body = seen.draft.document.get("triggers", {}).get(slug, {})
    entry = _entry(body)
    value = dict(body)
    title = str(sent.get("title", body.get("title", ""))).strip()[:160]
    value.pop("title", None)
    value |= {"title": title} if title else {}
    if entry is not None:
        config = _read(entry, body.get("with", {}), sent)
        value.pop("with", None)
        value |= {"with": config} if config else {}
    patches = [] if same(value, body) else [{"op": "set_trigger", "id": slug, "value": value}]
    return Wanted(patches=patches, open=ONE + slug)


def _read(entry: TriggerType, old: Mapping[str, Json], sent: Mapping[str, Any]) -> dict[str, Json]:
    reader = Reader(sent, add=sent.get("_add", ""), remove=sent.get("_drop", ""))
    config = {key: value for key, value in old.items() if key not in entry.config_schema["properties"]}
    skipped: tuple[str, ...] = ("inputs",)
    if entry.type == TriggerKind.SCHEDULE:
        config |= schedules.read(old, sent, reader)
        skipped = (*skipped, *schedules.RULES)
    for name, schema in entry.config_schema["properties"].items():
        if name in skipped:
            continue
        found = reader.value(f"with.{name}", schema, old.get(name))
        if found is not MISSING:
            config[name] = found
    inputs = _read_filling(reader, old.get("inputs"))
    return config | ({"inputs": inputs} if inputs else {})


def _read_filling(reader: Reader, old: Json) -> dict[str, Json]:
    before = old if isinstance(old, Mapping) else {}
    if "with.inputs:n" in reader.sent:
        found = reader.value("with.inputs", {"type": "object"}, before)
        return {} if found is MISSING else dict(found)
    names = [
        key[len("with.inputs.") : -len(":mode")]
        for key in reader.sent
        if re.fullmatch(r"with\.inputs\.[^.]+:mode", key)
    ]
    kept = dict(before)
    for name in names:
        value = reader.value(f"with.inputs.{name}", {}, before.get(name))
        kept.pop(name, None)
        if value is not MISSING and value != {"$ref": ""}:
            kept[name] = value
        elif reader.sent.get(f"with.inputs.{name}:mode") == "ref":
            kept[name] = {"$ref": "trigger"}
    return kept


def _entry(body: Mapping[str, Json]) -> TriggerType | None:
    kind = body.get("type")
    return TRIGGER_TYPES.get(str(kind)) if kind in TRIGGER_TYPES else None


def _nodes(entry: TriggerType, config: Mapping[str, Json]) -> list[Node]:
    if entry.type == TriggerKind.SCHEDULE:
        return schedules.nodes(config)
    schema = entry.config_schema
    names = [name for name in ORDER.get(entry.type, schema["properties"]) if name not in HIDDEN]
    wanted = schema.get("required", ())
    found = [
        build(f"with.{name}", schema["properties"][name], config.get(name), required=name in wanted) for name in names
    ]
    for node in found:
        helped(node)
        _choose(node, config)
    return found


def _choose(node: Node, config: Mapping[str, Json]) -> None:
    """What can be chosen where the schema only says that it is a text."""
    name = node.last
    if name == "events":
        node.ticked, node.kind, node.children = list(config.get("events", ())), "checks", []
        node.choices = [(one.type, str(one.title)) for one in event_types]
        return
    known: list[tuple[str, str]] = []
    if name == "task_type":
        known = request_doors.get(TASKS).types() if TASKS in request_doors else []
    elif name == "workflow":
        known = list(Workflow.objects.filter(archived_at=None).order_by("name").values_list("slug", "name"))
    elif name == "change":
        known = [
            (one.type, str(one.title)) for one in event_types if one.group == "connector" or one.type == ROW_CHANGED
        ]
    elif name == "connection":
        known = [(str(one.id), one.name) for one in connectors.list_connections()]
    if name in ("task_type", "workflow", "change", "connection"):
        node.kind = "choice"
        node.choices = (
            known if node.text in ("", *(value for value, _label in known)) else [*known, (node.text, node.text)]
        )


def _task(config: Mapping[str, Json]) -> Node:
    schema = TRIGGER_TYPES.get(TriggerKind.WEBHOOK.value).config_schema["properties"]["task"]
    node = build("with.task", schema, config.get("task"))
    for child in node.children:
        helped(child)
        _choose(child, {})
        if child.last in ("title", "body") and child.mode == "value":
            child.kind = "text" if child.last == "title" else "long"
    return node


def _filling(seen: Seen, config: Mapping[str, Json]) -> list[Node]:
    """One field for each input of the workflow; without declared inputs, names and values to be made up."""
    given = config.get("inputs")
    values: Mapping[str, Json] = given if isinstance(given, Mapping) else {}
    schema = seen.draft.document.get("inputs", {})
    declared = in_order(schema)
    if not declared:
        node = build("with.inputs", {"type": "object"}, values)
        node.label, node.help = _("What the run is told"), ""
        return [node]
    found = []
    for name in [*declared, *(key for key in values if key not in declared)]:
        child = schema["properties"].get(name, {}) if name in declared else {}
        node = build(f"with.inputs.{name}", {}, values.get(name), required=name in schema.get("required", ()))
        node.label = str(child.get("title") or name)
        if node.kind in ("list", "map"):
            node.kind, node.children = "any", []
        found.append(node)
    return found


def _sources(entry: TriggerType | None, row: Trigger | None) -> list[Source]:
    """What the trigger brings, as it was the last time it came."""
    if entry is None:
        return []
    latest = (
        Firing.objects.filter(trigger=row).order_by("-created_at").values_list("payload", flat=True).first()
        if row
        else None
    )
    paths = paths_below("trigger", entry.output_schema, latest or {})
    return [Source(title=str(entry.title), icon=entry.icon, paths=paths)]
