"""A workspace's own prompts: written, published, named by steps, taken back; what may not be said in them."""

from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from apps.ai import facade as ai
from apps.ai.errors import PromptExists, PromptMoved, PromptUnchanged, UnknownPrompt
from apps.ai.models import Prompt, PromptChange, PromptVersion
from apps.ai.prompts import library
from apps.ai.quality import judge
from apps.core.errors import InvalidInput
from apps.tasks.assistant import answering
from apps.workflows.authoring import asking

pytestmark = pytest.mark.django_db

REQUEST = "Write to {{customer}}.\n\nTheir words: {{words}}\n\n{{ extra }}"


def written(**kwargs: Any) -> Prompt:
    given: dict[str, Any] = {
        "title": "Friendly reply", "system": "You are kind.", "user": REQUEST,
        "variables": [{"name": "extra", "note": "Anything else", "optional": True}],
    }  # fmt: skip
    return library.create_prompt(**(given | kwargs))


def test_a_draft_is_no_use_until_it_is_published(tenant: Any) -> None:
    prompt = written()
    assert prompt.slug == "friendly-reply"
    assert [(one["name"], one["optional"]) for one in prompt.variables] == [
        ("customer", False),
        ("words", False),
        ("extra", True),
    ]
    with pytest.raises(UnknownPrompt):
        ai.render_prompt("friendly-reply", {"customer": "Ayesha", "words": "hello"})

    library.publish_prompt("friendly-reply", revision=1, note="first")
    messages, version = ai.render_prompt("friendly-reply", {"customer": "Ayesha", "words": {"a": "{{customer}}"}})
    assert version == "friendly-reply@1"
    assert [turn.role for turn in messages] == ["system", "user"]
    assert not any(turn.trusted for turn in messages)
    assert messages[1].content == 'Write to Ayesha.\n\nTheir words: {"a": "{{customer}}"}\n\n'


def test_steps_get_the_current_version_or_the_one_they_name(tenant: Any) -> None:
    written(user="One {{a}}")
    library.publish_prompt("friendly-reply", revision=1)
    library.save_draft("friendly-reply", title="Friendly reply", description="", system="", user="Two {{a}}", variables=[],
                       revision=1)  # fmt: skip
    assert ai.render_prompt("friendly-reply", {"a": "x"})[1] == "friendly-reply@1", "a saved draft changes nothing"
    library.publish_prompt("friendly-reply", revision=2)

    def said(name: str) -> tuple[str, str]:
        messages, version = ai.render_prompt(name, {"a": "x"})
        return messages[-1].content, version

    assert said("friendly-reply") == ("Two x", "friendly-reply@2")
    assert said("friendly-reply@1") == ("One x", "friendly-reply@1")
    library.use_version("friendly-reply", 1)
    assert said("friendly-reply") == ("One x", "friendly-reply@1")
    with pytest.raises(UnknownPrompt):
        said("friendly-reply@9")
    kinds = list(PromptChange.objects.order_by("at").values_list("kind", "version__number"))
    assert kinds == [("published", 1), ("published", 2), ("rolled_back", 1)]


def test_the_same_wording_is_one_version(tenant: Any) -> None:
    written(user="One")
    library.publish_prompt("friendly-reply", revision=1)
    with pytest.raises(PromptUnchanged):
        library.publish_prompt("friendly-reply", revision=1)
    same: dict[str, Any] = {"title": "Friendly reply", "description": "", "system": "You are kind.", "variables": []}
    library.save_draft("friendly-reply", **same, user="Two", revision=1)
    library.publish_prompt("friendly-reply", revision=2)
    library.save_draft("friendly-reply", **same, user="One", revision=2)
    assert library.publish_prompt("friendly-reply", revision=3).number == 1
    assert PromptVersion.objects.count() == 2


def test_nobody_overwrites_or_publishes_what_they_have_not_seen(tenant: Any) -> None:
    written(user="One")
    same: dict[str, Any] = {"title": "Friendly reply", "description": "", "system": "", "variables": []}
    library.save_draft("friendly-reply", **same, user="Two", revision=1)
    with pytest.raises(PromptMoved):
        library.save_draft("friendly-reply", **same, user="Three", revision=1)
    with pytest.raises(PromptMoved):
        library.publish_prompt("friendly-reply", revision=1)
    assert library.get_prompt("friendly-reply").user == "Two"
    assert library.save_draft("friendly-reply", **same, user="Two", revision=2).revision == 2, (
        "saving the same is no change"
    )


@pytest.mark.parametrize(
    ("field", "given"),
    [
        ("user", {"user": "  "}),
        ("user", {"user": "Dear {{Customer Name}}"}),
        ("user", {"user": " ".join(f"{{{{v{number}}}}}" for number in range(31))}),
        ("user", {"user": "x" * 50_001}),
        ("system", {"system": "Obey {{customer}}"}),
        ("system", {"system": "a\x00b"}),
        ("title", {"title": " "}),
        ("slug", {"slug": "Not A Name"}),
        ("slug", {"title": "!!!"}),
        ("description", {"description": "x" * 301}),
        ("variables", {"variables": [{"name": "customer", "note": "x" * 201}]}),
    ],
)
def test_what_cannot_be_a_prompt_is_named(tenant: Any, field: str, given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        written(**given)
    assert field in caught.value.fields
    assert not Prompt.objects.exists()


def test_names_are_unique_and_never_those_of_built_in_prompts(tenant: Any) -> None:
    written()
    with pytest.raises(PromptExists):
        written()
    with pytest.raises(InvalidInput):
        written(slug="task.other")


@pytest.mark.parametrize("label", [judge.PROMPT_VERSION, answering.PROMPT_VERSION, asking.PROMPT_VERSION])
def test_nobody_takes_the_label_of_the_platforms_own_calls(tenant: Any, label: str) -> None:
    with pytest.raises(InvalidInput):
        written(slug=label.partition("@")[0])


def test_a_missing_value_is_an_error_that_names_the_variable(tenant: Any) -> None:
    written()
    library.publish_prompt("friendly-reply", revision=1)
    with pytest.raises(UnknownPrompt) as caught:
        ai.render_prompt("friendly-reply", {"customer": None})
    assert set(caught.value.fields) == {"customer", "words"}


def test_versions_of_built_in_prompts_cannot_be_pinned(tenant: Any) -> None:
    with pytest.raises(UnknownPrompt):
        ai.render_prompt("task.drafting@3", {"title": "a", "body": "b"})


def test_archived_prompts_go_on_for_those_who_name_them(tenant: Any) -> None:
    written(user="One")
    library.publish_prompt("friendly-reply", revision=1)
    library.archive_prompt("friendly-reply")
    assert ai.render_prompt("friendly-reply", {})[1] == "friendly-reply@1"
    assert [one.slug for one in ai.list_prompts() if not one.builtin] == []
    assert ai.find_prompts(["friendly-reply"])["friendly-reply"].archived
    with pytest.raises(InvalidInput):
        library.publish_prompt("friendly-reply", revision=1)
    library.restore_prompt("friendly-reply")
    assert [one.slug for one in ai.list_prompts() if not one.builtin] == ["friendly-reply"]


def test_options_know_variables_of_pinned_versions(tenant: Any) -> None:
    written(user="One {{a}}")
    library.publish_prompt("friendly-reply", revision=1)
    library.save_draft(
        "friendly-reply", title="R", description="", system="", user="Two {{b}}", variables=[], revision=1
    )
    library.publish_prompt("friendly-reply", revision=2)
    found = ai.find_prompts(
        ["friendly-reply", "friendly-reply@1", "friendly-reply@7", "nobody", "task.drafting", "task.new-kind"]
    )
    assert {name: [one.name for one in option.variables] for name, option in found.items()} == {
        "friendly-reply": ["b"], "friendly-reply@1": ["a"], "task.drafting": ["title", "body", "language"],
        "task.new-kind": ["title", "body", "language"],
    }  # fmt: skip


def test_the_database_keeps_published_wordings_and_their_record(tenant: Any) -> None:
    written()
    library.publish_prompt("friendly-reply", revision=1)
    for table in ("ai_promptversion SET \"user\" = 'other'", "ai_promptchange SET kind = 'rolled_back'"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"UPDATE {table}")
