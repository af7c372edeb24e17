"""Verbs that change what a run is started with. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from apps.workflows.builder.patches.base import Document, Json, PatchRefused, object_of
from apps.workflows.core.inputs import ORDER, in_order
from apps.workflows.core.mentions import renamed

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_\-]{0,59}\Z")
MAX_INPUTS = 100


def set_input(document: Document, patch: Mapping[str, Json]) -> None:
    """Set the schema ``value`` of an input, at the end when it is new; without ``value`` the input and what fills it go."""
    name = patch.get("name")
    if not isinstance(name, str) or not (NAME.match(name) or name in _properties(document)):
        raise PatchRefused("bad_input_name", "name")
    if "value" in patch:
        _add(document, name, object_of(patch["value"], "value"))
    else:
        _remove(document, name)


def _add(document: Document, name: str, value: dict[str, Any]) -> None:
    schema = document.setdefault("inputs", {"type": "object"})
    order = in_order(schema)
    if name not in order:
        if len(order) >= MAX_INPUTS:
            raise PatchRefused("too_many_inputs", "name", limit=str(MAX_INPUTS))
        schema[ORDER] = [*order, name]
    schema.setdefault("properties", {})[name] = value


def _remove(document: Document, name: str) -> None:
    schema = _declared(document, name)
    del schema["properties"][name]
    for key in ("required", ORDER):
        kept = [one for one in schema.get(key, ()) if one != name]
        schema.pop(key, None)
        if kept:
            schema[key] = kept
    for filled in _fillings(document):
        filled.pop(name, None)
    if not schema["properties"]:
        del document["inputs"]


def require_input(document: Document, patch: Mapping[str, Json]) -> None:
    """Whether a run may not begin without the input (``value`` true or false)."""
    name = str(patch.get("name"))
    schema = _declared(document, name)
    kept = [one for one in schema.get("required", ()) if one != name] + ([name] if patch.get("value") is True else [])
    schema.pop("required", None)
    if kept:
        schema["required"] = kept


def move_input(document: Document, patch: Mapping[str, Json]) -> None:
    """Let the input stand at place ``to`` (from 0) among the others."""
    name, to = str(patch.get("name")), patch.get("to")
    schema = _declared(document, name)
    if isinstance(to, bool) or not isinstance(to, int):
        raise PatchRefused("bad_path", "to")
    order = [one for one in in_order(schema) if one != name]
    order.insert(max(0, to), name)
    schema[ORDER] = order


def rename_input(document: Document, patch: Mapping[str, Json]) -> None:
    """Give an input another name; with ``follow`` (the default) references, texts, expressions and what fills it follow."""
    old, new = str(patch.get("name")), patch.get("to")
    schema = _declared(document, old)
    if not isinstance(new, str) or not NAME.match(new):
        raise PatchRefused("bad_input_name", "to")
    if new == old:
        return
    if new in schema["properties"]:
        raise PatchRefused("input_exists", "to", name=new)
    order = [new if one == old else one for one in in_order(schema)]
    schema["properties"][new] = schema["properties"].pop(old)
    schema[ORDER] = order
    if "required" in schema:
        schema["required"] = [new if one == old else one for one in schema["required"]]
    if patch.get("follow", True) is not True:
        return
    for part in ("steps", "output"):
        if part in document:
            document[part] = renamed(document[part], root="inputs", old=old, new=new)
    for filled in _fillings(document):
        if old in filled:
            filled[new] = filled.pop(old)


def _properties(document: Document) -> dict[str, Any]:
    schema = document.get("inputs")
    found = schema.get("properties") if isinstance(schema, Mapping) else None
    return found if isinstance(found, dict) else {}


def _declared(document: Document, name: str) -> dict[str, Any]:
    if name not in _properties(document):
        raise PatchRefused("no_such_input", "name", name=name[:60])
    schema: dict[str, Any] = document["inputs"]
    return schema


def _fillings(document: Document) -> list[dict[str, Any]]:
    """What triggers give to inputs."""
    configs = [body.get("with") for body in document.get("triggers", {}).values()]
    given = [config.get("inputs") for config in configs if isinstance(config, Mapping)]
    return [one for one in given if isinstance(one, dict) and not any(key.startswith("$") for key in one)]
