"""Verbs that change one step or where it stands. Pure."""

import copy
import re
from collections.abc import Mapping
from typing import Any

from apps.workflows.builder import graph
from apps.workflows.builder.patches.base import (
    BLANK,
    MAX_STEPS,
    STEP_ID,
    Document,
    Json,
    PatchRefused,
    check_shape,
    object_of,
    text_of,
)
from apps.workflows.core.mentions import renamed


def free_id(steps: Mapping[str, Json], wanted: str) -> str:
    """``wanted``, or the first of wanted_2, wanted_3 … that no step has."""
    base = re.sub(r"[^a-z0-9_]+", "_", wanted.lower()).strip("_")[:50] or "step"
    base = base if base[0].isalpha() else f"step_{base}"
    if base not in steps:
        return base
    base = re.sub(r"_\d+\Z", "", base)
    return next(name for number in range(2, MAX_STEPS * 2 + 2) if (name := f"{base}_{number}") not in steps)


def step_of(document: Document, patch: Mapping[str, Json], key: str = "step") -> dict[str, Any]:
    """The step a patch names."""
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
        body["title"] = text_of(patch["title"], "title", 160)
    if "with" in patch:
        body["with"] = object_of(patch["with"], "with")
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
        before = step_of(document, after)
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
        body = step_of(document, {"step": step_id})
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
    body, steps = step_of(document, patch), document["steps"]
    step_id, after = patch["step"], patch.get("after")
    if isinstance(after, Mapping) and after.get("step") == step_id:
        raise PatchRefused("no_such_place", "after", place=str(step_id))
    if after is not None:
        step_of(document, after)
    place = graph.main_place(body)
    follower = graph.target_at(body, place)
    for other, way in graph.leading_to(steps, step_id):
        if other != step_id:
            _lead(steps[other], way, follower if follower != step_id else None)
    _lead(body, place, None)
    if document["start"] == step_id:
        document["start"] = follower if follower in steps and follower != step_id else step_id
    _put_in(document, step_id, {"after": after})


def connect(document: Document, patch: Mapping[str, Json]) -> None:
    """Let the way out ``place`` of ``step`` lead to ``target``."""
    body, target = step_of(document, patch), patch.get("target")
    step_of(document, patch, "target")
    _lead(body, _place(patch), target)


def disconnect(document: Document, patch: Mapping[str, Json]) -> None:
    """Let a way out lead nowhere."""
    _lead(step_of(document, patch), _place(patch), None)


def move(document: Document, patch: Mapping[str, Json]) -> None:
    """Remember where steps stand on the canvas; ``positions`` null forgets all places."""
    positions = patch.get("positions")
    if positions is None:
        document.pop("layout", None)
        return
    layout = document.setdefault("layout", {})
    for step_id, point in object_of(positions, "positions").items():
        step_of(document, {"positions": step_id}, "positions")
        if not isinstance(point, Mapping):
            raise PatchRefused("bad_position", "positions")
        layout[step_id] = {axis: _number(point.get(axis), "positions") for axis in ("x", "y")}


def rename_step(document: Document, patch: Mapping[str, Json]) -> None:
    """Give a step another id; ways, references, texts, expressions and its place on the canvas follow."""
    old, new = patch.get("step"), patch.get("to")
    body = step_of(document, patch)
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
            document[part] = renamed(document[part], root="steps", old=str(old), new=new)


def set_start(document: Document, patch: Mapping[str, Json]) -> None:
    """Begin with this step."""
    step_of(document, patch)
    document["start"] = patch["step"]


def paste(document: Document, patch: Mapping[str, Json]) -> None:
    """Insert copies of ``steps`` {id: body} under free ids: ways and references among them follow, ways elsewhere are cut.

    With ``after`` {step, place} the first copy is put into that way; ``positions`` say where the copies stand.
    """
    given = object_of(patch.get("steps"), "steps")
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
