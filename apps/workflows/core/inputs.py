"""The inputs of a workflow: a JSON Schema of an object whose properties stand in an order people chose. Pure.

JSON objects have no order (PostgreSQL's least of all), so the schema names it under ``x-order``, which validators pass over.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from apps.workflows.core.mentions import is_mentioned

Json = Any
ORDER = "x-order"


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """A place that takes an input: ``part`` is "steps", "output" or "triggers", ``name`` the step or trigger."""

    part: str
    name: str = ""


def in_order(schema: Mapping[str, Json]) -> list[str]:
    """Names of a schema's properties: as ``x-order`` says, then the rest as they stand."""
    properties = schema.get("properties")
    names = list(properties) if isinstance(properties, Mapping) else []
    said = schema.get(ORDER)
    first = [name for name in said if name in names] if isinstance(said, list) else []
    return list(dict.fromkeys([*first, *names]))


def uses_of(document: Mapping[str, Json], name: str) -> list[Use]:
    """Every place that takes the input, steps first."""
    found = [
        Use(part="steps", name=step)
        for step, body in document.get("steps", {}).items()
        if is_mentioned(body, root="inputs", name=name)
    ]
    if is_mentioned(document.get("output"), root="inputs", name=name):
        found.append(Use(part="output"))
    for slug, body in document.get("triggers", {}).items():
        config = body.get("with")
        given = config.get("inputs") if isinstance(config, Mapping) else None
        if isinstance(given, Mapping) and name in given:
            found.append(Use(part="triggers", name=slug))
    return found


def with_defaults(schema: Json, inputs: Mapping[str, Json]) -> dict[str, Json]:
    """The inputs with what is missing filled in by the ``default`` of its property."""
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    missing = {
        name: child["default"]
        for name, child in (properties.items() if isinstance(properties, Mapping) else ())
        if isinstance(child, Mapping) and "default" in child and name not in inputs
    }
    return {**inputs, **missing}
