"""Paths into a run's scope, and what goes wrong when one leads nowhere."""

import json
import re
from collections.abc import Mapping
from typing import Any

ROOTS = ("inputs", "steps", "run", "loop")
SEGMENT = re.compile(r"[A-Za-z0-9_\-]{1,80}\Z")

Json = Any
Scope = Mapping[str, Any]


class ValueProblem(Exception):
    """A reference, text or expression that cannot be filled in; ``code`` is stable, the message names the place."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Missing(ValueProblem):
    """The path leads nowhere."""

    def __init__(self, path: str) -> None:
        super().__init__("reference_missing", f"Nothing is found at {path!r}.")


def split_path(path: str) -> tuple[str, ...]:
    """Segments of a reference. Raises ``ValueProblem`` (``bad_reference``) for anything but dotted names below a known root."""
    parts = tuple(path.split(".")) if isinstance(path, str) else ()
    if len(parts) < 1 or len(parts) > 20 or parts[0] not in ROOTS or not all(SEGMENT.match(part) for part in parts):
        raise ValueProblem("bad_reference", f"{path!r} is not a path below inputs, steps, run or loop.")
    if parts[0] == "steps" and len(parts) > 2 and parts[2] not in ("output", "error", "visits"):
        raise ValueProblem("bad_reference", f"{path!r}: a step has an output, an error and visits.")
    return parts


def look_up(scope: Scope, parts: tuple[str, ...]) -> Json:
    """The value at ``parts``; list positions are numbers from 0. Raises ``Missing``."""
    value: Any = scope
    for part in parts:
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list | tuple) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise Missing(".".join(parts))
    return value


def as_text(value: Json) -> str:
    """Strings as they are, null as nothing, everything else as compact JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
