"""What every verb stands on: the refusal, the shape each page may rely on, checks of single values. Pure."""

import copy
import re
from collections.abc import Mapping
from typing import Any

from apps.workflows.builder import graph

Json = Any
Document = dict[str, Any]
STEP_ID = re.compile(r"[a-z][a-z0-9_\-]{0,59}\Z")
MAX_STEPS = 200
BLANK: Document = {"schema": 1, "start": "", "steps": {}}


class PatchRefused(ValueError):
    """A patch that cannot be applied; ``code`` is stable, ``place`` names the input at fault, ``params`` fill the message."""

    def __init__(self, code: str, place: str = "", /, **params: str) -> None:
        super().__init__(f"{code} at {place}" if place else code)
        self.code, self.place, self.params = code, place, params


def text_of(value: Json, key: str, limit: int) -> str:
    """A text of at most ``limit`` characters."""
    if not isinstance(value, str) or len(value) > limit:
        raise PatchRefused("bad_text", key, limit=str(limit))
    return value


def object_of(value: Json, key: str) -> dict[str, Any]:
    """A copy of an object."""
    if not isinstance(value, Mapping):
        raise PatchRefused("not_an_object", key)
    return copy.deepcopy(dict(value))


def check_shape(document: Mapping[str, Json]) -> None:
    """Raise ``PatchRefused`` unless every step is an object with a type and ways out that can be read."""
    steps = document.get("steps")
    if not isinstance(steps, Mapping) or not isinstance(document.get("start"), str):
        raise PatchRefused("bad_shape", "steps")
    for step_id, body in steps.items():
        if not STEP_ID.match(step_id):
            raise PatchRefused("bad_step_id", f"steps.{step_id[:60]}")
        if not isinstance(body, Mapping) or not isinstance(body.get("type"), str):
            raise PatchRefused("bad_type", f"steps.{step_id}")
        _check_step(step_id, body)


def _check_step(step_id: str, body: Mapping[str, Json]) -> None:
    cases, branches = body.get("cases", []), body.get("branches", [])
    fits = (
        isinstance(cases, list)
        and all(isinstance(case, Mapping) and isinstance(case.get("next", ""), str | None) for case in cases)
        and isinstance(branches, list)
        and all(isinstance(branch, str) for branch in branches)
        and all(isinstance(body.get(name, ""), str | None) for name in graph.PLAIN)
        and isinstance(body.get("with", {}), Mapping)
        and isinstance(body.get("title", ""), str)
    )
    if not fits:
        raise PatchRefused("bad_shape", f"steps.{step_id}")
