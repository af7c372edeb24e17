"""Template packages: one JSON file each, checked against ``SCHEMA`` and by filling it in, loaded once per process.

A package's definition may hold two kinds of places besides what definitions know: ``{"$param": "name"}``, filled at installation
with the person's value, and ``{"$connection": "slack"}``, filled with the connection they choose. Nothing else is special, so a
package that is filled in is an ordinary definition.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from apps.core.errors import Misconfigured, NotFound
from apps.workflows.core.validate import schema_problems, schema_validator

Json = Any
FOLDER = Path(__file__).parent / "packages"
CATEGORIES = ("content", "support", "sales", "operations", "engineering", "finance", "people", "research", "compliance")
DIFFICULTIES = ("easy", "medium", "advanced")
_TEXT = {"type": "string", "minLength": 1}
_STEP = {"type": "string", "minLength": 1, "maxLength": 60}
SCHEMA: dict[str, Json] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "EchoPilot template package",
    "type": "object",
    "required": ["package", "slug", "version", "name", "summary", "category", "difficulty", "definition", "sample"],
    "additionalProperties": False,
    "properties": {
        "package": {"const": 1, "description": "Version of this format."},
        "slug": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{2,59}$"},
        "version": {"type": "integer", "minimum": 1},
        "name": {**_TEXT, "maxLength": 80},
        "summary": {**_TEXT, "maxLength": 240},
        "category": {"enum": list(CATEGORIES)},
        "difficulty": {"enum": list(DIFFICULTIES)},
        "parameters": {
            "type": "array",
            "maxItems": 20,
            "items": {
                "type": "object",
                "required": ["name", "label", "type"],
                "additionalProperties": False,
                "properties": {
                    "name": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,39}$"},
                    "label": {**_TEXT, "maxLength": 80},
                    "help": {"type": "string", "maxLength": 240},
                    "type": {
                        "enum": [
                            "text",
                            "long_text",
                            "number",
                            "email",
                            "url",
                            "choice",
                            "lines",
                            "time",
                            "zone",
                            "object",
                        ]
                    },
                    "choices": {"type": "array", "items": _TEXT, "maxItems": 20},
                    "default": {},
                    "required": {"type": "boolean"},
                },
            },
        },
        "definition": {"type": "object"},
        "sample": {
            "type": "object",
            "required": ["inputs"],
            "additionalProperties": False,
            "description": "What a rehearsal starts from; outputs stand in for steps that ask or act.",
            "properties": {
                "inputs": {"type": "object"},
                "parameters": {"type": "object"},
                "outputs": {"type": "object", "additionalProperties": {"type": "object"}},
                "path": {"type": "array", "items": _STEP, "description": "Steps the rehearsal passes, in order."},
            },
        },
    },
}


@dataclass(frozen=True, kw_only=True)
class Parameter:
    """One thing a person gives at installation. ``kind`` decides the field; ``choices`` only for "choice"."""

    name: str
    label: str
    kind: str
    help: str = ""
    choices: tuple[str, ...] = ()
    default: Json = None
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Sample:
    """What a rehearsal starts from. ``outputs`` stand in for steps that ask a model or act outside, by step id."""

    inputs: Mapping[str, Json]
    parameters: Mapping[str, Json]
    outputs: Mapping[str, Mapping[str, Json]]
    path: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Package:
    """A template. ``connectors`` are the services whose connections it needs, found in its definition. Texts are English;
    ``library.texts`` says them in the reader's language."""

    slug: str
    version: int
    name: str
    summary: str
    category: str
    difficulty: str
    parameters: tuple[Parameter, ...]
    definition: Mapping[str, Json]
    sample: Sample
    connectors: tuple[str, ...]


def read_package(raw: Mapping[str, Json]) -> Package:
    """A package from its JSON. Raises ``Misconfigured`` naming every mistake of its form."""
    problems = schema_problems(schema_validator(SCHEMA), raw)
    if not problems:
        named = {one["name"] for one in raw.get("parameters", ())}
        unknown = sorted(set(_places(raw["definition"], "$param")) - named)
        problems = [f"definition names the unknown parameter {name!r}" for name in unknown]  # type: ignore[misc]
    if problems:
        raise Misconfigured(detail=f"template {raw.get('slug')!r}: {'; '.join(map(str, problems))}")
    sample = raw["sample"]
    return Package(
        slug=raw["slug"], version=raw["version"], name=raw["name"], summary=raw["summary"], category=raw["category"],
        difficulty=raw["difficulty"], definition=raw["definition"],
        parameters=tuple(
            Parameter(name=one["name"], label=one["label"], kind=one["type"], help=one.get("help", ""),
                      choices=tuple(one.get("choices", ())), default=one.get("default"), required=one.get("required", True))
            for one in raw.get("parameters", ())
        ),
        sample=Sample(inputs=sample["inputs"], parameters=sample.get("parameters", {}), outputs=sample.get("outputs", {}),
                      path=tuple(sample.get("path", ()))),
        connectors=tuple(sorted(set(_places(raw["definition"], "$connection")))),
    )  # fmt: skip


@cache
def _all() -> Mapping[str, Package]:
    found = {}
    for path in sorted(FOLDER.glob("*.json")):
        package = read_package(json.loads(path.read_text(encoding="utf-8")))
        if package.slug != path.stem:
            raise Misconfigured(detail=f"{path.name} holds the template {package.slug!r}")
        found[package.slug] = package
    return found


def list_packages() -> list[Package]:
    """Every template, easy ones first within their category."""
    return sorted(
        _all().values(),
        key=lambda one: (CATEGORIES.index(one.category), DIFFICULTIES.index(one.difficulty), one.name),
    )


def get_package(slug: str) -> Package:
    """Raises ``NotFound``."""
    found = _all().get(slug)
    if found is None:
        raise NotFound(detail=f"template {slug[:60]}")
    return found


def fill(node: Json, *, parameters: Mapping[str, Json], connections: Mapping[str, str]) -> Json:
    """The node with its places filled in. A place nobody gave a value for stays away: its key is left out of its object."""
    if isinstance(node, Mapping):
        if set(node) == {"$param"}:
            return parameters.get(node["$param"])
        if set(node) == {"$connection"}:
            return connections.get(node["$connection"])
        filled = {key: fill(child, parameters=parameters, connections=connections) for key, child in node.items()}
        return {key: value for key, value in filled.items() if value is not None or not _is_place(node[key])}
    if isinstance(node, list):
        return [fill(child, parameters=parameters, connections=connections) for child in node]
    return node


def _is_place(node: Json) -> bool:
    return isinstance(node, Mapping) and set(node) in ({"$param"}, {"$connection"})


def _places(node: Json, kind: str) -> Iterator[str]:
    if isinstance(node, Mapping):
        if set(node) == {kind}:
            yield str(node[kind])
        else:
            for child in node.values():
                yield from _places(child, kind)
    elif isinstance(node, list):
        for child in node:
            yield from _places(child, kind)
