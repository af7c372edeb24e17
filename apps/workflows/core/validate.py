"""Checks a definition before it is published: its form by JSON Schema, its meaning by reading the graph."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from apps.workflows.core.conditions import compile_condition, condition_references
from apps.workflows.core.definition import CONTROL_TYPES, edges
from apps.workflows.core.values import Json, ValueProblem, is_dynamic, references

STEP_ID = r"^[a-z][a-z0-9_\-]{0,59}$"
MAX_BYTES = 256 * 1024
MAX_DEPTH = 32

_TARGET = {"type": ["string", "null"], "maxLength": 60}
_STEP = {
    "type": "object",
    "required": ["type"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "minLength": 1, "maxLength": 80},
        "title": {"type": "string", "maxLength": 160},
        "with": {"type": "object"},
        "next": _TARGET,
        "on_error": _TARGET,
        "on_timeout": _TARGET,
        "default": _TARGET,
        "max_visits": {"type": "integer", "minimum": 1, "maximum": 500},
        "timeout_s": {"type": "number", "exclusiveMinimum": 0, "maximum": 3600},
        "retry": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "max_attempts": {"type": "integer", "minimum": 1, "maximum": 20},
                "base_s": {"type": "number", "minimum": 0, "maximum": 600},
                "cap_s": {"type": "number", "minimum": 0, "maximum": 3600},
            },
        },
        "cases": {
            "type": "array",
            "maxItems": 50,
            "items": {
                "type": "object",
                "required": ["when"],
                "additionalProperties": False,
                "properties": {"when": {"type": "object"}, "next": _TARGET},
            },
        },
        "branches": {"type": "array", "minItems": 1, "maxItems": 20, "items": {"type": "string"}, "uniqueItems": True},
        "join": {"type": "string"},
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["schema", "start", "steps"],
    "additionalProperties": False,
    "properties": {
        "schema": {"const": 1},
        "start": {"type": "string"},
        "inputs": {"type": "object"},
        "steps": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 200,
            "propertyNames": {"pattern": STEP_ID},
            "additionalProperties": _STEP,
        },
        "output": {},
    },
}
_VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One mistake: a stable ``code``, the ``place`` as a dotted path into the definition, a sentence for people."""

    code: str
    place: str
    message: str


def schema_validator(schema: Mapping[str, Json]) -> "jsonschema_rs.Draft202012Validator":
    """A validator that never fetches anything: a reference to another document is an error. Raises ``ValueError``."""
    return jsonschema_rs.Draft202012Validator(
        dict(schema), retriever=_refuse, pattern_options=jsonschema_rs.RegexOptions()
    )


def _refuse(uri: str) -> None:
    raise ValueError(f"references to other documents are not followed: {uri}")


def schema_problems(
    validator: "jsonschema_rs.Draft202012Validator", value: Json, *, place: str = "", code: str = "schema_violation"
) -> list[Problem]:
    """What a JSON Schema finds wrong with a value; places are dotted below ``place``; at most 50."""
    found = []
    for error, _ in zip(validator.iter_errors(value), range(50), strict=False):
        where = ".".join([*filter(None, [place]), *(str(part) for part in error.instance_path)])
        found.append(Problem(code=code, place=where, message=error.message[:300]))
    return found


def validate(raw: Json, *, types: Mapping[str, "jsonschema_rs.Draft202012Validator"]) -> list[Problem]:
    """Every mistake in a definition; an empty list means it may be published. ``types`` are the known steps' config schemas."""
    size = _plain_size(raw)
    if isinstance(size, Problem):
        return [size]
    form = schema_problems(_VALIDATOR, raw)
    if form:
        return form
    return [*_graph(raw), *_steps(raw, types), *_values(raw)]


def _plain_size(raw: Json) -> Problem | int:
    try:
        text = json.dumps(raw, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        return Problem(code="not_json", place="", message=f"The definition is not plain JSON: {error}")
    if len(text) > MAX_BYTES:
        return Problem(code="too_large", place="", message=f"The definition has more than {MAX_BYTES} bytes.")
    if _depth(raw) > MAX_DEPTH:
        return Problem(
            code="too_deep", place="", message=f"The definition is nested more than {MAX_DEPTH} levels deep."
        )
    return len(text)


def _depth(node: Json) -> int:
    if isinstance(node, Mapping):
        return 1 + max((_depth(child) for child in node.values()), default=0)
    if isinstance(node, list):
        return 1 + max((_depth(child) for child in node), default=0)
    return 0


def _graph(raw: Mapping[str, Json]) -> Iterator[Problem]:
    steps = raw["steps"]
    if raw["start"] not in steps:
        yield Problem(code="unknown_start", place="start", message=f"There is no step {raw['start']!r}.")
        return
    dangling = [
        (f"steps.{step_id}.{place}", target)
        for step_id, body in steps.items()
        for place, target in edges(body)
        if target not in steps
    ]
    for place, target in dangling:
        yield Problem(code="missing_next", place=place, message=f"There is no step {target!r}.")
    if dangling:
        return
    reached = reachable(steps, raw["start"])
    for step_id in steps:
        if step_id not in reached:
            yield Problem(code="unreachable_step", place=f"steps.{step_id}", message="No path leads to this step.")
    for step_id in sorted(reached):
        if not any(_can_end(steps[other]) for other in reachable(steps, step_id)):
            yield Problem(
                code="endless_cycle", place=f"steps.{step_id}", message="From here the workflow can never end."
            )


def reachable(steps: Mapping[str, Mapping[str, Json]], start: str) -> set[str]:
    """Ids of all steps that can run once ``start`` has begun, itself included."""
    seen, todo = {start}, [start]
    while todo:
        for _place, target in edges(steps[todo.pop()]):
            if target in steps and target not in seen:
                seen.add(target)
                todo.append(target)
    return seen


def _can_end(body: Mapping[str, Json]) -> bool:
    if body["type"] == "switch":
        return not body.get("default") or any(not case.get("next") for case in body.get("cases", ()))
    return body["type"] != "parallel" and not body.get("next")


def _steps(raw: Mapping[str, Json], types: Mapping[str, "jsonschema_rs.Draft202012Validator"]) -> Iterator[Problem]:
    for step_id, body in raw["steps"].items():
        place = f"steps.{step_id}"
        kind = body["type"]
        yield from _shape(place, body, raw["steps"])
        if kind in CONTROL_TYPES:
            continue
        if kind not in types:
            yield Problem(code="unknown_step_type", place=f"{place}.type", message=f"There is no step type {kind!r}.")
            continue
        yield from _config(place, body.get("with", {}), types[kind])


ONLY_FOR = {"cases": "switch", "default": "switch", "branches": "parallel", "join": "parallel"}


def _shape(place: str, body: Mapping[str, Json], steps: Mapping[str, Mapping[str, Json]]) -> Iterator[Problem]:
    kind = body["type"]
    for name, owner in ONLY_FOR.items():
        if name in body and kind != owner:
            yield Problem(code="misplaced_field", place=f"{place}.{name}", message=f"Only a {owner} step has {name!r}.")
    if kind == "switch" and not body.get("cases"):
        yield Problem(code="missing_cases", place=place, message="A switch needs at least one case.")
    if kind in ("switch", "parallel") and body.get("next"):
        yield Problem(code="misplaced_field", place=f"{place}.next", message=f"A {kind} step has no 'next' of its own.")
    if kind == "parallel":
        target = steps.get(body.get("join", ""))
        if not body.get("branches") or target is None or target["type"] != "join":
            yield Problem(code="bad_join", place=place, message="A parallel step needs branches and a join step.")


def _config(place: str, config: Json, validator: "jsonschema_rs.Draft202012Validator") -> Iterator[Problem]:
    for error in validator.iter_errors(config):
        node: Json = config
        for part in error.instance_path:
            node = node[part]
            if is_dynamic(node):
                break
        if is_dynamic(node) or (
            _has_dynamic(node) and type(error.kind).__name__.endswith(("AnyOf", "OneOfNotValid", "Not"))
        ):
            continue
        where = ".".join([place, "with", *(str(part) for part in error.instance_path)])
        yield Problem(code="bad_config", place=where, message=error.message[:300])


def _has_dynamic(node: Json) -> bool:
    if is_dynamic(node):
        return True
    children = node.values() if isinstance(node, Mapping) else node if isinstance(node, list) else ()
    return any(_has_dynamic(child) for child in children)


def _values(raw: Mapping[str, Json]) -> Iterator[Problem]:
    steps = raw["steps"]
    if "inputs" in raw:
        try:
            schema_validator(raw["inputs"])
        except (ValueError, jsonschema_rs.ValidationError) as error:
            yield Problem(code="bad_inputs_schema", place="inputs", message=str(error).splitlines()[0][:300])
    for step_id, body in steps.items():
        before = {other for other in steps if step_id in reachable(steps, other)}
        yield from _checked(
            f"steps.{step_id}.with", lambda body=body: list(references(body.get("with", {}))), steps, before
        )
        for index, case in enumerate(body.get("cases", ())):
            yield from _checked(
                f"steps.{step_id}.cases.{index}.when", lambda case=case: _condition(case["when"]), steps, before
            )
    if "output" in raw:
        yield from _checked("output", lambda: list(references(raw["output"])), steps, set(steps))


def _condition(node: Json) -> list[tuple[str, ...]]:
    compile_condition(node)
    return list(condition_references(node))


def _checked(place: str, collect: Any, steps: Mapping[str, Json], before: set[str]) -> Iterator[Problem]:
    try:
        paths = collect()
    except ValueProblem as error:
        yield Problem(code=error.code, place=place, message=str(error))
        return
    for parts in paths:
        if parts[0] != "steps":
            continue
        if len(parts) < 2 or parts[1] not in steps:
            yield Problem(code="bad_reference", place=place, message=f"{'.'.join(parts)!r} names no step.")
        elif parts[1] not in before:
            yield Problem(
                code="reference_never_set", place=place, message=f"Step {parts[1]!r} cannot have run before this one."
            )
