"""Checks a definition before it is published: its form by JSON Schema, its meaning by reading the graph."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import jsonschema_rs

from apps.workflows.core.conditions import compile_condition, condition_references
from apps.workflows.core.definition import CONTROL_TYPES, edges
from apps.workflows.core.problems import Problem, errors, problem
from apps.workflows.core.regions import body_of, loop_bodies, outside_of, reachable
from apps.workflows.core.schema import MAX_BYTES, MAX_DEPTH, SCHEMA
from apps.workflows.core.secrets import misplaced_secrets
from apps.workflows.core.taint import StepFacts, tainted_fields
from apps.workflows.core.values import Json, ValueProblem, is_dynamic, references

__all__ = [
    "MAX_BYTES",
    "MAX_DEPTH",
    "SCHEMA",
    "Problem",
    "reachable",
    "schema_problems",
    "schema_validator",
    "validate",
]

_VALIDATOR = jsonschema_rs.Draft202012Validator(SCHEMA)


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
        found.append(problem(code, where, detail=error.message[:300]))
    return found


def validate(
    raw: Json,
    *,
    types: Mapping[str, "jsonschema_rs.Draft202012Validator"],
    facts: Mapping[str, StepFacts] | None = None,
) -> list[Problem]:
    """Every mistake in a definition; without an ``error`` among them it may be published.

    ``types`` are the known steps' config schemas, ``facts`` what else is known of them: where secrets may stand, which settings are
    sensitive, whose output is written by a model or a stranger.
    """
    size = _plain_size(raw)
    if isinstance(size, Problem):
        return [size]
    form = schema_problems(_VALIDATOR, raw)
    if form:
        return form
    found = [*_graph(raw), *_steps(raw, types, facts or {}), *_values(raw)]
    if not errors(found):
        found += _taint(raw, facts or {})
    return found


def _plain_size(raw: Json) -> Problem | int:
    try:
        text = json.dumps(raw, allow_nan=False, ensure_ascii=False).encode()  # half a surrogate pair is no text
    except (TypeError, ValueError, RecursionError) as error:
        return problem("not_json", "", detail=error)
    if len(text) > MAX_BYTES:
        return problem("too_large", "", limit=MAX_BYTES)
    if _depth(raw) > MAX_DEPTH:
        return problem("too_deep", "", limit=MAX_DEPTH)
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
        yield problem("unknown_start", "start", target=raw["start"])
        return
    dangling = [
        (f"steps.{step_id}.{place}", target)
        for step_id, body in steps.items()
        for place, target in edges(body)
        if target not in steps
    ]
    for place, target in dangling:
        yield problem("missing_next", place, target=target)
    if dangling:
        return
    reached = reachable(steps, raw["start"])
    for step_id in steps:
        if step_id not in reached:
            yield problem("unreachable_step", f"steps.{step_id}")
    for step_id in sorted(reached):
        if not any(_can_end(steps[other]) for other in reachable(steps, step_id)):
            yield problem("endless_cycle", f"steps.{step_id}")
    for loop_id, body in steps.items():
        if body["type"] == "loop" and body.get("body"):
            for shared in sorted(body_of(steps, loop_id) & outside_of(steps, raw["start"], loop_id)):
                yield problem("step_shared_with_loop", f"steps.{shared}", loop=loop_id)


def _can_end(body: Mapping[str, Json]) -> bool:
    if body["type"] == "switch":
        return not body.get("default") or any(not case.get("next") for case in body.get("cases", ()))
    if body["type"] == "condition":
        return not body.get("then") or not body.get("else")
    return body["type"] != "parallel" and not body.get("next")


def _steps(
    raw: Mapping[str, Json],
    types: Mapping[str, "jsonschema_rs.Draft202012Validator"],
    facts: Mapping[str, StepFacts],
) -> Iterator[Problem]:
    for step_id, body in raw["steps"].items():
        place = f"steps.{step_id}"
        kind = body["type"]
        yield from _shape(place, body, raw["steps"])
        if kind in CONTROL_TYPES:
            continue
        if kind not in types:
            yield problem("unknown_step_type", f"{place}.type", type=kind)
            continue
        config = body.get("with", {})
        yield from _config(place, config, types[kind])
        schema = facts[kind].config_schema if kind in facts else {}
        for path in misplaced_secrets(config, schema):
            yield problem("secret_not_allowed", ".".join([place, "with", *path]))


# Fields of the control steps and whose they are; every other field is common to all steps.
ONLY_FOR = {
    "cases": "switch",
    "default": "switch",
    "branches": "parallel",
    "join": "parallel",
    "when": "condition",
    "then": "condition",
    "else": "condition",
    "items": "loop",
    "body": "loop",
    "collect": "loop",
    "limit": "loop",
}
NEEDED = {"condition": ("when",), "loop": ("items", "body")}


def _shape(place: str, body: Mapping[str, Json], steps: Mapping[str, Mapping[str, Json]]) -> Iterator[Problem]:
    kind = body["type"]
    for name, owner in ONLY_FOR.items():
        if name in body and kind != owner:
            yield problem("misplaced_field", f"{place}.{name}", type=kind, name=name)
    for name in NEEDED.get(kind, ()):
        if name not in body:
            yield problem("missing_field", f"{place}.{name}", type=kind, name=name)
    if kind == "switch" and not body.get("cases"):
        yield problem("missing_cases", f"{place}.cases")
    if kind in ("switch", "condition", "parallel") and body.get("next"):
        yield problem("misplaced_field", f"{place}.next", type=kind, name="next")
    if kind in CONTROL_TYPES and body.get("with"):
        yield problem("misplaced_field", f"{place}.with", type=kind, name="with")
    if kind == "parallel":
        target = steps.get(body.get("join", ""))
        if not body.get("branches") or target is None or target["type"] != "join":
            yield problem("bad_join", f"{place}.join")


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
        yield problem("bad_config", where, detail=error.message[:300])


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
            yield problem("bad_inputs_schema", "inputs", detail=str(error).splitlines()[0])
        else:
            yield from _defaults(_declared(raw) or {})
    declared = _declared(raw)
    ways = {step_id: reachable(steps, step_id) for step_id in steps}
    looped = set().union(*loop_bodies(steps).values())
    for step_id, body in steps.items():
        before = {other for other in steps if step_id in ways[other]}
        in_loop = step_id in looped
        for place, collect in _readings(f"steps.{step_id}", body):
            inside = in_loop or place.endswith(".collect")
            seen = before | body_of(steps, step_id) if place.endswith(".collect") else before
            yield from _checked(place, collect, steps, seen, declared, in_loop=inside)
    if "output" in raw:
        yield from _checked(
            "output", lambda: list(references(raw["output"])), steps, set(steps), declared, in_loop=False
        )


def _declared(raw: Mapping[str, Json]) -> Mapping[str, Json] | None:
    """The inputs a definition names; None when it says nothing of them, so that a run may bring any."""
    schema = raw.get("inputs")
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return properties if isinstance(properties, Mapping) and properties else None


def _defaults(declared: Mapping[str, Json]) -> Iterator[Problem]:
    for name, schema in declared.items():
        if isinstance(schema, Mapping) and "default" in schema:
            try:
                error = next(schema_validator(schema).iter_errors(schema["default"]), None)
            except (ValueError, jsonschema_rs.ValidationError):
                continue  # it refers to another part of the schema
            if error is not None:
                yield problem("bad_default", f"inputs.properties.{name}.default", name=name, detail=error.message)


def _readings(place: str, body: Mapping[str, Json]) -> Iterator[tuple[str, Any]]:
    """(place, function that collects the paths read there) of everything in a step that is filled in."""
    yield f"{place}.with", lambda: list(references(body.get("with", {})))
    for index, case in enumerate(body.get("cases", ())):
        yield f"{place}.cases.{index}.when", lambda case=case: _condition(case["when"])
    if "when" in body:
        yield f"{place}.when", lambda: _condition(body["when"])
    for name in ("items", "collect"):
        if name in body:
            yield f"{place}.{name}", lambda name=name: list(references(body[name]))


def _condition(node: Json) -> list[tuple[str, ...]]:
    compile_condition(node)
    return list(condition_references(node))


def _checked(
    place: str,
    collect: Any,
    steps: Mapping[str, Json],
    before: set[str],
    declared: Mapping[str, Json] | None,
    *,
    in_loop: bool,
) -> Iterator[Problem]:
    try:
        paths = collect()
    except ValueProblem as error:
        yield problem(error.code, place, detail=error)
        return
    for parts in paths:
        if parts[0] == "inputs" and len(parts) > 1 and declared is not None and parts[1] not in declared:
            yield problem("unknown_input", place, name=parts[1])
        if parts[0] == "loop" and len(parts) > 1 and parts[1] in ("item", "count", "outer") and not in_loop:
            yield problem("loop_outside", place, path=".".join(parts))
        if parts[0] != "steps":
            continue
        if len(parts) < 2 or parts[1] not in steps:
            yield problem("bad_reference", place, detail=f"{'.'.join(parts)!r} names no step.")
        elif parts[1] not in before:
            yield problem("reference_never_set", place, step=parts[1])


def _taint(raw: Mapping[str, Json], facts: Mapping[str, StepFacts]) -> Iterator[Problem]:
    for step_id, fields in tainted_fields(raw, facts=facts).items():
        for name, reason in fields.items():
            known = facts[raw["steps"][step_id]["type"]]
            kind = known.sensitive.get(name, "")
            code = "tainted_value" if known.asks else "untrusted_choice"
            yield problem(code, f"steps.{step_id}.with.{name}", field=name, kind=kind, source=reason)
