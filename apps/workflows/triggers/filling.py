"""Fills a trigger's ``inputs`` from what it brought: ``{"$ref": "trigger.body.id"}``, ``{"$text": "For {{trigger.from}}"}``.

Paths and nothing else: no expressions, evaluated once, and what a path yields is never looked at again.
"""

import re
from collections.abc import Mapping
from typing import Any

from apps.workflows.core.paths import Missing, as_text, look_up
from apps.workflows.core.values import PLACEHOLDER

Json = Any
SEGMENT = re.compile(r"[^.{}\x00-\x1f]{1,80}\Z")
LONGEST = 1_000_000
DEEPEST = 32


class FillingProblem(Exception):
    """A reference that cannot be followed by anybody; ``code`` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def check(node: Json, *, depth: int = 0) -> None:
    """Raise ``FillingProblem`` for malformed references, whatever a trigger may bring."""
    if depth > DEEPEST:
        raise FillingProblem("too_deep", "The inputs are nested too deeply.")
    if isinstance(node, Mapping):
        if "$ref" in node:
            if set(node) - {"$ref", "default"}:
                raise FillingProblem("bad_reference", "A reference has the keys $ref and default only.")
            _path(node["$ref"])
        elif "$text" in node:
            if set(node) != {"$text"} or not isinstance(node["$text"], str):
                raise FillingProblem("bad_text", "An interpolated text has the single key $text with a string.")
            for match in PLACEHOLDER.finditer(node["$text"]):
                _path(match.group(1).strip())
        else:
            for child in node.values():
                check(child, depth=depth + 1)
    elif isinstance(node, list):
        for child in node:
            check(child, depth=depth + 1)


def fill(node: Json, trigger: Mapping[str, Json]) -> Json:
    """The value with references filled in. A path that leads nowhere gives its ``default``, else null (in text: nothing)."""
    if isinstance(node, Mapping):
        if "$ref" in node:
            return _look_up(trigger, _path(node["$ref"]), node.get("default"))
        if "$text" in node:
            return PLACEHOLDER.sub(
                lambda match: as_text(_look_up(trigger, _path(match.group(1).strip()), None)), node["$text"]
            )[:LONGEST]
        return {key: fill(child, trigger) for key, child in node.items()}
    if isinstance(node, list):
        return [fill(child, trigger) for child in node]
    return node


def _path(text: Json) -> tuple[str, ...]:
    parts = tuple(text.split(".")) if isinstance(text, str) else ()
    if not 1 <= len(parts) <= 20 or parts[0] != "trigger" or not all(SEGMENT.match(part) for part in parts):
        raise FillingProblem("bad_reference", f"{text!r} is not a path below trigger.")
    return parts[1:]


def _look_up(trigger: Mapping[str, Json], parts: tuple[str, ...], default: Json) -> Json:
    try:
        return look_up(trigger, parts)
    except Missing:
        return default
