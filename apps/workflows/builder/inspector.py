"""The settings of one step as a form, and the patches that what was sent amounts to."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.connectors import facade as connectors
from apps.workflows.builder import graph, prompting
from apps.workflows.builder.changes import same
from apps.workflows.builder.fields import EMPTY_CONDITION, MISSING, Node, Reader, build, build_condition
from apps.workflows.builder.palette import Kind, title_of, way_label
from apps.workflows.builder.parts.approving import worded
from apps.workflows.builder.problems import Finding
from apps.workflows.core.schema import STEP as STEP_SCHEMA
from apps.workflows.models import Secret

Json = Any
STEP = STEP_SCHEMA["properties"]
MORE = ("note", "timeout_s", "max_visits", "retry", "approval")


@dataclass(frozen=True, kw_only=True)
class WayField:
    """Where one way out leads, as a choice."""

    place: str
    label: str
    target: str
    choices: list[tuple[str, str]]


@dataclass(frozen=True, kw_only=True)
class CaseField:
    """One case of a switch."""

    name: str
    title: str
    when: Node


@dataclass(frozen=True, kw_only=True)
class StepForm:
    """Everything the inspector shows of a step."""

    step_id: str
    type: str
    title: str
    placeholder: str
    kind: Kind | None
    settings: list[Node]
    cases: list[CaseField]
    when: Node | None
    ways: list[WayField]
    more: list[Node]
    problems: list[Finding]


def make_form(
    document: Mapping[str, Json], step_id: str, kinds: Mapping[str, Kind], findings: Sequence[Finding]
) -> StepForm:
    """The form of a step that exists in ``document``."""
    steps = document["steps"]
    body = steps[step_id]
    kind = str(body.get("type"))
    settings = _settings(kind, body, kinds.get(kind))
    titles = [(other, title_of(other, steps[other], kinds)) for other in graph.in_reading_order(document)]
    doubled = {title for _id, title in titles if sum(title == one for _x, one in titles) > 1}
    choices = [
        (other, f"{title} ({other})" if title in doubled else title) for other, title in titles if other != step_id
    ]
    places = dict(graph.ways_out(body))
    if kind not in ("switch", "parallel", "join", "condition"):
        places.setdefault("on_error", None)
    form = StepForm(
        step_id=step_id,
        type=kind,
        title=str(body.get("title", "")),
        placeholder=title_of(step_id, {**body, "title": ""}, kinds),
        kind=kinds.get(kind),
        settings=settings,
        cases=[
            CaseField(
                name=f"cases.{index}",
                title=str(case.get("title", "")),
                when=build_condition(f"cases.{index}.when", case.get("when")),
            )
            for index, case in enumerate(body.get("cases", ()))
        ],
        when=build_condition("when", body.get("when")) if kind == "condition" else None,
        ways=[
            WayField(place=place, label=way_label(body, place) or _("Then"), target=target or "", choices=choices)
            for place, target in places.items()
        ],
        more=[_more(name, body.get(name)) for name in MORE if name in STEP],
        problems=[],
    )
    _offer_secrets(form)
    _place_problems(form, [one for one in findings if one.step == step_id])
    return form


def _more(name: str, value: Json) -> Node:
    node = build(name, STEP[name], value)
    return worded(node) if name == "approval" else node


def _settings(kind: str, body: Mapping[str, Json], known: Kind | None) -> list[Node]:
    if kind == "loop":
        return [build(name, STEP[name], body.get(name)) for name in ("items", "collect", "limit") if name in STEP]
    schema = known.config_schema if known else {}
    if not schema:
        return []
    root = build("with", schema, body.get("with", {}))
    nodes = root.children if root.kind == "object" else [root]
    for node in nodes:
        if node.last == "connection_id" and node.mode == "value":
            node.kind, node.label = "choice", _("Connection")
            node.choices = _connections(kind.partition(".")[0])
    return prompting.arrange(nodes, body.get("with", {})) if kind == prompting.STEP else nodes


def _offer_secrets(form: StepForm) -> None:
    wanted = [node for root in form.settings for node in _all_nodes(root) if node.mode == "secret"]
    names = list(Secret.objects.order_by("name").values_list("name", flat=True)) if wanted else []
    for node in wanted:
        node.choices = [(name, name) for name in dict.fromkeys([*filter(None, [node.text]), *names])]


def _all_nodes(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _all_nodes(child)


def _connections(slug: str) -> list[tuple[str, str]]:
    return [(str(one.id), one.name) for one in connectors.list_connections() if one.connector == slug]


def _place_problems(form: StepForm, findings: Sequence[Finding]) -> None:
    roots = [*form.settings, *form.more, *(case.when for case in form.cases), *([form.when] if form.when else [])]
    nodes = {node.name: node for root in roots for node in _all_nodes(root)}
    for finding in findings:
        place = finding.field
        while place and place not in nodes:
            place = place.rpartition(".")[0]
        if place and place != "with":
            nodes[place].errors.append(finding)
        else:
            missing = next(
                (
                    node
                    for node in form.settings
                    if node.required and f'"{node.last}"' in finding.message and not node.text
                ),
                None,
            )
            (missing.errors if missing else form.problems).append(finding)


def read_form(
    body: Mapping[str, Json], step_id: str, sent: Mapping[str, Any], kinds: Mapping[str, Kind]
) -> list[dict[str, Json]]:
    """The patches that turn ``body`` into what the form says; empty when nothing differs."""
    reader = Reader(sent, add=sent.get("_add", ""), remove=sent.get("_remove", ""))
    kind = str(body.get("type"))
    patches: list[dict[str, Json]] = []

    def update(path: list[str | int], new: Json, old: Json) -> None:
        if new is MISSING:
            if old is not None:
                patches.append({"op": "update_step", "step": step_id, "path": path})
        elif old is None or not same(new, old):
            patches.append({"op": "update_step", "step": step_id, "path": path, "value": new})

    if "title" in sent:
        update(["title"], sent["title"].strip()[:160] or MISSING, body.get("title"))
    names = ("items", "collect", "limit") if kind == "loop" else ()
    for name in (*names, *MORE):
        if name in STEP and any(key == name or key.startswith((f"{name}.", f"{name}:")) for key in sent):
            update([name], reader.value(name, STEP[name], body.get(name)), body.get(name))
    _read_settings(reader, kinds[kind].config_schema if kind in kinds else {}, body, update)
    if kind == "condition" and "when:op" in sent:
        update(["when"], reader.condition("when"), body.get("when"))
    _read_cases(reader, body, update)
    return [*patches, *_read_ways(body, step_id, sent)]


def _read_settings(reader: Reader, schema: Mapping[str, Json], body: Mapping[str, Json], update: Any) -> None:
    given = body.get("with", {})
    if not schema or not any(key.startswith(("with.", "with:")) for key in reader.sent):
        return
    if schema.get("properties"):
        told = prompting.read(reader, schema["properties"], given) if body.get("type") == prompting.STEP else {}
        for key, child in schema["properties"].items():
            found = told[key] if key in told else reader.value(f"with.{key}", child, given.get(key))
            update(["with", key], found, given.get(key))
    else:
        found = reader.value("with", schema, given)
        update(["with"], {} if found is MISSING else found, body.get("with"))


def _read_cases(reader: Reader, body: Mapping[str, Json], update: Any) -> None:
    if body.get("type") != "switch" or "cases:n" not in reader.sent:
        return
    cases: list[dict[str, Json]] = []
    for index, old in enumerate(body.get("cases", ())):
        if reader.remove == f"cases.{index}":
            continue
        case = dict(old)
        if f"cases.{index}.when:op" in reader.sent:
            case["when"] = reader.condition(f"cases.{index}.when")
        title = reader.sent.get(f"cases.{index}:title")
        if title is not None and "title" in STEP["cases"]["items"]["properties"]:
            case.pop("title", None)
            case |= {"title": title.strip()[:160]} if title.strip() else {}
        cases.append(case)
    if reader.add == "cases":
        cases.append({"when": EMPTY_CONDITION})
    update(["cases"], cases or MISSING, body.get("cases"))


def _read_ways(body: Mapping[str, Json], step_id: str, sent: Mapping[str, Any]) -> list[dict[str, Json]]:
    patches: list[dict[str, Json]] = []
    if sent.get("_remove", "").startswith("cases."):
        return patches
    taken = dict(graph.ways_out(body))
    # Branches from the last to the first, so that one taken out does not shift those still to come.
    for place in sorted((key[4:] for key in sent if key.startswith("way:")), reverse=True):
        target = sent[f"way:{place}"]
        if target == (taken.get(place) or "") or not graph.PLACE.match(place):
            continue
        if target:
            patches.append({"op": "connect", "step": step_id, "place": place, "target": target})
        else:
            patches.append({"op": "disconnect", "step": step_id, "place": place})
    return patches
