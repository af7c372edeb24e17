"""What a step can take from: earlier steps' outputs, the run's inputs, the item of a loop. For the data picker."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.workflows.builder import graph
from apps.workflows.builder.palette import Kind, title_of
from apps.workflows.core.inputs import in_order

Json = Any
MAX_PATHS = 40
DEPTH = 3


@dataclass(frozen=True, kw_only=True)
class Path:
    """One thing that can be taken. ``sort`` is its JSON type in words, ``sample`` what it was last time."""

    path: str
    label: str
    sort: str
    sample: str = ""


@dataclass(frozen=True, kw_only=True)
class Source:
    """A step, or the run's inputs, with everything in it."""

    title: str
    icon: str
    paths: tuple[Path, ...]


def list_sources(
    document: Mapping[str, Json], step_id: str, kinds: Mapping[str, Kind], samples: Mapping[str, Json]
) -> list[Source]:
    """Nearest step first, then the inputs. ``samples`` are outputs known from runs or pinned, by step."""
    steps = document.get("steps", {})
    found = []
    for other in _before(steps, step_id):
        kind = kinds.get(steps[other].get("type", ""))
        paths = paths_below(f"steps.{other}.output", _output_schema(steps[other], kind), samples.get(other))
        found.append(
            Source(title=title_of(other, steps[other], kinds), icon=kind.icon if kind else "workflow", paths=paths)
        )
    if any(steps[other].get("type") == "loop" for other in _before(steps, step_id)):
        loop = (
            Path(path="loop.item", label=_("The item"), sort=""),
            Path(path="loop.index", label=_("Its number, from 0"), sort=_sort("integer")),
        )
        found.append(Source(title=_("The loop"), icon="refresh-cw", paths=loop))
    inputs = document.get("inputs") or {}
    found.append(
        Source(
            title=_("What the run was started with"),
            icon="log-in",
            paths=paths_below("inputs", inputs, samples.get("")),
        )
    )
    return found


def _before(steps: Mapping[str, Any], step_id: str) -> list[str]:
    order, todo = [], [step_id]
    while todo:
        current = todo.pop(0)
        for other, _place in graph.leading_to(steps, current):
            if other not in order and other != step_id:
                order.append(other)
                todo.append(other)
    return order


def _output_schema(body: Mapping[str, Json], kind: Kind | None) -> Mapping[str, Json]:
    if body.get("type") == "set":
        return {"properties": {key: {} for key in body.get("with", {})}}
    return kind.output_schema if kind else {}


def paths_below(root: str, schema: Mapping[str, Json], sample: Json) -> tuple[Path, ...]:
    """What can be taken below ``root``: all of it, what its schema names, what it had last time."""
    found = [Path(path=root, label=_("All of it"), sort=_sort(schema.get("type")), sample="")]
    seen = {root}
    for path, sort, value in [*_of_schema(root, schema, sample, 0), *_of_sample(root, sample, 0)]:
        if path not in seen and len(found) < MAX_PATHS:
            seen.add(path)
            found.append(Path(path=path, label=path[len(root) + 1 :], sort=_sort(sort), sample=_short(value)))
    return tuple(found)


def _of_schema(root: str, schema: Mapping[str, Json], sample: Json, depth: int) -> Iterator[tuple[str, Any, Json]]:
    properties = schema.get("properties")
    known = properties if isinstance(properties, Mapping) and depth < DEPTH else {}
    for key in in_order(schema) if known else ():
        child = known[key] if isinstance(known[key], Mapping) else {}
        value = sample.get(key) if isinstance(sample, Mapping) else None
        yield f"{root}.{key}", child.get("type"), value
        yield from _of_schema(f"{root}.{key}", child, value, depth + 1)


def _of_sample(root: str, sample: Json, depth: int) -> Iterator[tuple[str, Any, Json]]:
    for key, value in sample.items() if isinstance(sample, Mapping) and depth < DEPTH else ():
        if key.replace("-", "").replace("_", "").isalnum():
            sort = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
            yield f"{root}.{key}", sort.get(type(value)), value
            yield from _of_sample(f"{root}.{key}", value, depth + 1)


def _sort(sort: Any) -> str:
    words = {
        "string": _("text"), "number": _("number"), "integer": _("whole number"), "boolean": _("yes or no"), "array": _("list"),
        "object": _("object"),
    }  # fmt: skip
    return str(words.get(sort[0] if isinstance(sort, list) and sort else sort if isinstance(sort, str) else "", ""))


def _short(value: Json) -> str:
    if value is None or isinstance(value, Mapping | list):
        return ""
    text = str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
