"""The verbs with which a draft is changed, whoever speaks them: the canvas, the outline, a form, a program. Pure.

``apply_patches(document, patches)`` gives a new document and never touches the old one. A draft may be unfinished, so meaning
is not checked here (``validate`` does); its basic shape is, so that every page can rely on it.
"""

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from apps.workflows.builder import graph
from apps.workflows.builder.references import renamed

Json = Any
Document = dict[str, Any]
STEP_ID = re.compile(r"[a-z][a-z0-9_\-]{0,59}\Z")
TRIGGER_ID = re.compile(r"[a-z][a-z0-9_\-]{0,59}\Z")
MAX_PATCHES = 200
MAX_STEPS = 200
BLANK: Document = {"schema": 1, "start": "", "steps": {}}


class PatchRefused(ValueError):
    """A patch that cannot be applied; ``code`` is stable, ``place`` names the input at fault, ``params`` fill the message."""

    def __init__(self, code: str, place: str = "", /, **params: str) -> None:
        super().__init__(f"{code} at {place}" if place else code)
        self.code, self.place, self.params = code, place, params


def apply_patches(document: Mapping[str, Json], patches: Sequence[Json], *, rename_taken: bool = False) -> Document:
    """A new document with all patches applied, or none: raises ``PatchRefused`` naming the first that does not fit.

    With ``rename_taken`` a new step whose id somebody else took meanwhile gets another id, and later patches follow it.
    """
    if not isinstance(patches, list | tuple) or not 1 <= len(patches) <= MAX_PATCHES:
        raise PatchRefused("patches_count", "patches", limit=str(MAX_PATCHES))
    result = copy.deepcopy(dict(document))
    aliases: dict[str, str] = {}
    for index, patch in enumerate(patches):
        op = patch.get("op") if isinstance(patch, Mapping) else None
        verb = VERBS.get(op) if isinstance(op, str) else None
        if verb is None:
            raise PatchRefused("unknown_patch", f"patches.{index}.op", op=str(op)[:40])
        wanted = {key: _aliased(value, aliases) if key in NAMES else value for key, value in patch.items()}
        if rename_taken and op == "add_step" and wanted.get("id") in result["steps"]:
            aliases[wanted["id"]] = wanted["id"] = free_id(result["steps"], wanted["id"])
        try:
            verb(result, wanted)
        except PatchRefused as refusal:
            raise PatchRefused(refusal.code, f"patches.{index}.{refusal.place}".rstrip("."), **refusal.params) from None
    return result


NAMES = ("id", "step", "target", "after", "ids", "positions")


def _aliased(value: Json, aliases: Mapping[str, str]) -> Json:
    if isinstance(value, str):
        return aliases.get(value, value)
    if isinstance(value, Mapping):
        return {_aliased(key, aliases): _aliased(child, aliases) for key, child in value.items()}
    return [_aliased(child, aliases) for child in value] if isinstance(value, list) else value


def free_id(steps: Mapping[str, Json], wanted: str) -> str:
    """``wanted``, or the first of wanted_2, wanted_3 … that no step has."""
    base = re.sub(r"[^a-z0-9_]+", "_", wanted.lower()).strip("_")[:50] or "step"
    base = base if base[0].isalpha() else f"step_{base}"
    if base not in steps:
        return base
    base = re.sub(r"_\d+\Z", "", base)
    return next(name for number in range(2, MAX_STEPS * 2 + 2) if (name := f"{base}_{number}") not in steps)


def _step(document: Document, patch: Mapping[str, Json], key: str = "step") -> dict[str, Any]:
    name = patch.get(key)
    if not isinstance(name, str) or name not in document["steps"]:
        raise PatchRefused("no_such_step", key, step=str(name)[:60])
    body: dict[str, Any] = document["steps"][name]
    return body


def _place(patch: Mapping[str, Json], key: str = "place") -> str:
    place = patch.get(key)
    if not isinstance(place, str) or not graph.PLACE.match(place):
        raise PatchRefused("no_such_place", key, place=str(place)[:40])
    return place


def _lead(body: dict[str, Any], place: str, target: str | None) -> None:
    try:
        graph.lead(body, place, target)
    except (KeyError, ValueError):
        raise PatchRefused("no_such_place", "place", place=place) from None


def _number(value: Json, key: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= 1_000_000:
        raise PatchRefused("bad_position", key)
    return round(value)


def add_step(document: Document, patch: Mapping[str, Json]) -> None:
    """A new step, put into the way ``after`` {step, place} takes, at the beginning (``after`` null), or standing alone."""
    steps, kind = document["steps"], patch.get("type")
    if not isinstance(kind, str) or not 1 <= len(kind) <= 80:
        raise PatchRefused("bad_type", "type")
    if len(steps) >= MAX_STEPS:
        raise PatchRefused("too_many_steps", "type", limit=str(MAX_STEPS))
    step_id = patch.get("id") or free_id(steps, kind.rsplit(".", 1)[-1])
    if not isinstance(step_id, str) or not STEP_ID.match(step_id):
        raise PatchRefused("bad_step_id", "id")
    if step_id in steps:
        raise PatchRefused("step_exists", "id", step=step_id)
    body: dict[str, Any] = {"type": kind}
    if patch.get("title"):
        body["title"] = _text(patch["title"], "title", 160)
    if "with" in patch:
        body["with"] = _object(patch["with"], "with")
    for name in ("cases", "when", "items"):
        if name in patch:
            body[name] = copy.deepcopy(patch[name])
    steps[step_id] = body
    _put_in(document, step_id, patch)
    if isinstance(patch.get("at"), Mapping):
        move(document, {"positions": {step_id: patch["at"]}})
    check_shape(document)


def _put_in(document: Document, step_id: str, patch: Mapping[str, Json]) -> None:
    steps, after = document["steps"], patch.get("after")
    body, place = steps[step_id], graph.main_place(steps[step_id])
    if len(steps) == 1 or document["start"] not in steps or ("after" in patch and after is None):
        follower = document["start"] if document["start"] in steps and document["start"] != step_id else None
        document["start"] = step_id
    elif isinstance(after, Mapping):
        before = _step(document, after)
        way = _place(after) if after.get("place") else graph.main_place(before)
        follower = None if way == "branches.+" else graph.target_at(before, way)
        _lead(before, way, step_id)
        if way == "branches.+" and before.get("join"):
            follower = before["join"]
    else:
        return
    if follower and follower != step_id and body["type"] not in graph.ENDS:
        _lead(body, place, follower)


def remove_step(document: Document, patch: Mapping[str, Json]) -> None:
    """Steps go; the ways that led to one lead to what came after it, or nowhere with ``bridge`` false."""
    wanted = patch.get("ids") or [patch.get("step")]
    for step_id in wanted if isinstance(wanted, list) else ():
        body = _step(document, {"step": step_id})
        steps = document["steps"]
        follower = graph.target_at(body, graph.main_place(body)) if patch.get("bridge", True) else None
        follower = follower if follower in steps and follower != step_id else None
        for other, place in graph.leading_to(steps, step_id):
            if other != step_id:
                joins = place.startswith("branches.") and steps.get(follower or "", {}).get("type") == "join"
                _lead(steps[other], place, None if joins else follower)
        del steps[step_id]
        if document["start"] == step_id:
            document["start"] = follower or next(iter(graph.in_reading_order({"steps": steps})), "")
        _drop_place(document, step_id)


def _drop_place(document: Document, step_id: str) -> None:
    layout = document.get("layout", {})
    layout.pop(step_id, None)
    if not layout:
        document.pop("layout", None)


def relocate(document: Document, patch: Mapping[str, Json]) -> None:
    """Take a step out of the way it stands in and put it into another: ``after`` {step, place}, or null for the beginning."""
    body, steps = _step(document, patch), document["steps"]
    step_id, after = patch["step"], patch.get("after")
    if isinstance(after, Mapping) and after.get("step") == step_id:
        raise PatchRefused("no_such_place", "after", place=str(step_id))
    if after is not None:
        _step(document, after)
    place = graph.main_place(body)
    follower = graph.target_at(body, place)
    for other, way in graph.leading_to(steps, step_id):
        if other != step_id:
            _lead(steps[other], way, follower if follower != step_id else None)
    _lead(body, place, None)
    if document["start"] == step_id:
        document["start"] = follower if follower in steps and follower != step_id else step_id
    _put_in(document, step_id, {"after": after})


FIXED = ("next", "on_error", "on_timeout", "default", "join", "then", "else", "body", "branches")


def update_step(document: Document, patch: Mapping[str, Json]) -> None:
    """Set ``value`` at ``path`` inside a step, or remove what is there when there is no ``value``. Ways out: ``connect``."""
    path = patch.get("path")
    parts: list[str | int] = [*path.split(".")] if isinstance(path, str) else path  # type: ignore[assignment]
    if not isinstance(parts, list) or not 1 <= len(parts) <= 20 or not all(isinstance(p, str | int) for p in parts):
        raise PatchRefused("bad_path", "path")
    if parts[0] in FIXED or (parts[0] == "cases" and parts[-1] == "next"):
        raise PatchRefused("use_connect", "path")
    body = _step(document, patch)
    if "value" in patch:
        _set(body, parts, copy.deepcopy(patch["value"]))
    else:
        _unset(body, parts)
    check_shape(document)


def _set(node: Any, parts: list[str | int], value: Json) -> None:
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if isinstance(node, list):
            position = int(part) if str(part).isdigit() else -1
            if position == len(node):
                node.append({})
            if not 0 <= position < len(node):
                raise PatchRefused("bad_path", "path")
            part = position
        elif not isinstance(node, dict):
            raise PatchRefused("bad_path", "path")
        else:
            part = str(part)
        if last:
            node[part] = value
        elif isinstance(node, dict) and part not in node:
            node[part] = {}
            node = node[part]
        else:
            node = node[part]


def _unset(node: Any, parts: list[str | int]) -> None:
    for part in parts[:-1]:
        if isinstance(node, list) and str(part).isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif isinstance(node, dict) and str(part) in node:
            node = node[str(part)]
        else:
            return
    last = parts[-1]
    if isinstance(node, list) and str(last).isdigit() and int(last) < len(node):
        del node[int(last)]
    elif isinstance(node, dict):
        node.pop(str(last), None)


def connect(document: Document, patch: Mapping[str, Json]) -> None:
    """Let the way out ``place`` of ``step`` lead to ``target``."""
    body, target = _step(document, patch), patch.get("target")
    _step(document, patch, "target")
    _lead(body, _place(patch), target)


def disconnect(document: Document, patch: Mapping[str, Json]) -> None:
    """Let a way out lead nowhere."""
    _lead(_step(document, patch), _place(patch), None)


def move(document: Document, patch: Mapping[str, Json]) -> None:
    """Remember where steps stand on the canvas; ``positions`` null forgets all places."""
    positions = patch.get("positions")
    if positions is None:
        document.pop("layout", None)
        return
    layout = document.setdefault("layout", {})
    for step_id, point in _object(positions, "positions").items():
        _step(document, {"positions": step_id}, "positions")
        if not isinstance(point, Mapping):
            raise PatchRefused("bad_position", "positions")
        layout[step_id] = {axis: _number(point.get(axis), "positions") for axis in ("x", "y")}


def rename_step(document: Document, patch: Mapping[str, Json]) -> None:
    """Give a step another id; ways, references, texts, expressions and its place on the canvas follow."""
    old, new = patch.get("step"), patch.get("to")
    body = _step(document, patch)
    if not isinstance(new, str) or not STEP_ID.match(new):
        raise PatchRefused("bad_step_id", "to")
    if new == old:
        return
    if new in document["steps"]:
        raise PatchRefused("step_exists", "to", step=new)
    steps = document["steps"]
    for other, place in graph.leading_to(steps, str(old)):
        if place == "branches.+":
            continue
        head, *rest = place.split(".")
        if head == "branches":
            steps[other]["branches"][int(rest[0])] = new
        else:
            _lead(steps[other], place, new)
    del steps[old]
    steps[new] = body
    if document["start"] == old:
        document["start"] = new
    if old in document.get("layout", {}):
        document["layout"][new] = document["layout"].pop(old)
    for part in ("steps", "output", "settings", "triggers"):
        if part in document:
            document[part] = renamed(document[part], str(old), new)


def set_start(document: Document, patch: Mapping[str, Json]) -> None:
    """Begin with this step."""
    _step(document, patch)
    document["start"] = patch["step"]


PARTS = ("inputs", "output", "notes", "settings")


def set_part(document: Document, patch: Mapping[str, Json]) -> None:
    """Set or, without ``value``, remove the workflow's inputs schema, output, notes or settings."""
    part = patch.get("part")
    if part not in PARTS:
        raise PatchRefused("bad_part", "part")
    if "value" not in patch:
        document.pop(part, None)
        return
    value = patch["value"]
    if part in ("inputs", "settings"):
        value = _object(value, "value")
    document[part] = _text(value, "value", 10_000) if part == "notes" else copy.deepcopy(value)


def set_settings(document: Document, patch: Mapping[str, Json]) -> None:
    """Set one of the workflow's settings, or remove it without ``value``."""
    name = patch.get("name")
    if not isinstance(name, str) or not 1 <= len(name) <= 60:
        raise PatchRefused("bad_path", "name")
    settings = document.setdefault("settings", {})
    if "value" in patch:
        settings[name] = copy.deepcopy(patch["value"])
    else:
        settings.pop(name, None)
    if not settings:
        del document["settings"]


def set_trigger(document: Document, patch: Mapping[str, Json]) -> None:
    """Set one trigger, or remove it without ``value``."""
    name = patch.get("id")
    if not isinstance(name, str) or not TRIGGER_ID.match(name):
        raise PatchRefused("bad_step_id", "id")
    triggers = document.setdefault("triggers", {})
    if patch.get("value") is not None:
        value = _object(patch["value"], "value")
        if not isinstance(value.get("type"), str):
            raise PatchRefused("bad_type", "value")
        triggers[name] = value
    else:
        triggers.pop(name, None)
    if not triggers:
        del document["triggers"]


def paste(document: Document, patch: Mapping[str, Json]) -> None:
    """Insert copies of ``steps`` {id: body} under free ids: ways and references among them follow, ways elsewhere are cut.

    With ``after`` {step, place} the first copy is put into that way; ``positions`` say where the copies stand.
    """
    given = _object(patch.get("steps"), "steps")
    if not given or len(given) + len(document["steps"]) > MAX_STEPS:
        raise PatchRefused("too_many_steps", "steps", limit=str(MAX_STEPS))
    check_shape({**BLANK, "steps": given})
    steps = document["steps"]
    names: dict[str, str] = {}
    for old in given:
        names[old] = free_id({**steps, **dict.fromkeys(names.values())}, old)
    first, copies = names[next(iter(given))], {"start": "", "steps": given}
    for old in given:
        for place, target in list(graph.ways_out(given[old]))[::-1]:
            if target is not None and target not in given:
                _lead(given[old], place, None)
    parked = {old: f"paste{index}-x" for index, old in enumerate(given)}
    for mapping in (parked, {parked[old]: new for old, new in names.items()}):
        for old, new in mapping.items():
            if old != new:
                rename_step(copies, {"step": old, "to": new})
    steps.update(copies["steps"])
    if document["start"] not in steps:
        document["start"] = first
    elif isinstance(patch.get("after"), Mapping):
        _put_in(document, first, patch)
    places = patch.get("positions")
    if isinstance(places, Mapping):
        move(document, {"positions": {names[old]: point for old, point in places.items() if old in names}})


def _text(value: Json, key: str, limit: int) -> str:
    if not isinstance(value, str) or len(value) > limit:
        raise PatchRefused("bad_text", key, limit=str(limit))
    return value


def _object(value: Json, key: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise PatchRefused("not_an_object", key)
    return copy.deepcopy(dict(value))


def check_shape(document: Mapping[str, Json]) -> None:
    """Raise ``PatchRefused`` unless every step is an object with a type and ways out that can be read."""
    steps = document.get("steps")
    if not isinstance(steps, Mapping) or not isinstance(document.get("start"), str):
        raise PatchRefused("bad_shape", "steps")
    for step_id, body in steps.items():
        if not STEP_ID.match(step_id):
            raise PatchRefused("bad_step_id", f"steps.{step_id[:60]}")
        if not isinstance(body, Mapping) or not isinstance(body.get("type"), str):
            raise PatchRefused("bad_type", f"steps.{step_id}")
        _check_step(step_id, body)


def _check_step(step_id: str, body: Mapping[str, Json]) -> None:
    cases, branches = body.get("cases", []), body.get("branches", [])
    fits = (
        isinstance(cases, list)
        and all(isinstance(case, Mapping) and isinstance(case.get("next", ""), str | None) for case in cases)
        and isinstance(branches, list)
        and all(isinstance(branch, str) for branch in branches)
        and all(isinstance(body.get(name, ""), str | None) for name in graph.PLAIN)
        and isinstance(body.get("with", {}), Mapping)
        and isinstance(body.get("title", ""), str)
    )
    if not fits:
        raise PatchRefused("bad_shape", f"steps.{step_id}")


VERBS: dict[str, Callable[[Document, Mapping[str, Json]], None]] = {
    verb.__name__: verb
    for verb in (
        add_step, remove_step, relocate, update_step, connect, disconnect, move, rename_step, set_start, set_part, set_settings,
        set_trigger, paste,
    )
}  # fmt: skip
