"""Values of a definition: plain JSON in which ``{"$ref": "path"}`` and ``{"$text": "Hello {{path}}"}`` are filled in.

References are paths and nothing else: no expressions, no calls, no attributes, evaluated once. What a reference yields is never
looked at again, so text from outside cannot become a reference.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

ROOTS = ("inputs", "steps", "run", "loop")
SEGMENT = re.compile(r"[A-Za-z0-9_\-]{1,80}\Z")
PLACEHOLDER = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
MAX_TEXT = 1_000_000

Json = Any
Scope = Mapping[str, Any]
Resolver = Callable[[Scope], Json]


class ValueProblem(Exception):
    """A reference or text that cannot be filled in; ``code`` is stable, the message names the path."""

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
        elif isinstance(value, list | tuple) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        else:
            raise Missing(".".join(parts))
    return value


def is_dynamic(node: Json) -> bool:
    """Whether this very node is a reference or an interpolated text."""
    return isinstance(node, Mapping) and ("$ref" in node or "$text" in node)


def references(node: Json) -> Iterator[tuple[str, ...]]:
    """Every path a value mentions. Raises ``ValueProblem`` for malformed ones."""
    if isinstance(node, Mapping):
        if is_dynamic(node):
            yield from _references_of(node)
        else:
            for child in node.values():
                yield from references(child)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from references(child)


def _references_of(node: Mapping[str, Json]) -> Iterator[tuple[str, ...]]:
    if "$ref" in node:
        if set(node) - {"$ref", "default"}:
            raise ValueProblem("bad_reference", "A reference has the keys $ref and default only.")
        yield split_path(node["$ref"])
        return
    if set(node) != {"$text"} or not isinstance(node["$text"], str):
        raise ValueProblem("bad_text", "An interpolated text has the single key $text with a string.")
    for _literal, path in _pieces(node["$text"]):
        if path:
            yield split_path(path)


def _pieces(template: str) -> Iterator[tuple[str, str]]:
    position = 0
    for match in PLACEHOLDER.finditer(template):
        yield template[position : match.start()], match.group(1)
        position = match.end()
    rest = template[position:]
    if "{{" in rest or "}}" in rest:
        raise ValueProblem("bad_text", "Braces do not match: write {{inputs.name}}.")
    yield rest, ""


def compile_value(node: Json) -> Resolver:
    """A function that fills a value in for a scope. Values without references are returned as they are, without copying."""
    if not any(True for _ in references(node)) and not _has_text(node):
        return lambda scope: node
    return _compile(node)


def _has_text(node: Json) -> bool:
    if isinstance(node, Mapping):
        return "$text" in node or any(_has_text(child) for child in node.values())
    return isinstance(node, list | tuple) and any(_has_text(child) for child in node)


def _compile(node: Json) -> Resolver:
    if isinstance(node, Mapping):
        if "$ref" in node:
            return _compile_ref(node)
        if "$text" in node:
            return _compile_text(node["$text"])
        children = [(key, _compile(child)) for key, child in node.items()]
        return lambda scope: {key: child(scope) for key, child in children}
    if isinstance(node, list | tuple):
        items = [_compile(child) for child in node]
        return lambda scope: [item(scope) for item in items]
    return lambda scope: node


def _compile_ref(node: Mapping[str, Json]) -> Resolver:
    parts = split_path(node["$ref"])
    if "default" not in node:
        return lambda scope: look_up(scope, parts)
    default = node["default"]

    def resolve(scope: Scope) -> Json:
        try:
            return look_up(scope, parts)
        except Missing:
            return default

    return resolve


def _compile_text(template: str) -> Resolver:
    pieces = [(literal, split_path(path) if path else None) for literal, path in _pieces(template)]

    def resolve(scope: Scope) -> Json:
        out: list[str] = []
        for literal, parts in pieces:
            out.append(literal)
            if parts is not None:
                out.append(as_text(look_up(scope, parts)))
        text = "".join(out)
        if len(text) > MAX_TEXT:
            raise ValueProblem("text_too_long", f"The text has more than {MAX_TEXT} characters.")
        return text

    return resolve


def as_text(value: Json) -> str:
    """Strings as they are, null as nothing, everything else as compact JSON."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
