"""Definitions, references and conditions: what is refused, with which code, and what filled-in values look like."""

from typing import Any

import pytest

from apps.workflows.core.conditions import compile_condition
from apps.workflows.core.validate import schema_validator, validate
from apps.workflows.core.values import Missing, ValueProblem, compile_value
from apps.workflows.engine.plain_json import UnstorableValue, storable

TYPES = {
    "x": schema_validator(
        {
            "type": "object",
            "required": ["n"],
            "properties": {"n": {"type": "integer"}, "who": {"type": "string"}},
            "additionalProperties": False,
        }
    ),
    "y": schema_validator({"type": "object"}),
}
SCOPE = {
    "inputs": {
        "name": "Ada {{inputs.secret}}",
        "n": 3,
        "list": ["a", {"b": 2}],
        "none": None,
        "yes": True,
        "secret": "s",
    },
    "steps": {"s": {"output": {"score": 80}, "visits": 2}},
    "run": {"id": "r1"},
    "loop": {"visit": 2, "index": 1},
}


def codes(steps: Any, start: str = "a", **more: Any) -> set[str]:
    return {problem.code for problem in validate({"schema": 1, "start": start, "steps": steps, **more}, types=TYPES)}


Y = {"type": "y"}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ({"a": Y}, set()),
        ({"a": {"type": "nope"}}, {"unknown_step_type"}),
        ({"b": Y}, {"unknown_start"}),
        ({"a": {**Y, "next": "zz"}}, {"missing_next"}),
        ({"a": {**Y, "on_error": "zz"}}, {"missing_next"}),
        ({"a": Y, "b": Y}, {"unreachable_step"}),
        ({"a": {**Y, "next": "b"}, "b": {**Y, "next": "a"}}, {"endless_cycle"}),
        ({"a": {**Y, "next": "b"}, "b": {"type": "switch", "cases": [{"when": {"op": "exists", "value": 1}}], "default": "a"}}, set()),
        ({"a": {"type": "x", "with": {"n": "three"}}}, {"bad_config"}),
        ({"a": {"type": "x", "with": {"n": {"$ref": "inputs.n"}}}}, set()),
        ({"a": {"type": "x", "with": {"who": {"$text": "{{inputs.n}}"}}}}, {"bad_config"}),
        ({"a": {"type": "x", "with": {"n": 1, "other": 2}}}, {"bad_config"}),
        ({"a": {**Y, "with": {"v": {"$ref": "env.HOME"}}}}, {"bad_reference"}),
        ({"a": {**Y, "with": {"v": {"$ref": "inputs.__class__.x y"}}}}, {"bad_reference"}),
        ({"a": {**Y, "with": {"v": {"$ref": "steps.zz.output"}}}}, {"bad_reference"}),
        ({"a": {**Y, "with": {"v": {"$ref": "steps.b.output"}}, "next": "b"}, "b": Y}, {"reference_never_set"}),
        ({"a": {**Y, "with": {"v": {"$ref": "inputs.n", "eval": "1"}}}}, {"bad_reference"}),
        ({"a": {**Y, "with": {"v": {"$text": "{{inputs.n} }"}}}}, {"bad_text"}),
        ({"a": {**Y, "with": {"v": {"$text": "{{ 1 + 1 }}"}}}}, {"bad_reference"}),
        ({"a": {"type": "switch", "cases": [{"when": {"op": "matches", "left": 1, "right": 2}}]}}, {"bad_condition"}),
        ({"a": {"type": "switch"}}, {"missing_cases"}),
        ({"a": {**Y, "cases": []}}, {"misplaced_field"}),
        ({"a": {"type": "parallel", "branches": ["b"], "join": "b"}, "b": Y}, {"bad_join"}),
        ({"A!": Y}, {"schema_violation"}),
        ({"a": {**Y, "max_visits": 0}}, {"schema_violation"}),
        ({"a": {**Y, "code": "print()"}}, {"schema_violation"}),
        ({}, {"schema_violation"}),
    ],
)  # fmt: skip
def test_mistakes_have_stable_codes(steps: Any, expected: set[str]) -> None:
    assert codes(steps) == expected


@pytest.mark.parametrize(
    "raw", [None, 7, "x", [], {"schema": 2}, {"schema": 1, "start": "a", "steps": {"a": Y}, "x": float("nan")}]
)
def test_anything_else_is_refused_without_a_crash(raw: Any) -> None:
    assert validate(raw, types=TYPES)


def test_size_and_depth_are_bounded() -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    assert codes({"a": {**Y, "with": {"v": deep}}}) == {"too_deep"}
    assert codes({"a": {**Y, "with": {"v": "x" * 300_000}}}) == {"too_large"}


def test_schema_of_inputs_never_fetches_anything() -> None:
    assert codes({"a": Y}, inputs={"$ref": "http://127.0.0.1:1/schema"}) == {"bad_inputs_schema"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"$ref": "inputs.n"}, 3),
        ({"$ref": "inputs.list.1.b"}, 2),
        ({"$ref": "inputs.none"}, None),
        ({"$ref": "inputs.gone", "default": [1]}, [1]),
        ({"a": [{"$ref": "steps.s.output.score"}]}, {"a": [80]}),
        (
            {"$text": "{{run.id}}: {{inputs.n}} {{inputs.yes}} {{inputs.list}}{{inputs.none}}"},
            'r1: 3 true ["a",{"b":2}]',
        ),
        ({"$text": "Dear {{ inputs.name }}"}, "Dear Ada {{inputs.secret}}"),
        ("{{inputs.n}}", "{{inputs.n}}"),
        ({"$ref": "loop.index"}, 1),
    ],
)
def test_values_are_filled_in_once_and_never_looked_at_again(value: Any, expected: Any) -> None:
    assert compile_value(value)(SCOPE) == expected


@pytest.mark.parametrize("path", ["inputs.gone", "inputs.list.9", "inputs.n.x", "steps.zz.output"])
def test_path_to_nowhere_is_an_error(path: str) -> None:
    with pytest.raises(Missing):
        compile_value({"$ref": path})(SCOPE)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"op": "eq", "left": {"$ref": "inputs.n"}, "right": 3}, True),
        ({"op": "eq", "left": True, "right": 1}, False),
        ({"op": "ne", "left": "3", "right": 3}, True),
        ({"op": "gte", "left": {"$ref": "steps.s.output.score"}, "right": 80}, True),
        ({"op": "lt", "left": "a", "right": "b"}, True),
        ({"op": "in", "left": "a", "right": {"$ref": "inputs.list"}}, True),
        ({"op": "contains", "left": "abc", "right": "b"}, True),
        ({"op": "starts_with", "left": "abc", "right": "ab"}, True),
        ({"op": "exists", "value": {"$ref": "inputs.gone"}}, False),
        ({"op": "empty", "value": {"$ref": "inputs.none"}}, True),
        ({"op": "truthy", "value": {"$ref": "inputs.yes"}}, True),
        ({"op": "not", "of": {"op": "exists", "value": 1}}, False),
        ({"op": "all", "of": [{"op": "exists", "value": 1}, {"op": "empty", "value": 1}]}, False),
        ({"op": "any", "of": [{"op": "exists", "value": 1}, {"op": "empty", "value": 1}]}, True),
    ],
)
def test_conditions(condition: Any, expected: bool) -> None:
    assert compile_condition(condition)(SCOPE) is expected


@pytest.mark.parametrize(("left", "right"), [("7", 3), (None, 3), (True, 1), ([1], [2])])
def test_things_without_an_order_are_not_ordered(left: Any, right: Any) -> None:
    with pytest.raises(ValueProblem, match="Cannot order"):
        compile_condition({"op": "lt", "left": left, "right": right})(SCOPE)


@pytest.mark.parametrize(
    ("value", "text"),
    [({"t": "a\x00b"}, '{"t":"a\\ufffdb"}'), ({"t": "\ud800x"}, '{"t":"\\ufffdx"}'), ({"t": "\\u0000"}, '{"t":"\\\\u0000"}'),
     ({"t": "\U0001f600"}, '{"t":"\\ud83d\\ude00"}')],
)  # fmt: skip
def test_text_postgresql_refuses_is_replaced_and_the_rest_is_left_alone(value: Any, text: str) -> None:
    assert storable(value, limit=1000) == text


@pytest.mark.parametrize(
    "value", [{"n": float("nan")}, {"o": object()}, {"b": b"x"}, {"big": "x" * 2000}, {"n": 10**5000}]
)
def test_values_that_cannot_be_stored_are_refused(value: Any) -> None:
    with pytest.raises(UnstorableValue):
        storable(value, limit=1000)
