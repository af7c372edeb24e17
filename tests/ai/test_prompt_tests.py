"""Tests of prompts: cases tried with real calls on a wording, found out once, followed by their wording."""

from typing import Any

import pytest
from django.db import transaction

from apps.ai import facade as ai
from apps.ai.enums import TestRunState, TestState
from apps.ai.errors import NoTestCases, TestsRunning
from apps.ai.models import AICall, Prompt, PromptTestResult, PromptTestRun
from apps.ai.prompts import library, results, testing
from apps.core.errors import InvalidInput
from apps.dispatch.models import WorkItem
from apps.tenants.facade import current_tenant
from tests.ai.books import add_call
from tests.servers.openai import OpenAIServer

pytestmark = pytest.mark.django_db
HOURS = {"kind": "required", "value": ["nine"]}


@pytest.fixture
def prompt(gateway: OpenAIServer) -> Prompt:
    return library.create_prompt(title="Opening hours", system="You are brief.", user="Answer: {{question}}")


def with_case(prompt: Prompt, name: str = "asks for hours", **kwargs: Any) -> None:
    given: dict[str, Any] = {"values": {"question": "When do you open?"}, "checks": [HOURS]}
    testing.save_case(prompt, name=name, **(given | kwargs))


def try_all(run: PromptTestRun) -> PromptTestRun:
    for _turn in range(60):
        if PromptTestRun.objects.get(pk=run.pk).state != TestRunState.RUNNING:
            break
        testing.try_next(run.pk)
    return testing.get_run(run.prompt, run.pk)


def test_a_wording_is_tried_on_every_case(prompt: Prompt, gateway: OpenAIServer) -> None:
    with_case(prompt)
    with_case(prompt, "says nothing else", checks=[{"kind": "max_words", "value": 3}])
    gateway.script({"text": "We open at nine."}, {"text": "We open at nine, every day."})
    run = try_all(testing.start_tests(prompt, user_id=7))

    assert (run.state, run.cases, run.passed) == (TestRunState.DONE, 2, 1)
    first, second = run.results.order_by("position")
    assert (first.state, second.state) == (TestState.PASSED, TestState.FAILED)
    assert first.answer == "We open at nine."
    assert first.cost_micros > 0
    assert [one["passed"] for one in second.findings if one["key"] == "max_words"] == [False]
    assert gateway.requests[0]["messages"][-1]["content"] == "Answer: When do you open?"
    calls = AICall.objects.order_by("created_at")
    assert {call.prompt_version for call in calls} == {"opening-hours@draft"}
    assert {call.user_id for call in calls} == {7}, "it counts against the budget of whoever asked"


def test_results_follow_a_wording_into_its_version(prompt: Prompt, gateway: OpenAIServer) -> None:
    with_case(prompt)
    gateway.mode({"text": "At nine."})
    try_all(testing.start_tests(prompt))
    version = library.publish_prompt(prompt.slug, revision=1)
    assert testing.latest_by_wording(prompt)[version.content_hash].passed == 1
    run = try_all(testing.start_tests(prompt, version=version))
    assert AICall.objects.filter(prompt_version="opening-hours@1").count() == 1
    assert run.content_hash == version.content_hash


def test_a_judge_has_a_word_where_a_score_is_asked_for(prompt: Prompt, gateway: OpenAIServer) -> None:
    with_case(prompt, min_score=80)
    gateway.script({"text": "We open at nine."})
    gateway.judge_score = 91
    [good] = try_all(testing.start_tests(prompt)).results.all()
    assert (good.state, good.score) == (TestState.PASSED, 91)
    assert good.cost_micros > AICall.objects.order_by("created_at")[0].cost_micros, "judging is paid for and counted"
    gateway.script({"text": "We open at nine, I think."})
    gateway.judge_score = 40
    [bad] = try_all(testing.start_tests(prompt)).results.all()
    assert (bad.state, bad.score) == (TestState.FAILED, 40)


def test_a_case_without_an_answer_does_not_stop_the_others(prompt: Prompt, gateway: OpenAIServer) -> None:
    with_case(prompt)
    with_case(prompt, "second", checks=[])
    with_case(prompt, "third", values={})
    started = testing.start_tests(prompt)
    gateway.mode({"status": 400, "message": "no such thing"})
    testing.try_next(started.pk)
    gateway.mode({"text": "At nine."})
    run = try_all(started)
    assert [one.state for one in run.results.order_by("position")] == [
        TestState.ERROR,
        TestState.PASSED,
        TestState.ERROR,
    ]
    assert "question" in run.results.get(name="third").error
    assert run.results.get(name="third").cost_micros is None


def test_a_budget_binds_tests_too(prompt: Prompt, gateway: OpenAIServer) -> None:
    ai.set_budget(scope="tenant", cap_micros=0)
    with_case(prompt)
    run = try_all(testing.start_tests(prompt))
    assert run.results.get().state == TestState.ERROR
    assert gateway.counters["requests"] == 0


def test_the_queue_comes_back_until_every_case_is_tried(prompt: Prompt, gateway: OpenAIServer) -> None:
    with_case(prompt)
    run = testing.start_tests(prompt)
    item = WorkItem.objects.get(kind=testing.TEST_KIND)
    assert (item.ref, item.tenant_id) == (str(run.pk), current_tenant().id)


def test_a_process_that_died_while_asking_is_made_up_for(prompt: Prompt, gateway: OpenAIServer) -> None:
    with_case(prompt)
    run = testing.start_tests(prompt)
    PromptTestResult.objects.filter(run=run).update(state=TestState.ASKED)
    gateway.script({"text": "At nine."})
    assert try_all(run).passed == 1
    testing.try_next(run.pk)
    assert gateway.counters["requests"] == 1, "an ended run asks nothing"


def test_tests_run_one_at_a_time_and_can_be_stopped(prompt: Prompt, gateway: OpenAIServer) -> None:
    with_case(prompt)
    run = testing.start_tests(prompt)
    with pytest.raises(TestsRunning), transaction.atomic():
        testing.start_tests(prompt)
    stopped = testing.stop_tests(prompt, run.pk)
    assert stopped.state == TestRunState.CANCELLED
    assert stopped.results.get().state == TestState.SKIPPED
    testing.try_next(run.pk)
    assert gateway.counters["requests"] == 0
    testing.start_tests(prompt)


def test_an_answer_that_comes_after_the_stop_is_thrown_away(
    prompt: Prompt, gateway: OpenAIServer, monkeypatch: Any
) -> None:
    with_case(prompt)
    run = testing.start_tests(prompt)
    complete = testing.services.complete

    def stopped_meanwhile(*args: Any, **kwargs: Any) -> Any:
        testing.stop_tests(prompt, run.pk)
        return complete(*args, **kwargs)

    monkeypatch.setattr(testing.services, "complete", stopped_meanwhile)
    gateway.script({"text": "At nine."})
    testing.try_next(run.pk)
    ended = testing.get_run(prompt, run.pk)
    assert (ended.state, ended.results.get().state, ended.results.get().answer) == ("cancelled", "skipped", "")


def test_nothing_to_try_is_said(prompt: Prompt) -> None:
    with pytest.raises(NoTestCases):
        testing.start_tests(prompt)
    with_case(prompt)
    with pytest.raises(InvalidInput) as caught:
        testing.start_tests(prompt, model="nobody-knows")
    assert "model" in caught.value.fields


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("name", {"name": " "}),
        ("name", {"name": "asks for hours"}),
        ("values", {"values": {"question": 5}}),
        ("values", {"values": {"question": "x" * 50_001}}),
        ("min_score", {"min_score": 101}),
        ("checks", {"checks": [{"kind": "smells", "value": 1}]}),
        ("checks", {"checks": [{"kind": "max_words", "value": "many"}]}),
        ("checks", {"checks": [{"kind": "json_schema", "value": {"type": "nonsense"}}]}),
        ("checks", {"checks": [{"sort": "max_words"}]}),
    ],
)
def test_what_cannot_be_a_case_is_named(prompt: Prompt, field: str, given: dict[str, Any]) -> None:
    with_case(prompt)
    with pytest.raises(InvalidInput) as caught:
        with_case(prompt, **({"name": "other"} | given))
    assert field in caught.value.fields


def test_what_came_of_a_version_leaves_tests_out(prompt: Prompt, gateway: OpenAIServer) -> None:
    from datetime import UTC, datetime
    from uuid import uuid4

    from apps.ai.models import Review

    now = datetime.now(UTC)
    alone, mixed = uuid4(), uuid4()
    add_call(at=now, cost=100, prompt_version="opening-hours@1", run_id=alone)
    add_call(at=now, cost=300, prompt_version="opening-hours@1", run_id=alone, state="failed")
    add_call(at=now, cost=None, prompt_version="opening-hours@2", run_id=mixed)
    add_call(at=now, cost=5, prompt_version="opening-hours@1", run_id=mixed)
    add_call(at=now, cost=5, prompt_version="opening-hours@1", task_type=testing.TEST_TASK_TYPE)
    for run, score in ((alone, 90), (mixed, 10)):
        Review.objects.create(key=str(run), fingerprint="f", run_id=run, score=score, threshold=80, passed=score >= 80,
                              decision="pass", judge="model", judge_trusted=True)  # fmt: skip
    found = results.results_of(["opening-hours@1", "opening-hours@2", "opening-hours@3"])
    one, two = found["opening-hours@1"], found["opening-hours@2"]
    assert (one.calls, one.failed, one.cost_micros, one.verdicts, one.passed, one.score) == (3, 1, 405, 1, 1, 90)
    assert (two.calls, two.unpriced, two.mean_cost_micros, two.verdicts) == (1, 1, None, 0)
    both = results.together(found.values(), label="opening-hours")
    assert (both.calls, both.passed_percent) == (4, 100)
