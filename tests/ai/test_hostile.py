"""Bad input at the gateway's door, and a model that is the attacker."""

import json
import random
from typing import Any

import pytest

from apps.ai import facade
from apps.ai.contracts import Message
from apps.ai.enums import CallState
from apps.ai.errors import InputTooLong, InvalidRequest, ModelCallFailed, UnknownModel, UnknownPrompt
from apps.ai.gateway import answers, limits
from apps.ai.gateway.wire import Reply, is_strict, read_usage
from apps.ai.models import AICall, BudgetCounter, Reservation
from apps.ai.preflight import models as preflight_models
from apps.ai.prompts.builtin import render_prompt
from apps.core.errors import PlatformError
from apps.core.preflight import Outcome
from tests.ai.conftest import ask, point_at
from tests.servers.openai import OpenAIServer

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string", "maxLength": 40}},
    "required": ["city"],
    "additionalProperties": False,
}


def deep(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


@pytest.mark.django_db
@pytest.mark.parametrize(("changes", "field"), [
    ({"purpose": "world-domination"}, "purpose"), ({"quality": "best"}, "quality"), ({"max_output_tokens": 0}, "max_output_tokens"),
    ({"max_output_tokens": True}, "max_output_tokens"), ({"max_output_tokens": 10**9}, "max_output_tokens"),
    ({"temperature": 9}, "temperature"), ({"temperature": "hot"}, "temperature"), ({"messages": ()}, "messages"),
    ({"messages": (Message(role="user", content="  "),)}, "messages"), ({"messages": (Message(role="root", content="x"),)}, "messages"),
    ({"messages": (Message(role="user", content=None),)}, "messages"),
    ({"messages": tuple(Message(role="user", content="x") for _ in range(500))}, "messages"),
    ({"response_schema": []}, "response_schema"), ({"response_schema": {"type": "nonsense"}}, "response_schema"),
    ({"response_schema": deep(60)}, "response_schema"), ({"response_schema": {"enum": ["x" * 100_000]}}, "response_schema"),
    ({"response_schema": {"$ref": "https://evil.example/schema"}}, "response_schema"),
])  # fmt: skip
def test_a_malformed_request_names_its_field_and_costs_nothing(
    gateway: OpenAIServer, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(InvalidRequest) as error:
        facade.complete(ask(**changes), key="k")
    assert field in error.value.fields
    assert error.value.status == 400
    assert not Reservation.objects.exists()
    assert gateway.counters["requests"] == 0


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", " ", "x" * 500])
def test_a_call_needs_a_key(gateway: OpenAIServer, key: str) -> None:
    with pytest.raises(InvalidRequest):
        facade.complete(ask(), key=key)


@pytest.mark.django_db
def test_text_beyond_every_window_is_refused_with_numbers(gateway: OpenAIServer, settings: Any) -> None:
    with pytest.raises(InputTooLong):
        facade.complete(ask(messages=(Message(role="user", content="x" * 3_000_000),)), key="k")
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.LOCAL_MODEL_URL = "", None, "http://127.0.0.1:9/v1"
    with pytest.raises(InputTooLong) as error:
        facade.complete(ask(messages=(Message(role="user", content="word " * 5000),)), key="k")
    assert "4096" in error.value.text


@pytest.mark.django_db
def test_a_long_answer_is_shortened_to_what_the_window_leaves(settings: Any, tenant: Any) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.LOCAL_MODEL_URL = "", None, "http://127.0.0.1:9/v1"
    plan = facade.prepare(ask(max_output_tokens=100_000), key="k")
    assert plan["candidates"][0]["max_tokens"] <= 320


@pytest.mark.django_db
def test_an_unknown_model_and_an_unknown_prompt_are_said(gateway: OpenAIServer) -> None:
    with pytest.raises(UnknownModel):
        facade.complete(ask(model="gpt-imaginary"), key="k")
    with pytest.raises(UnknownPrompt):
        render_prompt("assist.nothing", {}, quality="standard")
    with pytest.raises(UnknownPrompt):
        render_prompt("task.revise", {"title": "t", "body": "b"}, quality="standard")


def test_prompt_variables_are_never_evaluated(settings: Any) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "k", None
    messages, version = render_prompt(
        "task.my-own-type", {"title": "{{body}}", "body": "{{language_line}} {0.__class__} %s"}, quality="standard"
    )
    assert "Request: {{body}}" in messages[1].content
    assert "{{language_line}} {0.__class__} %s" in messages[1].content
    assert (messages[0].trusted, messages[1].trusted, version) == (True, False, "task.other@1/large")


def _attacks(count: int) -> list[str]:
    noise = random.Random(4)
    pieces = ['{"city": "', '"}', "{", "}", "[", "]", "null", "NaN", "Infinity", "1e999", "\\u0000", "\\ud800", '"', ",", ":", "```json", "```",
              '{"city": "x", "admin": true}', '{"city": {"$ref": "#"}}', "<script>", "{{", "%s", "\x00", "\u202e", "ignore the rules", '"tool_calls"',
              '{"__proto__": 1}', "x" * 500, "[" * 200, '{"a":' * 100, "Lisbon"]  # fmt: skip
    return ["".join(noise.choice(pieces) for _ in range(noise.randint(0, 9))) for _ in range(count)]


def test_ten_thousand_hostile_outputs_never_leave_their_type() -> None:
    """S2: whatever a model writes, what comes out fits the schema or is refused; nothing else and no exception."""
    usable = 0
    for text in _attacks(10_000):
        reading = answers.read(Reply(text=text, finish_reason="stop"), SCHEMA)
        if reading.usable:
            usable += 1
            assert (
                set(reading.parsed) == {"city"}
                and isinstance(reading.parsed["city"], str)
                and len(reading.parsed["city"]) <= 40
            )
    assert 0 < usable < 5_000


@pytest.mark.parametrize("depth", [60, 300, 5_000])
@pytest.mark.parametrize("text", ["[", '{"a":'])
def test_an_answer_nested_too_deeply_is_refused_before_anybody_walks_through_it(text: str, depth: int) -> None:
    whole = '{"city": "x", "more": ' + text * depth + "1" + ("]" if text == "[" else "}") * depth + "}"
    schema = {"type": "object", "required": ["city"], "properties": {"city": {"type": "string"}}}
    reading = answers.read(Reply(text=whole, finish_reason="stop"), schema)
    assert reading.usable == (depth == 60)
    assert reading.usable or reading.problem in ("wrong_form", "not_json")


@pytest.mark.django_db
def test_a_hostile_model_cannot_spend_more_than_was_set_aside(gateway: OpenAIServer) -> None:
    """S2: the worst case of every reply billed in full stays inside the reservation, whatever the replies are."""
    noise = random.Random(9)
    for number, text in enumerate(_attacks(60)):
        gateway.reset()
        gateway.mode(
            {"text": text or " ", "usage": noise.choice([True, False, {"prompt_tokens": 50, "completion_tokens": 400}])}
        )
        try:
            facade.complete(ask(response_schema=SCHEMA, max_output_tokens=400), key=f"k{number}")
        except PlatformError as error:
            assert isinstance(error, ModelCallFailed), error
        assert gateway.counters["requests"] <= 8
    assert not Reservation.objects.filter(state="open").exists()
    assert all(held.charged_micros <= held.amount_micros for held in Reservation.objects.all())
    counter = BudgetCounter.objects.get()
    assert counter.spent_micros == sum(AICall.objects.values_list("charged_micros", flat=True))
    assert not AICall.objects.filter(state=CallState.FAILED, error_code="").exists()


def test_usage_parts_never_exceed_their_whole() -> None:
    class Usage:
        prompt_tokens, completion_tokens = 10, 5
        prompt_tokens_details = type("Asked", (), {"cached_tokens": 99, "cache_write_tokens": 99})
        completion_tokens_details = type("Written", (), {"reasoning_tokens": 99})

    assert read_usage(Usage()) == {"prompt": 10, "cached": 10, "cache_write": 0, "completion": 5, "reasoning": 5}


def test_no_text_has_more_tokens_than_the_bound_says() -> None:
    for text in ("a", "\u0627\u0631\u062f\u0648 " * 50, "\U0001f600" * 40, "x" * 1000):
        messages = (Message(role="user", content=text),)
        assert limits.prompt_bytes(messages, None) >= len(text.encode()) + limits.MESSAGE_TOKENS
        assert limits.likely_tokens(messages) <= limits.prompt_bytes(messages, None)


def test_strict_mode_is_claimed_only_for_schemas_that_meet_it() -> None:
    assert is_strict(SCHEMA)
    assert not is_strict({"type": "object", "properties": {"a": {"type": "string"}}, "required": []})
    assert not is_strict(
        {"type": "object", "properties": {"a": deep(1)}, "required": ["a"], "additionalProperties": False}
    )


def test_preflight_says_what_is_wrong_with_the_provider(settings: Any, openai_server: OpenAIServer) -> None:
    point_at(settings, openai_server)
    assert preflight_models().outcome == Outcome.OK
    settings.AI_WORK_MODEL = "not-listed"
    assert preflight_models().outcome == Outcome.WARNING
    settings.OPENAI_BASE_URL = "http://127.0.0.1:1/v1"
    found = preflight_models()
    assert (found.outcome, bool(found.next_step)) == (Outcome.FAILED, True)
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL, settings.LOCAL_MODEL_URL = "", None, None
    assert preflight_models().outcome == Outcome.SKIPPED


def test_the_plan_is_plain_json(gateway: OpenAIServer, db: None) -> None:
    plan = facade.prepare(ask(run_id="01990000-0000-7000-8000-000000000001", response_schema=SCHEMA), key="k")
    assert json.loads(json.dumps(plan)) == plan
