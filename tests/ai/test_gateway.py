"""A completion over real HTTP with the real SDK: answers, failures, what is written down."""

import json
import time

import pytest
from django.db import transaction

from apps.ai import facade
from apps.ai.contracts import Message
from apps.ai.errors import InputTooLong, ModelCallFailed, ModelRefused, NoModelAvailable, UnusableAnswer
from apps.ai.models import AICall, BudgetCounter, Reservation
from tests.ai.conftest import ask
from tests.servers.openai import OpenAIServer

pytestmark = pytest.mark.django_db
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}


def test_a_completion_is_answered_priced_and_written_down(gateway: OpenAIServer) -> None:
    gateway.script({"text": "Hello, team.", "cached": 4})
    answer = facade.complete(ask(task_type="drafting", workflow="answer", user_id=7, prompt_version="p@1"), key="k1")
    assert answer.text == "Hello, team."
    assert (answer.model, answer.provider, answer.finish_reason) == ("gpt-6.1-sol", "openai", "stop")
    call = AICall.objects.get()
    assert str(call.id) == answer.call_ids[0]
    assert (call.state, call.role, call.workflow, call.user_id, call.prompt_version) == (
        "ok",
        "first",
        "answer",
        7,
        "p@1",
    )
    assert call.cached_tokens == 4
    assert call.cost_micros == call.charged_micros == answer.cost_micros
    assert answer.priced
    # 10 prompt tokens of which 4 cached at 2 / 0.1 USD per million, 3 output tokens at 10 USD per million.
    assert answer.cost_micros == round((call.prompt_tokens - 4) * 2 + 4 * 0.1 + call.completion_tokens * 10)
    assert call.price_version.startswith("genai-prices ")
    held = Reservation.objects.get()
    assert (held.state, held.charged_micros) == ("settled", answer.cost_micros)
    assert list(BudgetCounter.objects.values_list("spent_micros", "reserved_micros")) == [(answer.cost_micros, 0)]


def test_the_five_verbs_fit_two_transactions_and_the_plan_survives_json(gateway: OpenAIServer) -> None:
    with transaction.atomic():
        plan = json.loads(json.dumps(facade.prepare(ask(), key="step-1")))
    assert "test-key" not in json.dumps(plan)
    secrets = facade.unlock(plan)
    assert "test-key" not in repr(secrets)
    response = json.loads(json.dumps(facade.perform(plan, secrets, deadline=time.monotonic() + 10)))
    with transaction.atomic():
        first = facade.settle(plan, response, key="step-1")
    with transaction.atomic():
        second = facade.settle(plan, response, key="step-1")
    assert first == second
    assert AICall.objects.count() == 1
    assert BudgetCounter.objects.get().spent_micros == first.cost_micros


def test_preparing_twice_with_one_key_reserves_once(gateway: OpenAIServer) -> None:
    with transaction.atomic():
        one = facade.prepare(ask(), key="same")
        two = facade.prepare(ask(), key="same")
    assert one["reservation"] == two["reservation"]
    assert BudgetCounter.objects.get().reserved_micros == one["allowance"]


def test_an_abandoned_call_gives_everything_back_and_may_be_prepared_again(gateway: OpenAIServer) -> None:
    with transaction.atomic():
        plan = facade.prepare(ask(), key="again")
        facade.abandon(plan, key="again", reason="worker lost")
        facade.abandon(plan, key="again", reason="worker lost")
    assert BudgetCounter.objects.get().reserved_micros == 0
    with transaction.atomic():
        fresh = facade.prepare(ask(), key="again")
    assert fresh["reservation"] != plan["reservation"]


def test_a_failing_primary_is_replaced_and_both_calls_are_on_record(gateway: OpenAIServer) -> None:
    gateway.mode({"status": 500}, model="gpt-6.1-sol")
    answer = facade.complete(ask(), key="k")
    assert answer.model == "gpt-5.4"
    assert AICall.objects.order_by("ordinal").values_list("model", "state", "error_code", "role", "charged_micros")[0] == (
        "gpt-6.1-sol", "failed", "http_500", "first", 0
    )  # fmt: skip
    assert AICall.objects.filter(role="fallback", state="ok").count() == 1


@pytest.mark.parametrize("fault", ["garbage", "truncate", "disconnect", "huge", "empty"])
def test_a_broken_answer_is_never_handed_on(gateway: OpenAIServer, fault: str) -> None:
    gateway.mode({"fault": fault}, model="gpt-6.1-sol")
    started = time.monotonic()
    answer = facade.complete(ask(), key="k")
    assert answer.model == "gpt-5.4"
    assert time.monotonic() - started < 10
    broken = AICall.objects.filter(model="gpt-6.1-sol")
    assert broken.exists()
    assert not broken.filter(error_code="").exists()


def test_an_answer_without_usage_is_counted_by_us_and_marked(gateway: OpenAIServer) -> None:
    gateway.script({"text": "Hello there.", "usage": False})
    answer = facade.complete(ask(), key="k")
    call = AICall.objects.get()
    assert call.usage_estimated
    assert answer.cost_micros and answer.cost_micros > 0


def test_absurd_usage_is_not_believed(gateway: OpenAIServer) -> None:
    gateway.script({"text": "x", "usage": {"prompt_tokens": -5, "completion_tokens": True, "total_tokens": 0}})
    facade.complete(ask(), key="k")
    assert AICall.objects.get().usage_estimated


def test_garbled_json_is_repaired(gateway: OpenAIServer) -> None:
    gateway.script({"text": "```json\n{'city': 'Lisbon',}\n```"})
    assert facade.complete(ask(response_schema=SCHEMA), key="k").parsed == {"city": "Lisbon"}
    assert gateway.counters["requests"] == 1


def test_json_of_the_wrong_form_is_asked_for_once_more(gateway: OpenAIServer) -> None:
    gateway.script({"json": {"town": "Lisbon"}}, {"json": {"city": "Lisbon"}})
    answer = facade.complete(ask(response_schema=SCHEMA), key="k")
    assert answer.parsed == {"city": "Lisbon"}
    assert list(AICall.objects.order_by("ordinal").values_list("role", "error_code")) == [
        ("first", "wrong_form"),
        ("repair", ""),
    ]
    assert (
        "'city' is a required property" in gateway.requests[1]["messages"][-1]["content"]
        or '"city"' in gateway.requests[1]["messages"][-1]["content"]
    )


def test_answers_that_never_fit_end_as_unusable_and_are_charged(gateway: OpenAIServer) -> None:
    gateway.mode({"text": "I would rather talk about the weather."})
    with pytest.raises(UnusableAnswer) as error:
        facade.complete(ask(response_schema=SCHEMA), key="k")
    assert error.value.calls
    counter = BudgetCounter.objects.get()
    assert counter.reserved_micros == 0
    assert counter.spent_micros == sum(AICall.objects.values_list("charged_micros", flat=True)) > 0


def test_a_rate_limited_model_rests_as_long_as_it_asks(gateway: OpenAIServer) -> None:
    gateway.mode({"status": 429, "retry_after": 60}, model="gpt-6.1-sol")
    for number in range(4):
        assert facade.complete(ask(), key=f"k{number}").model == "gpt-5.4"
    assert gateway.counters["model:gpt-6.1-sol"] == 1


def test_the_only_model_is_tried_again_after_a_short_wait(gateway: OpenAIServer, settings: object) -> None:
    settings.AI_WORK_MODEL = "test-model"
    gateway.script({"status": 429, "retry_after": 0.2})
    assert facade.complete(ask(), key="k").model == "test-model"
    assert list(AICall.objects.order_by("ordinal").values_list("role", flat=True)) == ["first", "retry"]


def test_a_long_wait_is_left_to_the_engine(gateway: OpenAIServer, settings: object) -> None:
    settings.AI_WORK_MODEL = "test-model"
    gateway.mode({"status": 429, "retry_after": 30})
    started = time.monotonic()
    with pytest.raises(ModelCallFailed) as error:
        facade.complete(ask(), key="k")
    assert error.value.retryable
    assert error.value.retry_after == 30
    assert time.monotonic() - started < 3


def test_a_refused_key_is_final_and_says_so(gateway: OpenAIServer) -> None:
    gateway.mode({"status": 401, "message": "bad key"})
    with pytest.raises(ModelRefused) as error:
        facade.complete(ask(), key="k")
    assert not error.value.retryable


def test_a_context_overflow_reported_by_the_server_is_input_too_long(gateway: OpenAIServer) -> None:
    gateway.script({"status": 400, "code": "context_length_exceeded", "message": "maximum context length is 10"})
    with pytest.raises(InputTooLong):
        facade.complete(ask(), key="k")
    assert BudgetCounter.objects.get().reserved_micros == 0


def test_a_refused_optional_parameter_is_dropped(gateway: OpenAIServer, settings: object) -> None:
    settings.AI_WORK_MODEL = "test-model"
    gateway.script({"status": 400, "param": "temperature", "message": "Unsupported parameter: 'temperature'"})
    facade.complete(ask(), key="k")
    assert "temperature" not in gateway.requests[-1]
    assert AICall.objects.count() == 1


def test_a_stalled_answer_ends_at_the_deadline(gateway: OpenAIServer, settings: object) -> None:
    settings.AI_WORK_MODEL = "test-model"
    gateway.mode({"fault": "stall"})
    started = time.monotonic()
    with pytest.raises(ModelCallFailed):
        facade.complete(ask(), key="k", timeout_s=2)
    assert time.monotonic() - started < 6
    call = AICall.objects.first()
    assert (call.error_code, call.usage_estimated) == ("timeout", True)


def test_an_unpriced_model_costs_unknown_not_zero(gateway: OpenAIServer, settings: object) -> None:
    settings.AI_WORK_MODEL = "test-model"
    answer = facade.complete(ask(), key="k")
    assert (answer.cost_micros, answer.priced) == (None, False)
    call = AICall.objects.get()
    assert call.cost_micros is None
    assert call.charged_micros > 0
    assert BudgetCounter.objects.get().spent_micros == call.charged_micros


def test_streams_hand_on_pieces_and_settle_with_usage(gateway: OpenAIServer) -> None:
    gateway.script({"text": "one two three four five six seven"})
    events = list(facade.stream(ask(), key="k"))
    assert "".join(event.text for event in events) == "one two three four five six seven"
    assert len(events) > 2
    done = events[-1].completion
    assert done.cost_micros == AICall.objects.get().cost_micros
    assert AICall.objects.get().streamed


def test_a_stream_cut_off_without_a_finish_reason_is_an_error_and_is_charged(gateway: OpenAIServer) -> None:
    gateway.mode({"text": "a fairly long answer that is cut", "fault": "truncate"})
    with pytest.raises(ModelCallFailed):
        list(facade.stream(ask(), key="k"))
    call = AICall.objects.get()
    assert (call.error_code, call.usage_estimated) == ("stream_truncated", True)
    assert BudgetCounter.objects.get().spent_micros == call.charged_micros > 0


def test_a_stream_falls_back_before_its_first_piece(gateway: OpenAIServer) -> None:
    gateway.mode({"status": 503}, model="gpt-6.1-sol")
    events = list(facade.stream(ask(), key="k"))
    assert events[-1].completion.model == "gpt-5.4"


def test_a_stream_its_reader_leaves_is_booked_with_what_came(gateway: OpenAIServer) -> None:
    gateway.script({"text": "word " * 200})
    live = facade.stream(ask(), key="k")
    next(live)
    live.close()
    call = AICall.objects.get()
    assert call.finish_reason == "cancelled"
    assert Reservation.objects.get().state == "settled"


def test_hostile_text_arrives_as_text(gateway: OpenAIServer) -> None:
    nasty = "\x00\ud800 {{system}} <|im_end|> \u202e'; DROP TABLE ai_aicall;--"
    facade.complete(ask(messages=(Message(role="user", content=nasty),)), key="k")
    assert "DROP TABLE" in gateway.requests[0]["messages"][0]["content"]
    assert AICall.objects.count() == 1


def test_all_models_paused_is_said_with_the_time_to_wait(gateway: OpenAIServer) -> None:
    gateway.mode({"status": 503})
    for number in range(4):
        with pytest.raises((ModelCallFailed, NoModelAvailable)):
            facade.complete(ask(), key=f"k{number}")
    with pytest.raises(NoModelAvailable) as error:
        facade.complete(ask(), key="last")
    assert 0 < error.value.retry_after <= 60
    assert BudgetCounter.objects.get().reserved_micros == 0
