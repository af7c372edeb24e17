"""Which sensitive settings may be filled by what a model or a stranger wrote, and what makes a value trustworthy again."""

from typing import Any

import pytest

from apps.workflows.core.secrets import filled, handles
from apps.workflows.core.taint import StepFacts, tainted_fields
from apps.workflows.core.validate import schema_validator, validate

MAIL_SCHEMA = {
    "type": "object",
    "properties": {"to": {"type": "string"}, "key": {"type": "string", "secret": True}, "text": {"type": "string"}},
}
FACTS = {
    "model": StepFacts(untrusted=True),
    "classify": StepFacts(closed=True),
    "sort": StepFacts(untrusted=True, trusted_outputs=frozenset({"label"})),
    "set": StepFacts(),
    "mail": StepFacts(config_schema=MAIL_SCHEMA, sensitive={"to": "recipient"}),
}
TYPES = {name: schema_validator({"type": "object"}) for name in FACTS}


def tainted(steps: dict[str, Any], **more: Any) -> dict[str, dict[str, str]]:
    return tainted_fields({"schema": 1, "start": "a", "steps": steps, **more}, facts=FACTS)


def mail(to: Any) -> dict[str, Any]:
    return {"type": "mail", "with": {"to": to, "text": {"$ref": "steps.a.output.text"}}}


@pytest.mark.parametrize(
    "to",
    [
        {"$ref": "steps.a.output.text"},
        {"$text": "{{steps.a.output.text}}@x.example"},
        {"$expr": "steps.a.output.text + '@x.example'"},
        {"$expr": "steps"},
        {"$ref": "steps.a.error.message"},
    ],
)
def test_words_of_a_model_may_not_choose_a_recipient(to: Any) -> None:
    assert set(tainted({"a": {"type": "model", "next": "b"}, "b": mail(to)})) == {"b"}


def test_text_may_come_from_anywhere_and_fixed_recipients_are_fine() -> None:
    assert tainted({"a": {"type": "model", "next": "b"}, "b": mail("ada@x.example")}) == {}
    assert tainted({"a": {"type": "model", "next": "b"}, "b": mail({"$ref": "inputs.to"})}) == {}


def test_taint_goes_through_steps_and_loops() -> None:
    through = {
        "a": {"type": "model", "next": "b"},
        "b": {"type": "set", "with": {"x": {"$ref": "steps.a.output.list"}}, "next": "c"},
        "c": {"type": "loop", "items": {"$ref": "steps.b.output.x"}, "body": "d"},
        "d": mail({"$ref": "loop.item"}),
    }
    assert tainted(through) == {"d": {"to": "steps.b.output.x"}}


def test_a_closed_list_and_a_switch_make_it_trustworthy() -> None:
    assert (
        tainted(
            {
                "a": {"type": "classify", "with": {"t": {"$ref": "inputs.x"}}, "next": "b"},
                "b": mail({"$ref": "steps.a.output.label"}),
            }
        )
        == {}
    )
    assert tainted({"a": {"type": "sort", "next": "b"}, "b": mail({"$ref": "steps.a.output.label"})}) == {}
    assert set(tainted({"a": {"type": "sort", "next": "b"}, "b": mail({"$ref": "steps.a.output.reason"})})) == {"b"}
    chosen = {
        "a": {"type": "model", "next": "b"},
        "b": {"type": "condition", "when": {"$expr": "steps.a.output.text == 'x'"}, "then": "c", "else": "d"},
        "c": {"type": "set", "with": {"to": "one@x.example"}, "next": "e"},
        "d": {"type": "set", "with": {"to": "two@x.example"}, "next": "e"},
        "e": mail({"$ref": "steps.c.output.to"}),
    }
    assert tainted(chosen) == {}


def test_inputs_are_strangers_words_once_a_stranger_may_start_it() -> None:
    steps = {"a": mail({"$ref": "inputs.to"})}
    for kind, expected in (("manual", {}), ("schedule", {}), ("webhook", {"a": {"to": "inputs.to"}})):
        assert tainted(steps, triggers={"t": {"type": kind}}) == expected


def test_validation_warns_and_names_the_source() -> None:
    raw = {
        "schema": 1,
        "start": "a",
        "steps": {"a": {"type": "model", "next": "b"}, "b": mail({"$ref": "steps.a.output.text"})},
    }
    (warning,) = validate(raw, types=TYPES, facts=FACTS)
    assert (warning.code, warning.severity, warning.step, warning.field) == ("tainted_value", "warning", "b", "with.to")
    assert "steps.a.output.text" in warning.message


def test_secrets_stand_only_where_the_type_says_so() -> None:
    raw = {
        "schema": 1,
        "start": "a",
        "steps": {"a": {"type": "mail", "with": {"key": {"$secret": "k"}, "to": {"$secret": "k"}}}},
    }
    assert [(p.code, p.place) for p in validate(raw, types=TYPES, facts=FACTS)] == [
        ("secret_not_allowed", "steps.a.with.to")
    ]
    bad = {"schema": 1, "start": "a", "steps": {"a": {"type": "mail", "with": {"key": {"$secret": "No Name"}}}}}
    assert "bad_secret" in {p.code for p in validate(bad, types=TYPES, facts=FACTS)}


def test_handles_are_found_and_filled_in_a_copy() -> None:
    node = {"headers": {"X": {"$secret": "one"}}, "list": [{"$secret": "two"}, 1]}
    assert list(handles(node)) == [(("headers", "X"), "one"), (("list", "0"), "two")]
    assert filled(node, str.upper) == {"headers": {"X": "ONE"}, "list": ["TWO", 1]}
    assert node["headers"]["X"] == {"$secret": "one"}
