"""JSON that PostgreSQL can store: no NaN, no NUL, no lone surrogates, bounded size."""

import json
import re
from typing import Any

# From left to right, so that an escaped backslash is passed over whole: the "\\\\ud83d" of a JSON text kept inside another is no
# surrogate. Group 1 stays as it is.
_UNSTORABLE = re.compile(r"(\\\\|\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})|\\u0000|\\ud[89a-f][0-9a-f]{2}")
MAX_DEPTH = 64
# One encoder for all: ``json.dumps`` with options of its own builds one at each call.
_encode = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


class UnstorableValue(ValueError):
    """A value that is not plain JSON or too large; ``code`` is stable."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def storable(value: Any, *, limit: int) -> str:
    """JSON text of a value. NUL characters and lone surrogates, which PostgreSQL refuses, become U+FFFD.

    Raises ``UnstorableValue`` with code ``output_not_json`` or ``output_too_large`` (more than ``limit`` bytes).
    """
    try:
        text = _encode(value)
    except (TypeError, ValueError, RecursionError) as error:
        raise UnstorableValue("output_not_json", f"The value is not plain JSON: {error}") from None
    if len(text) > limit:
        raise UnstorableValue("output_too_large", f"The value has {len(text)} bytes, at most {limit} are kept.")
    text = clean(text)
    if len(text) > 2 * MAX_DEPTH and text.count("[") + text.count("{") > MAX_DEPTH and _too_deep(value, 0):
        raise UnstorableValue("output_not_json", f"The value is nested more than {MAX_DEPTH} levels deep.")
    return text


def clean(text: str) -> str:
    """JSON text with NUL characters and lone surrogates replaced by U+FFFD."""
    if "\\u0000" in text or "\\ud" in text:
        return _UNSTORABLE.sub(lambda found: found[1] or "\\ufffd", text)
    return text


def compact(value: Any) -> str:
    """JSON text of a value the engine made itself, safe to store."""
    return clean(_encode(value))


def _too_deep(node: Any, depth: int) -> bool:
    if depth > MAX_DEPTH:
        return True
    if isinstance(node, dict):
        return any(_too_deep(child, depth + 1) for child in node.values())
    return isinstance(node, list | tuple) and any(_too_deep(child, depth + 1) for child in node)
