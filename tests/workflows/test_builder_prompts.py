"""The form of a step that asks a model: a prompt of the library with a field per variable, or messages; nothing typed is lost."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from apps.accounts.models import User
from apps.ai.prompts import library
from apps.tenants.contracts import TenantRef
from apps.workflows import facade as workflows
from apps.workflows.builder import drafts
from tests.workflows.test_builder_pages import DEFINITION, SLUG, Form, address, island
from tests.workflows.test_prompt_steps import published, reworded

pytestmark = pytest.mark.django_db
STEP = "ask"


@pytest.fixture
def client(tenant: TenantRef, user: User, browse: Callable[..., Client]) -> Client:
    workflows.ensure_workflow(slug=SLUG, name="Orders", definition=DEFINITION)
    return browse(user)


class Inspector:
    """The inspector of one step as a browser uses it: what is shown, with some fields changed, is sent back."""

    def __init__(self, client: Client, user: User, **settings: Any) -> None:
        self.client, self.user = client, user
        document = drafts.get_draft(slug=SLUG, actor_id=user.pk).document
        steps = {**document["steps"], STEP: {"type": "ai.generate", "with": settings}}
        drafts.replace_document(
            slug=SLUG, document={**document, "start": STEP, "steps": steps}, actor_id=user.pk, reason="import"
        )

    @property
    def settings(self) -> Any:
        return drafts.get_draft(slug=SLUG, actor_id=self.user.pk).document["steps"][STEP].get("with", {})

    def html(self) -> str:
        answer = self.client.get(address("draft_step", step=STEP))
        assert answer.status_code == 200
        return answer.text

    def form(self) -> dict[str, str]:
        form = Form()
        form.feed(self.html())
        return form.values

    def send(self, **changes: Any) -> str:
        """The inspector as it stands afterwards."""
        values = self.form() | {name.replace("__", ":"): value for name, value in changes.items()}
        answer = island(self.client, "draft_step", **values)
        assert answer.status_code == 200
        return str(answer.json()["html"])


def choose(prompt: str) -> dict[str, str]:
    return {"with.prompt": prompt}


VALUES = {"customer": "Ada", "words": {"$ref": "inputs.note"}, "more": {"$text": "Total {{inputs.total}}"}}
REQUEST = "{{customer}} {{words}} {{more}}"


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"messages": [{"role": "user", "content": {"$text": "Hi {{inputs.note}}"}}], "temperature": 0.2},
        {"messages": [], "model": "x"},
        {"prompt": "friendly-reply", "variables": VALUES},
        {"prompt": "friendly-reply@1", "variables": {**VALUES, "customer": ["Ada", {"a": 1}], "odd name.x:y": 3}},
        {"prompt": "friendly-reply@9", "variables": VALUES},
        {"prompt": "nobody@2", "variables": {"a": "x", "b": True, "c": None, "d": ""}},
        {"prompt": "nobody", "variables": {}},
        {"prompt": "task.drafting", "variables": {"title": "x", "body": "y"}},
        {"prompt": {"$ref": "inputs.note"}, "variables": {"a": "x"}},
        {"prompt": "friendly-reply", "variables": {"$ref": "inputs"}},
    ],
)  # fmt: skip
def test_a_form_sent_back_as_it_was_shown_changes_nothing(client: Client, user: User, settings: dict[str, Any]) -> None:
    published(REQUEST)
    inspector = Inspector(client, user, **settings)
    inspector.send()
    assert inspector.settings == settings


def test_own_prompts_come_first_with_their_version_and_built_in_ones_after(client: Client, user: User) -> None:
    published("Bye", title="Farewell")
    reworded(published("One"), "Two")
    library.create_prompt(title="Only a draft", user="x")
    html = Inspector(client, user, prompt="friendly-reply").html()
    order = [
        html.index(text)
        for text in ("Prompts of this workspace", "Farewell · version 1", "Friendly reply · version 2", "Built in")
    ]
    assert order == sorted(order)
    assert '<option value="friendly-reply" selected>' in html
    assert "Always the current one (now 2)" in html
    assert "Only a draft" not in html
    assert 'href="/prompts/friendly-reply/"' in html


def test_a_prompt_is_chosen_pinned_and_followed_again(client: Client, user: User) -> None:
    reworded(published("One"), "Two")
    published("Bye", title="Farewell")
    inspector = Inspector(client, user)
    inspector.send(**choose("friendly-reply"))
    assert inspector.settings == {"prompt": "friendly-reply"}
    html = inspector.send(with__ignored="", **{"with.prompt:version": "1"})
    assert inspector.settings == {"prompt": "friendly-reply@1"}
    assert '<option value="1" selected>' in html
    inspector.send(**choose("farewell"))
    assert inspector.settings == {"prompt": "farewell"}, "a pin belongs to the prompt it was set for"
    inspector.send(**choose("friendly-reply"))
    inspector.send(**{"with.prompt:version": ""})
    assert inspector.settings == {"prompt": "friendly-reply"}


def test_each_variable_has_a_field_with_its_note_and_takes_text_or_data(client: Client, user: User) -> None:
    published(
        REQUEST,
        variables=[{"name": "customer", "note": "Who gets it"}, {"name": "more", "note": "Anything", "optional": True}],
    )
    inspector = Inspector(client, user, prompt="friendly-reply")
    html = inspector.html()
    assert "Who gets it" in html
    field = html[html.index('for="f-with-variables-more"') :]
    assert "(optional)" in field[: field.index("</div>")]
    field = html[html.index('for="f-with-variables-customer"') :]
    assert "(optional)" not in field[: field.index("</div>")]
    html = inspector.send(
        **{"with.variables.customer": "12", "with.variables.words": "inputs.note", "with.variables.words:mode": "ref",
           "with.variables.more": "Total {{inputs.total}}"},
    )  # fmt: skip
    assert inspector.settings["variables"] == {**VALUES, "customer": "12"}
    assert 'class="input b-ref" id="f-with-variables-words"' in html
    inspector.send(**{"with.variables.more": ""})
    assert inspector.settings["variables"] == {"customer": "12", "words": {"$ref": "inputs.note"}}


def test_a_missing_value_is_told_at_its_field(client: Client, user: User) -> None:
    published("Dear {{customer}}")
    html = Inspector(client, user, prompt="friendly-reply").html()
    slot = html[html.index('data-errors="with.variables.customer"') :]
    assert "needs a value for “customer”" in slot[: slot.index("</div>")]


def test_another_prompt_shows_its_variables_and_keeps_what_both_have(client: Client, user: User) -> None:
    published(REQUEST)
    published("{{customer}}: {{city}}", title="Farewell")
    inspector = Inspector(client, user, prompt="friendly-reply", variables=VALUES)
    html = inspector.send(**choose("farewell"))
    assert inspector.settings == {"prompt": "farewell", "variables": VALUES}
    assert 'id="f-with-variables-city"' in html
    slot = html[html.index('data-errors="with.variables.words"') :]
    assert "has no variable “words”" in slot[: slot.index("</div>")]
    inspector.send(_remove="with.variables.words")
    assert inspector.settings["variables"] == {"customer": "Ada", "more": VALUES["more"]}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("friendly-repy", "friendly-repy (not in the library)"),
        ("nobody@3", "nobody@3 (not in the library)"),
        ("task.drafting@3", "task.drafting@3 (not in the library)"),
        ("draft", "Draft (not published)"),
        ("old", "Old (archived)"),
    ],
)
def test_a_name_that_is_not_offered_is_kept_and_marked(client: Client, user: User, name: str, label: str) -> None:
    library.create_prompt(title="Draft", user="x")
    published("x", title="Old")
    library.archive_prompt("old")
    inspector = Inspector(client, user, prompt=name, variables={"a": "typed"})
    html = inspector.send(title="Renamed")
    assert inspector.settings == {"prompt": name, "variables": {"a": "typed"}}
    assert f"selected>{label}</option>" in html
    slot = html[html.index('data-errors="with.prompt"') :]
    assert "<p" in slot[: slot.index("</div>")]


def test_the_two_ways_exclude_each_other_and_undo_brings_back_what_was_written(client: Client, user: User) -> None:
    published("Dear {{customer}}")
    written = [{"role": "user", "content": "A long text"}]
    inspector = Inspector(client, user, messages=written)
    assert 'value="here" data-structure checked' in inspector.html()
    assert 'name="with.prompt"' not in inspector.html()
    html = inspector.send(with__told="library")
    assert inspector.settings == {}
    assert 'name="with.prompt"' in html
    assert "with.messages" not in html
    client.post(address("draft_undo"))
    assert inspector.settings == {"messages": written}

    inspector.send(with__told="library")
    inspector.send(**choose("friendly-reply"))
    inspector.send(**{"with.variables.customer": "Ada"})
    html = inspector.send(with__told="here")
    assert inspector.settings == {"messages": [{"role": "user", "content": ""}]}
    assert "with.prompt" not in html
    client.post(address("draft_undo"))
    assert inspector.settings == {"prompt": "friendly-reply", "variables": {"customer": "Ada"}}


def test_the_last_message_taken_out_is_no_change_of_the_way(client: Client, user: User) -> None:
    inspector = Inspector(client, user, messages=[{"role": "user", "content": "x"}])
    html = inspector.send(_remove="with.messages.0")
    assert inspector.settings == {"messages": []}
    assert 'value="here" data-structure checked' in html


def test_a_prompt_may_still_come_out_of_the_run(client: Client, user: User) -> None:
    published("x")
    inspector = Inspector(client, user, prompt="friendly-reply", variables={"a": "x"})
    html = inspector.send(**{"with.prompt:mode": "ref", "with.prompt": "inputs.note"})
    assert inspector.settings == {"prompt": {"$ref": "inputs.note"}, "variables": {"a": "x"}}
    assert 'class="input b-ref" id="f-with-prompt"' in html
    assert 'name="with.variables.0:key"' in html
    inspector.send(**{"with.prompt:mode": "value", "with.prompt": "friendly-reply"})
    assert inspector.settings == {"prompt": "friendly-reply", "variables": {"a": "x"}}


def test_without_script_the_same_form_saves_with_its_button(client: Client, user: User) -> None:
    published("Dear {{customer}}")
    inspector = Inspector(client, user)
    sent = inspector.form() | choose("friendly-reply")
    assert client.post(address("draft_step"), sent).status_code == 302
    assert inspector.settings == {"prompt": "friendly-reply"}
    assert 'id="f-with-variables-customer"' in client.get(address("builder", step=STEP)).text


def test_what_is_typed_into_a_prompts_field_is_never_markup(client: Client, user: User) -> None:
    html = Inspector(client, user, prompt="<b>x</b>", variables={"<i>": "<u>"}).html()
    assert "<b>x</b>" not in html and "<i>" not in html and "<u>" not in html
