"""The verb that changes a setting inside a step. Pure."""

import copy
from collections.abc import Mapping
from typing import Any

from apps.workflows.builder.patches.base import Document, Json, PatchRefused, check_shape
from apps.workflows.builder.patches.steps import step_of

FIXED = ("next", "on_error", "on_timeout", "default", "join", "then", "else", "body", "branches")


def update_step(document: Document, patch: Mapping[str, Json]) -> None:
    """Set ``value`` at ``path`` inside a step, or remove what is there when there is no ``value``. Ways out: ``connect``."""
    path = patch.get("path")
    parts: list[str | int] = [*path.split(".")] if isinstance(path, str) else path  # type: ignore[assignment]
    if not isinstance(parts, list) or not 1 <= len(parts) <= 20 or not all(isinstance(p, str | int) for p in parts):
        raise PatchRefused("bad_path", "path")
    if parts[0] in FIXED or (parts[0] == "cases" and parts[-1] == "next"):
        raise PatchRefused("use_connect", "path")
    body = step_of(document, patch)
    if "value" in patch:
        _set(body, parts, copy.deepcopy(patch["value"]))
    else:
        _unset(body, parts)
    check_shape(document)


def _set(node: Any, parts: list[str | int], value: Json) -> None:
    for index, part in enumerate(parts):
        last = index == len(parts) - 1
        if isinstance(node, list):
            position = int(part) if str(part).isdigit() else -1
            if position == len(node):
                node.append({})
            if not 0 <= position < len(node):
                raise PatchRefused("bad_path", "path")
            part = position
        elif not isinstance(node, dict):
            raise PatchRefused("bad_path", "path")
        else:
            part = str(part)
        if last:
            node[part] = value
        elif isinstance(node, dict) and part not in node:
            node[part] = {}
            node = node[part]
        else:
            node = node[part]


def _unset(node: Any, parts: list[str | int]) -> None:
    for part in parts[:-1]:
        if isinstance(node, list) and str(part).isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif isinstance(node, dict) and str(part) in node:
            node = node[str(part)]
        else:
            return
    last = parts[-1]
    if isinstance(node, list) and str(last).isdigit() and int(last) < len(node):
        del node[int(last)]
    elif isinstance(node, dict):
        node.pop(str(last), None)
