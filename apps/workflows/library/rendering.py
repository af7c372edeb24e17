"""The settings every step of a package would get on its sample data, also of steps the sample's way does not pass."""

from collections.abc import Mapping
from typing import Any

from apps.workflows.builder.trial import promised
from apps.workflows.core.definition import parse
from apps.workflows.core.paths import ValueProblem
from apps.workflows.core.values import Resolver, Scope
from apps.workflows.library.packages import Package
from apps.workflows.registries import step_types

Json = Any
SOMETHING = "…"


def rendered(package: Package, document: Mapping[str, Json]) -> dict[str, Json]:
    """``{step: settings}``; what cannot be told from the sample is None. Loops show their first item."""
    outputs = {step: _output(package, step, body) for step, body in document["steps"].items()}
    error = {"code": SOMETHING, "message": SOMETHING}
    scope: dict[str, Json] = {
        "inputs": dict(package.sample.inputs),
        "steps": {step: {"output": output, "error": error, "visits": 1} for step, output in outputs.items()},
        "run": {"id": SOMETHING, "workflow": package.slug, "version": 1, "trigger": SOMETHING},
    }
    steps = parse(document).steps
    found = {}
    for step_id, step in steps.items():
        around = next((loop for loop in steps.values() if step_id in loop.region), None)
        items = _value(around.items, scope) if around is not None and around.items is not None else None
        item = items[0] if isinstance(items, list) and items else SOMETHING
        found[step_id] = _value(step.config, {**scope, "loop": {"item": item, "index": 0, "count": 1}})
    return found


def _output(package: Package, step: str, body: Mapping[str, Json]) -> Json:
    if step in package.sample.outputs:
        return package.sample.outputs[step]
    if body["type"] == "loop":
        return {"results": [], "count": 1}
    return promised(step_types.get(body["type"]).output_schema) if body["type"] in step_types else {}


def _value(resolve: Resolver, scope: Scope) -> Json:
    try:
        return resolve(scope)
    except ValueProblem:
        return None
