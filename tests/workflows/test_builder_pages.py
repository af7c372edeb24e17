"""The builder's pages through the front door: every page answers, forms become patches, nothing typed is lost."""

import json
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.accounts.models import User
from apps.tenants.contracts import TenantRef
from apps.workflows import facade as workflows
from apps.workflows.builder import drafts
from apps.workflows.models import Run, Workflow

pytestmark = pytest.mark.django_db
Browse = Callable[..., Client]
SLUG = "orders"
DEFINITION: dict[str, Any] = {
    "schema": 1,
    "start": "read",
    "inputs": {
        "type": "object",
        "required": ["total"],
        "properties": {"total": {"type": "number"}, "note": {"type": "string"}},
    },
    "steps": {
        "read": {"type": "set", "with": {"total": {"$ref": "inputs.total"}}, "next": "big"},
        "big": {
            "type": "condition",
            "when": {"op": "gt", "left": {"$ref": "steps.read.output.total"}, "right": 100},
            "then": "tell",
            "else": "done",
        },
        "tell": {"type": "log", "with": {"message": {"$text": "Big: {{steps.read.output.total}}"}}, "next": "done"},
        "done": {"type": "log", "with": {"message": "Done"}},
    },
}


def address(name: str, *args: object, **query: object) -> str:
    path = reverse(f"workflows:{name}", args=args or [SLUG], urlconf="echopilot.urls_tenant")
    return path + ("?" + "&".join(f"{key}={value}" for key, value in query.items()) if query else "")


@pytest.fixture
def client(tenant: TenantRef, user: User, browse: Browse) -> Client:
    workflows.ensure_workflow(slug=SLUG, name="Orders", definition=DEFINITION)
    return browse(user)


def draft(actor: User) -> drafts.Draft:
    return drafts.get_draft(slug=SLUG, actor_id=actor.pk)


def island(client: Client, name: str, body: dict[str, Any] | None = None, **more: str) -> Any:
    """What the canvas gets for a change."""
    if body is not None:
        return client.post(
            address(name), json.dumps(body), content_type="application/json", headers={"accept": "application/json"}
        )
    return client.post(address(name), more, headers={"accept": "application/json"})


@pytest.mark.parametrize(
    "name",
    ["workflow_detail", "builder", "workflow_publish", "workflow_versions", "workflow_compare", "workflow_run", "workflow_test",
     "workflow_export", "draft_change"],
)  # fmt: skip
def test_every_page_answers(client: Client, name: str) -> None:
    answer = client.get(address(name))
    assert answer.status_code == 200
    assert "Orders" in answer.text or name == "draft_change"


@pytest.mark.parametrize("step", sorted(DEFINITION["steps"]))
def test_the_inspector_shows_each_kind_of_step(client: Client, step: str) -> None:
    whole = client.get(address("builder", step=step))
    assert whole.status_code == 200
    assert 'id="inspector-h"' in whole.text
    assert client.get(address("draft_step", step=step)).status_code == 200


def test_the_island_saves_patches_and_learns_of_a_conflict(client: Client, user: User) -> None:
    patch = {"op": "add_step", "id": "more", "type": "log", "after": {"step": "tell", "place": "next"}}
    told = island(client, "draft_change", {"revision": 1, "patches": [patch]}).json()
    assert told["revision"] == 2
    assert told["document"]["steps"]["more"]["next"] == "done"
    assert any(one["step"] == "more" and one["severity"] == "error" for one in told["problems"])
    late = island(client, "draft_change", {"revision": 1, "patches": [{"op": "set_start", "step": "big"}]})
    assert late.status_code == 409
    assert late.json()["code"] == "draft_changed"
    assert late.json()["meanwhile"][0]["lines"]
    assert draft(user).document["start"] == "read"
    on_top = island(
        client, "draft_change", {"revision": 1, "patches": [{"op": "set_start", "step": "big"}], "on_top": True}
    )
    assert on_top.json()["document"]["start"] == "big"


@pytest.mark.parametrize(
    "body",
    ["", "[]", "{", '{"patches": 3}', '{"revision": 1, "patches": [{"op": "x"}]}', '{"batch": "x", "patches": []}'],
)
def test_malformed_changes_are_refused_with_a_code(client: Client, body: str) -> None:
    answer = client.post(
        address("draft_change"), body, content_type="application/json", headers={"accept": "application/json"}
    )
    assert answer.status_code == 400
    assert answer.json()["code"] in ("invalid_patch", "invalid_input")


def test_the_outline_adds_connects_and_removes_without_script(client: Client, user: User) -> None:
    add = {
        "patch": json.dumps({"op": "add_step", "after": {"step": "read", "place": "next"}}),
        "type": "log",
        "revision": "1",
    }
    assert client.post(address("draft_change"), add).status_code == 302
    assert draft(user).document["steps"]["read"]["next"] == "log"
    cut = {"patch": json.dumps({"op": "connect", "step": "tell", "place": "next"}), "target": "", "revision": "2"}
    client.post(address("draft_change"), cut)
    assert "next" not in draft(user).document["steps"]["tell"]
    client.post(address("draft_undo"))
    assert draft(user).document["steps"]["tell"]["next"] == "done"
    late = client.post(address("draft_change"), {**cut, "revision": "1"}, follow=True)
    assert "Somebody else changed" in late.text


def test_the_inspector_turns_what_was_typed_into_patches(client: Client, user: User) -> None:
    sent = {"step": "tell", "revision": "1", "title": "Tell them", "with.message": "New: {{inputs.total}}", "with.message:mode": "value",
            "with.message:kind": "any", "with.level": "warning", "with.level:mode": "value", "way:next": "", "timeout_s": "abc",
            "timeout_s:mode": "value"}  # fmt: skip
    told = island(client, "draft_step", **sent).json()
    body = told["document"]["steps"]["tell"]
    assert body == {
        "type": "log", "title": "Tell them", "with": {"message": {"$text": "New: {{inputs.total}}"}, "level": "warning"},
        "timeout_s": "abc",
    }  # fmt: skip
    assert "abc" in told["html"]
    assert any(one["field"].startswith("timeout_s") for one in told["problems"])


def test_a_condition_is_edited_as_a_tree(client: Client, user: User) -> None:
    leaf = {"when.of.0:op": "gt", "when.of.0.left": "steps.read.output.total", "when.of.0.left:mode": "ref", "when.of.0.right": "5",
            "when.of.0.right:mode": "value", "when.of.0.right:kind": "any"}  # fmt: skip
    told = island(
        client,
        "draft_step",
        step="big",
        revision="1",
        **{"when:op": "all", "when.of:n": "1", "_add": "when.of", **leaf},
    ).json()
    when = told["document"]["steps"]["big"]["when"]
    assert when["op"] == "all"
    assert when["of"][0] == {"op": "gt", "left": {"$ref": "steps.read.output.total"}, "right": 5}
    assert len(when["of"]) == 2


class Form(HTMLParser):
    """The inspector's form as a browser would send it back."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.inside = False
        self.area = self.select = ""

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = dict(attributes)
        if tag == "form":
            self.inside = "data-step-form" in told
        if not self.inside or (not told.get("name") and tag != "option"):
            return
        if tag == "input" and told.get("type") in ("checkbox", "radio") and "checked" not in told:
            return
        if tag == "input":
            self.values[str(told["name"])] = told.get("value") or ""
        elif tag == "textarea":
            self.area = str(told["name"])
            self.values[self.area] = ""
        elif tag == "select":
            self.select = str(told["name"])
        elif tag == "option" and "selected" in told:
            self.values[self.select] = told.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        self.area = "" if tag == "textarea" else self.area

    def handle_data(self, data: str) -> None:
        if self.area:
            self.values[self.area] += data


def test_every_form_sent_back_as_it_was_shown_changes_nothing(client: Client, user: User) -> None:
    for step in DEFINITION["steps"]:
        form = Form()
        form.feed(client.get(address("draft_step", step=step)).text)
        assert form.values["step"] == step
        told = island(client, "draft_step", **form.values).json()
        assert told["document"]["steps"][step] == DEFINITION["steps"][step]
    assert draft(user).revision == 1


def test_publishing_makes_a_version_and_rolling_back_returns(client: Client, user: User) -> None:
    island(
        client,
        "draft_change",
        {"revision": 1, "patches": [{"op": "update_step", "step": "done", "path": "title", "value": "The end"}]},
    )
    page = client.get(address("workflow_publish"))
    assert "The end" in page.text
    assert client.post(address("workflow_publish"), {"revision": "2", "note": "Named it"}).status_code == 302
    row = Workflow.objects.select_related("current").get(slug=SLUG)
    assert (row.current.number, row.current.note) == (2, "Named it")
    assert "The end" in client.get(address("workflow_compare", old=1, new=2)).text
    client.post(address("workflow_rollback"), {"number": "1"})
    assert Workflow.objects.select_related("current").get(slug=SLUG).current.number == 1


def test_a_draft_with_mistakes_is_not_published_and_an_old_page_neither(client: Client) -> None:
    island(
        client,
        "draft_change",
        {"revision": 1, "patches": [{"op": "add_step", "id": "x", "type": "log", "after": {"step": "done"}}]},
    )
    client.post(address("workflow_publish"), {"revision": "2"})
    client.post(address("workflow_publish"), {"revision": "1"})
    assert Workflow.objects.select_related("current").get(slug=SLUG).current.number == 1


def test_run_now_takes_the_inputs_of_the_schema_and_starts_one_run(client: Client) -> None:
    form = client.get(address("workflow_run"))
    assert 'name="inputs.total"' in form.text
    wrong = client.post(
        address("workflow_run"), {"inputs.total": "abc", "inputs.total:mode": "value", "inputs:kind": "object"}
    )
    assert wrong.status_code == 400
    assert "abc" in wrong.text
    sent = {
        "inputs.total": "120",
        "inputs.note": "{{hello}}",
        "inputs:kind": "object",
        "key": "01890000-0000-7000-8000-000000000001",
    }
    first, again = (client.post(address("workflow_run"), sent) for _ in range(2))
    assert first.status_code == again.status_code == 302
    (run,) = Run.objects.all()
    assert run.inputs == {"total": 120, "note": "{{hello}}"}
    assert str(run.started_by) == client.session["_auth_user_id"]
    assert client.get(address("workflow_states")).json()["run"] == str(run.pk)
    assert client.get(address("workflow_detail")).status_code == 200


def test_a_new_workflow_is_blank_or_imported_and_exported_again(client: Client) -> None:
    create = reverse("workflows:workflow_create", urlconf="echopilot.urls_tenant")
    assert client.get(create).status_code == 200
    blank = client.post(create, {"name": "Fresh"})
    assert blank.status_code == 302
    assert client.get(blank["Location"]).status_code == 200
    exported = client.get(address("workflow_export")).text
    imported = client.post(create, {"name": "Copy", "definition": exported})
    assert imported.status_code == 302
    copy = drafts.get_draft(slug="copy", actor_id=1).document
    assert copy["steps"] == DEFINITION["steps"]
    wrong = client.post(create, {"name": "Bad", "definition": "{"})
    assert wrong.status_code == 400
    assert ">{</textarea>" in wrong.text
    assert not Workflow.objects.filter(name="Bad").exists()


def test_archiving_is_taken_back_by_undo(client: Client) -> None:
    client.post(address("workflow_archive"))
    assert Workflow.objects.get(slug=SLUG).archived_at is not None
    assert client.get(address("builder")).status_code == 409
    assert client.get(address("workflow_detail")).status_code == 200
    client.post(address("workflow_restore"))
    assert Workflow.objects.get(slug=SLUG).archived_at is None


def test_a_test_stops_goes_on_and_holds_everything(client: Client) -> None:
    start = {"inputs.total": "120", "inputs:kind": "object", "act": "start"}
    assert client.post(address("workflow_test"), start).status_code == 302
    client.post(address("workflow_test"), {"act": "breakpoint", "step": "done"})
    client.post(address("workflow_test"), {"act": "step"})
    assert "steps.read.output" in client.get(address("workflow_test")).text
    client.post(address("workflow_test"), {"act": "resume"})
    page = client.get(address("workflow_test")).text
    assert "Stopped before" in page
    assert "Big: 120" in page
    client.post(address("workflow_test"), {"act": "resume"})
    assert "reached the end" in client.get(address("workflow_test")).text
    assert not Run.objects.exists()


def test_a_pinned_sample_stands_in_for_its_step(client: Client) -> None:
    client.post(address("draft_sample"), {"step": "read", "output": '{"total": 3}'})
    client.post(address("draft_sample"), {"step": "tell", "output": "no json"})
    client.post(address("workflow_test"), {"inputs.total": "120", "inputs:kind": "object", "act": "whole"})
    page = client.get(address("workflow_test")).text
    assert "pinned sample" in page
    assert "Big: 3" not in page
    assert "Big: 120" not in page


@pytest.mark.parametrize("name", ["builder", "draft_change", "workflow_publish", "workflow_test", "draft_step"])
def test_viewers_see_workflows_and_change_nothing(client: Client, viewer: User, browse: Browse, name: str) -> None:
    looking = browse(viewer)
    assert looking.get(address("workflow_detail")).status_code == 200
    assert looking.get(address(name)).status_code == 403
    body = json.dumps({"revision": 1, "patches": [{"op": "set_start", "step": "big"}]})
    assert looking.post(address("draft_change"), body, content_type="application/json").status_code == 403
    assert drafts.get_draft(slug=SLUG, actor_id=1).document["start"] == "read"
