"""Condition trees: ``{"op": "gte", "left": value, "right": value}``, combined with ``all``, ``any`` and ``not``; or an expression.

Equality compares JSON values of any type; order compares two numbers or two strings and is an error otherwise, because a
silent false would send a run down the wrong branch.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from apps.workflows.core.values import Json, Missing, Scope, ValueProblem, compile_value, references

Predicate = Callable[[Scope], bool]
MAX_DEPTH = 16


def _same(left: Json, right: Json) -> bool:
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Json, Json], bool]:
    def check(left: Json, right: Json) -> bool:
        numbers = all(isinstance(side, int | float) and not isinstance(side, bool) for side in (left, right))
        if not numbers and not (isinstance(left, str) and isinstance(right, str)):
            raise ValueProblem("condition_types", f"Cannot order {type(left).__name__} and {type(right).__name__}.")
        return compare(left, right)

    return check


def _contains(left: Json, right: Json) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return right in left
    if isinstance(left, list | tuple):
        return any(_same(item, right) for item in left)
    if isinstance(left, Mapping) and isinstance(right, str):
        return right in left
    raise ValueProblem("condition_types", f"{type(left).__name__} cannot contain {type(right).__name__}.")


def _text_test(test: Callable[[str, str], bool]) -> Callable[[Json, Json], bool]:
    def check(left: Json, right: Json) -> bool:
        if not (isinstance(left, str) and isinstance(right, str)):
            raise ValueProblem("condition_types", "Both sides must be text.")
        return test(left, right)

    return check


BINARY: Mapping[str, Callable[[Json, Json], bool]] = {
    "eq": _same,
    "ne": lambda left, right: not _same(left, right),
    "lt": _ordered(lambda left, right: left < right),
    "lte": _ordered(lambda left, right: left <= right),
    "gt": _ordered(lambda left, right: left > right),
    "gte": _ordered(lambda left, right: left >= right),
    "contains": _contains,
    "in": lambda left, right: _contains(right, left),
    "starts_with": _text_test(str.startswith),
    "ends_with": _text_test(str.endswith),
}
UNARY = ("exists", "empty", "truthy")
GROUPS = ("all", "any")
OPERATORS = (*BINARY, *UNARY, *GROUPS, "not")


def condition_references(node: Json) -> Iterator[tuple[str, ...]]:
    """Every path a condition mentions."""
    if isinstance(node, Mapping):
        if "$expr" in node:
            yield from references(node)
            return
        for name in ("left", "right", "value"):
            yield from references(node.get(name))
        for child in node.get("of", ()) if isinstance(node.get("of"), list) else ():
            yield from condition_references(child)
        if node.get("op") == "not":
            yield from condition_references(node.get("of"))


def compile_condition(node: Json, depth: int = 0) -> Predicate:
    """A predicate over a scope. Raises ``ValueProblem`` (``bad_condition``, ``bad_reference``) when malformed."""
    if isinstance(node, Mapping) and "$expr" in node:
        return _compile_expression(node)
    if not isinstance(node, Mapping) or node.get("op") not in OPERATORS or depth > MAX_DEPTH:
        raise ValueProblem("bad_condition", f"A condition is an object with an op out of {', '.join(OPERATORS)}.")
    op = node["op"]
    if op in BINARY:
        return _compile_binary(op, node)
    if op in UNARY:
        return _compile_unary(op, node)
    if op == "not":
        _expect(node, {"op", "of"})
        inner = compile_condition(node["of"], depth + 1)
        return lambda scope: not inner(scope)
    _expect(node, {"op", "of"})
    if not isinstance(node["of"], list) or not node["of"]:
        raise ValueProblem("bad_condition", f"{op} needs a list of conditions under 'of'.")
    parts = [compile_condition(child, depth + 1) for child in node["of"]]
    return (
        (lambda scope: all(part(scope) for part in parts))
        if op == "all"
        else (lambda scope: any(part(scope) for part in parts))
    )


def _compile_expression(node: Mapping[str, Json]) -> Predicate:
    value = compile_value(node)

    def decide(scope: Scope) -> bool:
        answer = value(scope)
        if not isinstance(answer, bool):
            raise ValueProblem(
                "condition_types", "The expression must say true or false; compare with == or use exists(...)."
            )
        return answer

    return decide


def _expect(node: Mapping[str, Json], keys: set[str]) -> None:
    if set(node) != keys:
        raise ValueProblem("bad_condition", f"{node['op']} takes exactly the keys {', '.join(sorted(keys))}.")


def _compile_binary(op: str, node: Mapping[str, Json]) -> Predicate:
    _expect(node, {"op", "left", "right"})
    left, right, test = compile_value(node["left"]), compile_value(node["right"]), BINARY[op]
    return lambda scope: test(left(scope), right(scope))


def _compile_unary(op: str, node: Mapping[str, Json]) -> Predicate:
    _expect(node, {"op", "value"})
    value = compile_value(node["value"])

    def read(scope: Scope) -> Json:
        try:
            return value(scope)
        except Missing:
            return None

    if op == "exists":
        return lambda scope: read(scope) is not None
    if op == "empty":
        return lambda scope: read(scope) in (None, "", [], {})
    return lambda scope: bool(read(scope))
