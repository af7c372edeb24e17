"""Handles of secrets in settings and requests, ``{"$secret": "name"}``: finding, refusing and filling them, not opening."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from apps.workflows.core.values import Json, is_secret

MARK = "secret"
PLACEHOLDER = "••••••••"
HANDLE: Mapping[str, Any] = {
    "type": "object",
    "required": ["$secret"],
    "additionalProperties": False,
    "properties": {"$secret": {"type": "string", "pattern": r"^[a-z][a-z0-9_]{0,59}$"}},
}


def handles(node: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """(path, name) of every handle inside a value."""
    if is_secret(node):
        yield path, str(node["$secret"])
    elif isinstance(node, Mapping):
        for key, child in node.items():
            yield from handles(child, (*path, str(key)))
    elif isinstance(node, list | tuple):
        for index, child in enumerate(node):
            yield from handles(child, (*path, str(index)))


def misplaced_secrets(config: Json, schema: Mapping[str, Json]) -> Iterator[tuple[str, ...]]:
    """Paths of handles that stand where the schema has no ``"secret": true``."""
    for path, _name in handles(config):
        if not _marked(schema, path):
            yield path


def _marked(schema: Json, path: tuple[str, ...]) -> bool:
    if not isinstance(schema, Mapping):
        return False
    if not path:
        return schema.get(MARK) is True
    inner = [schema.get("properties", {}).get(path[0])]
    if inner[0] is None:
        inner = [schema.get("additionalProperties"), schema.get("items") if path[0].isdigit() else None]
    choices = [option for word in ("anyOf", "oneOf", "allOf") for option in schema.get(word, ())]
    return any(_marked(one, path[1:]) for one in inner) or any(_marked(one, path) for one in choices)


def admit_handles(schema: Json) -> Json:
    """The schema with every marked place also taking a handle, for checking settings as they are written."""
    if isinstance(schema, list):
        return [admit_handles(child) for child in schema]
    if not isinstance(schema, Mapping):
        return schema
    changed = {key: admit_handles(child) for key, child in schema.items()}
    return {"anyOf": [changed, dict(HANDLE)]} if schema.get(MARK) is True else changed


def filled(node: Json, value_of: Callable[[str], str]) -> Json:
    """A copy in which every handle is replaced by ``value_of(name)``."""
    if is_secret(node):
        return value_of(str(node["$secret"]))
    if isinstance(node, Mapping):
        return {key: filled(child, value_of) for key, child in node.items()}
    if isinstance(node, list | tuple):
        return [filled(child, value_of) for child in node]
    return node
