"""What lies between two definitions, in words and as marks on the canvas."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.workflows.contracts import DiffLine, VersionDiff
from apps.workflows.core.regions import edges

Json = Any
MAX_SHOWN = 80
TOP = ("start", "inputs", "output", "notes")
ABSENT = object()


def compare_definitions(old: Mapping[str, Json], new: Mapping[str, Json]) -> VersionDiff:
    """From ``old`` to ``new``; the layout is left out. Lines come in reading order: workflow, settings, triggers, steps."""
    lines = [
        *_inside("workflow", "", {k: old[k] for k in TOP if k in old}, {k: new[k] for k in TOP if k in new}),
        *_inside("setting", "", old.get("settings", {}), new.get("settings", {})),
        *_parts("trigger", old.get("triggers", {}), new.get("triggers", {})),
        *_parts("step", old["steps"], new["steps"]),
    ]
    marks: dict[str, str] = {}
    for line in lines:
        if line.area == "step":
            marks.setdefault(line.name, line.kind if not line.field else "changed")
    before, after = _ways(old["steps"]), _ways(new["steps"])
    moved = [(*way, "removed") for way in sorted(before - after)] + [(*way, "added") for way in sorted(after - before)]
    return VersionDiff(lines=tuple(lines), marks=marks, edges=tuple(moved))


def _ways(steps: Mapping[str, Mapping[str, Json]]) -> set[tuple[str, str, str]]:
    return {(name, place, target) for name, body in steps.items() for place, target in edges(body)}


def _parts(area: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[DiffLine]:
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield _line("removed", area, name, "", old[name], None)
        elif name not in old:
            yield _line("added", area, name, "", None, new[name])
        else:
            yield from _inside(area, name, old[name], new[name])


def _inside(area: str, name: str, old: Mapping[str, Json], new: Mapping[str, Json]) -> Iterator[DiffLine]:
    for field, before, after in _fields(old, new, ""):
        kind = "added" if before is ABSENT else "removed" if after is ABSENT else "changed"
        yield _line(kind, area, name, field, None if before is ABSENT else before, None if after is ABSENT else after)


def _fields(old: Mapping[str, Json], new: Mapping[str, Json], prefix: str) -> Iterator[tuple[str, Json, Json]]:
    for key in [*old, *(key for key in new if key not in old)]:
        before, after = old.get(key, ABSENT), new.get(key, ABSENT)
        if before is not ABSENT and after is not ABSENT and _same(before, after):
            continue
        place = f"{prefix}{key}"
        if _plain_object(before) and _plain_object(after):
            yield from _fields(before, after, f"{place}.")
        else:
            yield place, before, after


def _same(one: Json, two: Json) -> bool:
    return json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)


def _plain_object(value: Json) -> bool:
    """Whether to look inside: a filled-in value such as {"$ref": ...} is compared as a whole."""
    return isinstance(value, Mapping) and not any(str(key).startswith("$") for key in value)


def _line(kind: str, area: str, name: str, field: str, before: Json, after: Json) -> DiffLine:
    return DiffLine(
        kind=kind, area=area, name=name, field=field, before=before, after=after,
        text=_words(kind, area, name, field, before, after),
    )  # fmt: skip


def _words(kind: str, area: str, name: str, field: str, before: Json, after: Json) -> str:
    facts = {"name": name, "field": field, "before": shown(before), "after": shown(after)}
    if area in ("step", "trigger") and not field:
        facts["type"] = (after or before).get("type", "")
        sentence = {
            ("step", "added"): _("Step “%(name)s” (%(type)s) was added."),
            ("step", "removed"): _("Step “%(name)s” (%(type)s) was removed."),
            ("trigger", "added"): _("Trigger “%(name)s” (%(type)s) was added."),
            ("trigger", "removed"): _("Trigger “%(name)s” (%(type)s) was removed."),
        }[area, kind]
        return sentence % facts
    where = {
        "step": _("Step “%(name)s”, %(field)s"),
        "trigger": _("Trigger “%(name)s”, %(field)s"),
        "setting": _("Setting %(field)s"),
        "workflow": _("Workflow, %(field)s"),
    }[area] % facts
    facts["where"] = where
    return {
        "added": _("%(where)s: now %(after)s, was not set."),
        "removed": _("%(where)s: not set any more, was %(before)s."),
        "changed": _("%(where)s: %(before)s became %(after)s."),
    }[kind] % facts


def shown(value: Json) -> str:
    """A value as a person reads it in a sentence, at most 80 characters."""
    if isinstance(value, Mapping) and "$ref" in value:
        text = str(value["$ref"])
    elif isinstance(value, Mapping) and "$expr" in value:
        text = str(value["$expr"])
    elif isinstance(value, Mapping) and "$text" in value:
        text = f"“{value['$text']}”"
    elif isinstance(value, str):
        text = f"“{value}”"
    else:
        text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"
