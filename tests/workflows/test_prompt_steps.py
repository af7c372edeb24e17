"""Steps that name a prompt of the library: what is told before publishing, what is sent, which version the answer is tied to."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.ai.models import AICall, Prompt
from apps.ai.prompts import library
from apps.ai.registries import prompt_users
from apps.tenants.contracts import TenantRef
from apps.workflows import facade
from apps.workflows.advice import BY_CODE
from apps.workflows.builder import drafts
from apps.workflows.errors import InvalidDefinition
from apps.workflows.facade import validate_definition
from apps.workflows.models import Effect, StepRun
from tests.servers.openai import OpenAIServer
from tests.workflows import driving

db = pytest.mark.django_db


@pytest.fixture
def model(settings: Any, committed: None) -> Iterator[OpenAIServer]:
    """A model server; prompts written in the test are gone afterwards."""
    with OpenAIServer() as server:
        settings.OPENAI_API_KEY = "test-key"
        settings.OPENAI_BASE_URL = server.url
        settings.OPENAI_PRICES = "openai"
        settings.LOCAL_MODEL_URL = None
        settings.OUTBOUND_ALLOW_OPERATOR = [f"127.0.0.1:{server.port}"]
        yield server
    with driving.inside(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE ai_prompt CASCADE")


def published(user: str, *, title: str = "Friendly reply", **more: Any) -> Prompt:
    prompt = library.create_prompt(title=title, user=user, **more)
    library.publish_prompt(prompt.slug, revision=1)
    return library.get_prompt(prompt.slug)


def reworded(prompt: Prompt, user: str) -> int:
    """The number of a new published version."""
    now = library.save_draft(
        prompt.slug, title=prompt.title, description="", system="", user=user, variables=[], revision=prompt.revision
    )
    return library.publish_prompt(prompt.slug, revision=now.revision).number


def ask(prompt: Any, **variables: Any) -> dict[str, Any]:
    given = {"prompt": prompt} | ({"variables": variables} if variables else {})
    return {"a": {"type": "ai.generate", "with": given}}


def found(steps: dict[str, Any], **more: Any) -> list[tuple[str, str, str]]:
    definition = {"schema": 1, "start": "a", "steps": steps, **more}
    return [(one.severity, one.code, one.place) for one in validate_definition(definition)]


# What is told before publishing


@db
def test_a_prompt_that_does_not_exist_cannot_be_published_and_the_nearest_is_named(tenant: TenantRef) -> None:
    published("Hello {{name}}")
    for name in ("friendly-repy", "friendly-reply@7", "task.drafting@2", "Friendly reply"):
        assert found(ask(name, name="Ada")) == [("error", "unknown_prompt", "steps.a.with.prompt")], name
    (told,) = validate_definition({"schema": 1, "start": "a", "steps": ask("friendly-repy", name="Ada")})
    assert "friendly-reply" in told.suggestion
    with pytest.raises(InvalidDefinition) as caught:
        facade.ensure_workflow(
            slug="w", name="w", definition={"schema": 1, "start": "a", "steps": ask("friendly-repy", name="Ada")}
        )
    assert "friendly-repy" in str(caught.value.fields["steps.a.with.prompt"])


@db
@pytest.mark.parametrize(
    "given", [{}, {"prompt": ""}, {"prompt": "x", "messages": [{"role": "user", "content": "x"}]}, {"temperature": 0}]
)
def test_a_step_says_one_thing_to_the_model_and_is_told_so_once_in_words(
    tenant: TenantRef, given: dict[str, Any]
) -> None:
    assert found({"a": {"type": "ai.generate", "with": given}}) == [("error", "nothing_to_say", "steps.a.with.prompt")]
    other = found({"a": {"type": "ai.generate", "with": {**given, "colour": "red"}}})
    assert [code for _severity, code, _place in other] == ["bad_config", "nothing_to_say"]


@db
def test_other_mistakes_do_not_hide_those_of_a_prompt(tenant: TenantRef) -> None:
    steps = {**ask("nobody"), "lost": {"type": "log", "with": {"message": "x"}}}
    assert {code for _severity, code, _place in found(steps)} == {"unreachable_step", "unknown_prompt"}


@db
def test_a_prompt_that_is_only_a_draft_cannot_be_published(tenant: TenantRef) -> None:
    library.create_prompt(title="Friendly reply", user="Hello")
    assert found(ask("friendly-reply")) == [("error", "prompt_not_published", "steps.a.with.prompt")]


@db
@pytest.mark.parametrize("given", [{}, {"name": None}, {"other": "x"}])
def test_a_needed_variable_without_a_value_is_told_at_its_place(tenant: TenantRef, given: dict[str, Any]) -> None:
    published("Hello {{name}} {{extra}}", variables=[{"name": "extra", "optional": True}])
    assert ("error", "prompt_value_missing", "steps.a.with.variables.name") in found(ask("friendly-reply", **given))


@db
def test_a_variable_the_prompt_does_not_have_is_a_warning_with_the_nearest_name(tenant: TenantRef) -> None:
    published("Hello {{customer}}, {{words}}")
    definition = {"schema": 1, "start": "a", "steps": ask("friendly-reply", customer="Ada", words="x", custmer="Ada")}
    (told,) = validate_definition(definition)
    assert (told.severity, told.code, told.place) == (
        "warning",
        "unknown_prompt_variable",
        "steps.a.with.variables.custmer",
    )
    assert told.suggestion.index("customer") < told.suggestion.index("words")


@db
def test_a_pinned_step_is_held_to_the_variables_of_its_version(tenant: TenantRef) -> None:
    reworded(published("One {{a}}"), "Two {{b}}")
    assert found(ask("friendly-reply@1", a="x")) == []
    assert found(ask("friendly-reply", b="x")) == []
    assert [code for _severity, code, _place in found(ask("friendly-reply@1", b="x"))] == [
        "prompt_value_missing",
        "unknown_prompt_variable",
    ]


@db
def test_an_archived_prompt_is_a_warning(tenant: TenantRef) -> None:
    published("Hello")
    library.archive_prompt("friendly-reply")
    assert found(ask("friendly-reply")) == [("warning", "prompt_archived", "steps.a.with.prompt")]


@db
def test_what_is_worked_out_in_the_run_is_not_guessed_at(tenant: TenantRef) -> None:
    published("Hello {{name}}")
    assert found(ask({"$ref": "inputs.prompt"}, anything="x")) == []
    whole = {"a": {"type": "ai.generate", "with": {"prompt": "friendly-reply", "variables": {"$ref": "inputs.values"}}}}
    assert found(whole) == []
    assert found(ask("friendly-reply", name={"$ref": "inputs.name"})) == []


@db
def test_one_look_up_serves_all_steps_and_none_is_made_without_prompts(
    tenant: TenantRef, django_assert_num_queries: Any
) -> None:
    published("Hello")
    published("Bye", title="Farewell")
    named = {
        "a": {"type": "ai.generate", "with": {"prompt": "friendly-reply"}, "next": "b"},
        "b": {"type": "ai.generate", "with": {"prompt": "farewell@1"}, "next": "c"},
        "c": {"type": "ai.generate", "with": {"prompt": "farewell"}},
    }
    with django_assert_num_queries(2):
        assert found(named) == []
    with django_assert_num_queries(0):
        assert found({"a": {"type": "ai.generate", "with": {"messages": [{"role": "user", "content": "x"}]}}}) == []
        assert found(ask("task.drafting", title="x", body="y")) == []


# Who names a prompt


@db
def test_who_changes_a_prompt_learns_which_workflows_name_it(tenant: TenantRef, django_assert_num_queries: Any) -> None:
    published("Hello")
    published("Bye", title="Farewell")
    for slug, prompt in (("orders", "friendly-reply"), ("mail", "friendly-reply@1"), ("old", "friendly-reply")):
        facade.ensure_workflow(
            slug=slug, name=slug.title(), definition={"schema": 1, "start": "a", "steps": ask(prompt)}
        )
    facade.archive_workflow(workflow="old")
    facade.ensure_workflow(slug="later", name="Later", definition=LOG)
    document = {**LOG, "steps": ask("friendly-reply")}
    for slug in ("later", "orders"):
        drafts.replace_document(slug=slug, document=document, actor_id=1, reason="import")
    with django_assert_num_queries(1):
        uses = prompt_users.get("workflows").uses(["friendly-reply", "farewell", "nobody"])
    assert list(uses) == ["friendly-reply"]
    assert [(one.reference, one.title) for one in uses["friendly-reply"]] == [
        ("friendly-reply", "Later (draft)"),
        ("friendly-reply@1", "Mail"),
        ("friendly-reply", "Orders"),
    ]
    assert uses["friendly-reply"][1].address == "/workflows/mail/edit/"


LOG = {"schema": 1, "start": "a", "steps": {"a": {"type": "log", "with": {"message": "x"}}}}


# What is sent


def said(server: OpenAIServer) -> list[str]:
    return [request["messages"][-1]["content"] for request in server.requests]


def start(slug: str = "w", **inputs: Any) -> Any:
    with driving.inside():
        run_id = facade.start_run(workflow=slug, inputs=inputs)
    driving.drain()
    return driving.view(run_id)


def test_the_answer_is_tied_to_the_version_that_was_said(model: OpenAIServer) -> None:
    with driving.inside():
        prompt = published("Write to {{name}}.", system="Be brief.")
    run_id = driving.run(
        ask("friendly-reply", name={"$ref": "inputs.name"}), {"name": "Ada {{x}}"},
        output={"$ref": "steps.a.output.prompt_version"},
    )  # fmt: skip
    run = driving.view(run_id)
    assert (run.state, run.outputs) == ("succeeded", "friendly-reply@1")
    assert [turn["content"] for turn in model.requests[0]["messages"]] == ["Be brief.", "Write to Ada {{x}}."]
    with driving.inside():
        assert AICall.objects.get(run_id=run_id).prompt_version == "friendly-reply@1"
        assert reworded(prompt, "Greet {{name}}.") == 2
    assert start(name="Bo").outputs == "friendly-reply@2"
    with driving.inside():
        library.use_version("friendly-reply", 1)
    assert start(name="Cy").outputs == "friendly-reply@1"
    assert said(model) == ["Write to Ada {{x}}.", "Greet Bo.", "Write to Cy."]


@db
@pytest.mark.parametrize(
    ("kind", "version", "link"),
    [
        ("ai.generate", "friendly-reply@2", 'href="/prompts/friendly-reply/versions/2/"'),
        ("ai.generate", "task.drafting@1/large", ""),
        ("ai.review", "judge@3", ""),
    ],
)
def test_a_step_of_a_run_shows_the_version_and_leads_to_the_workspaces_own(
    tenant: TenantRef, user: User, browse: Callable[..., Client], kind: str, version: str, link: str
) -> None:
    facade.ensure_workflow(slug="w", name="w", definition=LOG)
    run_id = facade.start_run(workflow="w", inputs={})
    common = {"run_id": run_id, "seq": 1, "type": kind, "started_at": "2026-11-22T00:00:00Z", "attempt": 1}
    StepRun.objects.create(
        **common, path="a", step_id="a", state="succeeded", output={"text": "x", "prompt_version": version}
    )
    StepRun.objects.create(**common, path="b", step_id="b", state="failed", output=None)
    Effect.objects.create(
        run_id=run_id, path="b", type=kind, effect_class="metered", key="k" * 64, request_hash="0" * 64, work_id=1, fence=1,
        request=json.dumps({"prompt_version": version}), state="failed",
    )  # fmt: skip
    StepRun.objects.create(**common, path="c", step_id="c", state="succeeded", output={"prompt_version": ""})
    client = browse(user)
    address = reverse("workflows:run_detail", args=[run_id], urlconf="echopilot.urls_tenant")
    for step in ("a", "b"):
        page = client.get(address, {"step": step}).text
        assert f"<bdi>{version}</bdi>" in page
        assert (link in page) if link else ("/versions/" not in page)
    assert "<dt>Prompt</dt>" not in client.get(address, {"step": "c"}).text


def test_a_pinned_step_keeps_its_version(model: OpenAIServer) -> None:
    with driving.inside():
        prompt = published("One")
        assert reworded(prompt, "Two") == 2
    run = driving.view(driving.run(ask("friendly-reply@1")))
    assert run.steps[0].output["prompt_version"] == "friendly-reply@1"
    assert said(model) == ["One"]


def test_what_was_frozen_is_sent_although_the_prompt_changed_before_the_worker_came_back(
    model: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The intent is committed; another version is published; the call goes out with the wording of the intent."""
    from apps.workflows.steps.models import GenerateStep

    with driving.inside():
        prompt = published("One")
    real, changed = GenerateStep.unlock, []

    def unlock(self: Any, ctx: Any, request: Any) -> Any:
        if not changed:
            changed.append(reworded(prompt, "Two"))
        return real(self, ctx, request)

    monkeypatch.setattr(GenerateStep, "unlock", unlock)
    run = driving.view(driving.run(ask("friendly-reply")))
    assert changed == [2]
    assert run.steps[0].output["prompt_version"] == "friendly-reply@1"
    assert said(model) == ["One"]
    assert start().steps[0].output["prompt_version"] == "friendly-reply@2"


def test_a_prompt_that_is_gone_by_then_fails_for_good_and_says_what_to_do(model: OpenAIServer) -> None:
    run = driving.view(driving.run(ask({"$ref": "inputs.prompt"}), {"prompt": "nobody"}))
    assert (run.state, run.error.code if run.error else "") == ("failed", "unknown_prompt")
    assert len(run.steps) == 1, "trying again mends nothing"
    assert model.requests == []
    assert "Publish the prompt" in str(BY_CODE["unknown_prompt"].do)


def test_a_value_that_is_missing_in_the_run_is_named(model: OpenAIServer) -> None:
    with driving.inside():
        published("Hello {{name}} {{city}}")
    variables = {"name": {"$ref": "inputs.name", "default": None}, "city": "Lahore"}
    run = driving.view(driving.run(ask("friendly-reply", **variables)))
    assert run.state == "failed"
    assert run.error is not None and run.error.code == "unknown_prompt"
    assert "name" in run.error.message and "city" not in run.error.message
    assert (len(run.steps), model.requests) == (1, [])


def test_a_later_attempt_is_another_call_and_says_what_is_current_then(model: OpenAIServer) -> None:
    with driving.inside():
        prompt = published("One")
    model.mode({"status": 400, "message": "no"})
    steps = ask("friendly-reply")
    steps["a"]["retry"] = {"max_attempts": 1}
    run_id = driving.run(steps)
    assert driving.view(run_id).state == "failed"
    model.modes.clear()
    with driving.inside():
        reworded(prompt, "Two")
        facade.retry_run(run_id=run_id)
    driving.drain()
    run = driving.view(run_id)
    assert run.state == "succeeded"
    assert run.steps[-1].output["prompt_version"] == "friendly-reply@2"
