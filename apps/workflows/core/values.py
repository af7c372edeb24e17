"""Values of a definition: plain JSON in which ``$ref``, ``$text`` and ``$expr`` are filled in and ``$secret`` stays a handle.

``{"$ref": "path"}`` is a path and nothing else, ``{"$text": "Hello {{path}}"}`` puts paths into a text, ``{"$expr": "..."}`` is an
expression (see ``expressions``). Each is evaluated once: what it yields is never looked at again, so text from outside cannot
become a reference. ``{"$secret": "name"}`` passes through untouched; only the moment before sending opens it.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from apps.workflows.core.expressions import compile_expression, longest
from apps.workflows.core.paths import (
    ROOTS,
    Json,
    Missing,
    Scope,
    ValueProblem,
    as_text,
    look_up,
    split_path,
)

__all__ = [
    "ROOTS",
    "Json",
    "Missing",
    "Resolver",
    "Scope",
    "ValueProblem",
    "as_text",
    "compile_value",
    "is_dynamic",
    "is_secret",
    "look_up",
    "references",
    "split_path",
]


# Spaces around the path belong to the group: taking them off here would cost the cube of their number.
PLACEHOLDER = re.compile(r"\{\{([^{}]*+)\}\}")
SECRET_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")
MAX_TEXT = 1_000_000

Resolver = Callable[[Scope], Json]


def is_dynamic(node: Json) -> bool:
    """Whether this very node is a reference, an interpolated text or an expression."""
    return isinstance(node, Mapping) and ("$ref" in node or "$text" in node or "$expr" in node)


def is_secret(node: Json) -> bool:
    """Whether this very node is the handle of a secret."""
    return isinstance(node, Mapping) and "$secret" in node


def references(node: Json) -> Iterator[tuple[str, ...]]:
    """Every path a value mentions. Raises ``ValueProblem`` for malformed ones."""
    if isinstance(node, Mapping):
        if is_dynamic(node):
            yield from _references_of(node)
        elif is_secret(node):
            _check_handle(node)
        else:
            for child in node.values():
                yield from references(child)
    elif isinstance(node, list | tuple):
        for child in node:
            yield from references(child)


def _check_handle(node: Mapping[str, Json]) -> None:
    name = node["$secret"]
    if set(node) != {"$secret"} or not isinstance(name, str) or not SECRET_NAME.match(name):
        raise ValueProblem("bad_secret", 'A secret is named like this: {"$secret": "stripe_key"}.')


def _references_of(node: Mapping[str, Json]) -> Iterator[tuple[str, ...]]:
    if "$expr" in node:
        if set(node) != {"$expr"}:
            raise ValueProblem("bad_expression", "An expression has the single key $expr.")
        for parts in longest(compile_expression(node["$expr"]).references):
            _check_step_path(parts)
            yield parts
        return
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


def _check_step_path(path: tuple[str, ...]) -> None:
    if path[0] == "steps" and len(path) > 2 and path[2] not in ("output", "error", "visits"):
        raise ValueProblem("bad_reference", f"{'.'.join(path)!r}: a step has an output, an error and visits.")


def _pieces(template: str) -> Iterator[tuple[str, str]]:
    position = 0
    for match in PLACEHOLDER.finditer(template):
        yield template[position : match.start()], match.group(1).strip()
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
        return "$text" in node or "$expr" in node or any(_has_text(child) for child in node.values())
    return isinstance(node, list | tuple) and any(_has_text(child) for child in node)


def _compile(node: Json) -> Resolver:
    if isinstance(node, Mapping):
        if "$ref" in node:
            return _compile_ref(node)
        if "$text" in node:
            return _compile_text(node["$text"])
        if "$expr" in node:
            return compile_expression(node["$expr"])
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
