"""Editors of inputs, triggers and settings: each is patches of the same draft, says what is wrong at the field, loses nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client, RequestFactory

from apps.accounts.models import User
from apps.tenants.contracts import TenantRef
from apps.workflows import facade as workflows
from apps.workflows.builder import drafts
from apps.workflows.builder.classes import classes_of
from apps.workflows.builder.patches import PatchRefused, apply_patches
from apps.workflows.core.inputs import in_order, uses_of
from apps.workflows.models import Run, Trigger
from apps.workflows.published import definition_schema
from apps.workflows.services.definitions import validate_definition
from apps.workflows.triggers.enums import TriggerKind
from apps.workflows.triggers.types import TRIGGER_TYPES
from tests.workflows.test_builder_pages import DEFINITION, SLUG, Form, address

Browse = Callable[..., Client]
db = pytest.mark.django_db


@pytest.fixture
def client(tenant: TenantRef, user: User, browse: Browse) -> Client:
    workflows.ensure_workflow(slug=SLUG, name="Orders", definition=DEFINITION)
    return browse(user)


def document(actor: User) -> Any:
    return drafts.get_draft(slug=SLUG, actor_id=actor.pk).document


def send(client: Client, step: str, **fields: Any) -> Any:
    """A form of a pane, as the island sends it, for the draft as it stands."""
    revision = client.get(address("draft_change")).json()["revision"]
    return client.post(
        address("draft_step"), {"step": step, "revision": revision, **fields}, headers={"accept": "application/json"}
    )


def pane(client: Client, step: str) -> str:
    answer = client.get(address("draft_step"), {"step": step})
    assert answer.status_code == 200, step
    return answer.text


# Inputs: patches


def test_inputs_keep_the_order_people_chose() -> None:
    start = {"schema": 1, "start": "", "steps": {}}
    patches = [{"op": "set_input", "name": name, "value": {"type": "string"}} for name in ("zeta", "a", "middle")]
    made = apply_patches(start, patches)
    assert in_order(json.loads(json.dumps(made["inputs"], sort_keys=True))) == ["zeta", "a", "middle"]
    moved = apply_patches(made, [{"op": "move_input", "name": "middle", "to": 0}])
    assert in_order(moved["inputs"]) == ["middle", "zeta", "a"]
    assert "inputs" not in apply_patches(made, [{"op": "set_input", "name": name} for name in ("zeta", "a", "middle")])


def test_renaming_an_input_takes_what_uses_it_along_or_not() -> None:
    triggers = {"hook": {"type": "webhook", "with": {"inputs": {"total": {"$ref": "trigger.body.sum"}}}}}
    extra = {
        "type": "set",
        "with": {"b": {"$expr": "inputs.total + inputs['total']"}, "c": {"$text": "{{inputs.total}} inputs.total"}},
    }
    before = {**DEFINITION, "triggers": triggers, "steps": {**DEFINITION["steps"], "extra": extra}}
    after = apply_patches(before, [{"op": "rename_input", "name": "total", "to": "sum"}])
    assert after["inputs"]["required"] == ["sum"]
    assert in_order(after["inputs"]) == ["sum", "note"]
    assert after["steps"]["read"]["with"] == {"total": {"$ref": "inputs.sum"}}
    assert after["steps"]["extra"]["with"]["b"] == {"$expr": "inputs.sum + inputs['sum']"}
    assert after["steps"]["extra"]["with"]["c"] == {"$text": "{{inputs.sum}} inputs.total"}
    assert after["triggers"]["hook"]["with"]["inputs"] == {"sum": {"$ref": "trigger.body.sum"}}
    assert uses_of(after, "total") == []
    only = apply_patches(before, [{"op": "rename_input", "name": "total", "to": "sum", "follow": False}])
    assert only["steps"] == before["steps"]
    assert [use.name for use in uses_of(only, "total")] == ["read", "extra", "hook"]


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        ({"op": "set_input", "name": "1x", "value": {}}, "bad_input_name"),
        ({"op": "set_input", "name": "x", "value": 3}, "not_an_object"),
        ({"op": "set_input", "name": "gone"}, "no_such_input"),
        ({"op": "require_input", "name": "gone", "value": True}, "no_such_input"),
        ({"op": "move_input", "name": "total", "to": "up"}, "bad_path"),
        ({"op": "rename_input", "name": "total", "to": "note"}, "input_exists"),
        ({"op": "rename_input", "name": "total", "to": "a b"}, "bad_input_name"),
    ],
)
def test_a_patch_of_inputs_that_does_not_fit_is_refused(patch: dict[str, Any], code: str) -> None:
    with pytest.raises(PatchRefused) as refused:
        apply_patches(DEFINITION, [patch])
    assert refused.value.code == code


# Inputs: pages


@db
def test_an_input_is_added_described_and_taken_back(client: Client, user: User) -> None:
    told = send(client, ":inputs", name="Due date", sort="date", _new="1").json()
    assert told["open"] == ":input:due_date"
    assert "Due date" in told["html"]
    made = document(user)["inputs"]
    assert made["properties"]["due_date"]["title"] == "Due date"
    assert made["properties"]["due_date"]["format"] == "date"
    assert in_order(made)[-1] == "due_date"
    fields = {"sort": "date", "title": "Due", "description": "When", "required": "1", "default": "2027-01-31"}
    send(client, ":input:due_date", **fields)
    made = document(user)["inputs"]
    assert made["properties"]["due_date"]["default"] == "2027-01-31"
    assert "due_date" in made["required"]
    send(client, ":inputs", _up="due_date")
    assert in_order(document(user)["inputs"]) == ["note", "due_date", "total"]
    client.post(address("draft_undo"))
    assert in_order(document(user)["inputs"])[-1] == "due_date"


@db
@pytest.mark.parametrize("sort", ["text", "number", "integer", "boolean", "choice", "list", "object", "any"])
def test_each_sort_of_input_shows_and_comes_back_as_it_was(client: Client, user: User, sort: str) -> None:
    send(client, ":inputs", name="thing", sort=sort, _new="1")
    before = document(user)
    form = Form()
    form.feed(pane(client, ":input:thing"))
    told = send(client, **form.values).json()
    assert told["document"] == before


@db
def test_a_wrong_default_is_told_at_its_field_and_kept(client: Client, user: User) -> None:
    send(client, ":input:total", sort="number", required="1", default="many")
    assert document(user)["inputs"]["properties"]["total"]["default"] == "many"
    found = [one for one in validate_definition(document(user)) if one.code == "bad_default"]
    assert found[0].place == "inputs.properties.total.default"
    assert 'aria-invalid="true"' in pane(client, ":input:total")


@db
def test_a_name_that_is_taken_is_refused_with_what_was_typed(client: Client, user: User) -> None:
    before = document(user)
    answer = send(client, ":inputs", name="note", sort="number", _new="1")
    assert answer.status_code == 400
    assert answer.json()["code"] == "invalid_patch"
    assert 'value="note"' in answer.json()["html"]
    plain = client.post(address("draft_step"), {"step": ":inputs", "name": "note", "revision": "1", "_new": "1"})
    assert plain.status_code == 400
    assert "There is already an input" in plain.text
    assert document(user) == before


@db
def test_removing_an_input_says_what_breaks_and_the_validator_agrees(client: Client, user: User) -> None:
    shown = pane(client, ":input:total")
    assert "1 step takes it and would fail without it." in shown
    assert 'data-step="read"' in shown
    told = send(client, ":input:total", _remove="total").json()
    assert told["open"] == ":inputs"
    found = [one for one in validate_definition(document(user)) if one.code == "unknown_input"]
    assert [(one.step, one.severity) for one in found] == [("read", "warning")]
    client.post(address("draft_undo"))
    assert document(user)["inputs"]["properties"].keys() == {"total", "note"}


@db
def test_renaming_by_the_page_follows_or_does_not(client: Client, user: User) -> None:
    told = send(client, ":input:total", to="sum", _rename="follow").json()
    assert told["open"] == ":input:sum"
    assert document(user)["steps"]["read"]["with"]["total"] == {"$ref": "inputs.sum"}
    send(client, ":input:sum", to="amount", _rename="here")
    assert document(user)["steps"]["read"]["with"]["total"] == {"$ref": "inputs.sum"}
    assert [one.step for one in validate_definition(document(user)) if one.code == "unknown_input"] == ["read"]


@db
def test_a_run_gets_the_default_of_what_it_was_not_given(client: Client) -> None:
    inputs = {
        **DEFINITION["inputs"],
        "properties": {"total": {"type": "number", "default": 7}, "note": {"type": "string"}},
    }
    workflows.ensure_workflow(slug=SLUG, name="Orders", definition={**DEFINITION, "inputs": inputs})
    run = workflows.start_run(workflow=SLUG, inputs={"note": "x"})
    assert Run.objects.get(pk=run).inputs == {"note": "x", "total": 7}


# Triggers


@db
def test_the_kinds_of_triggers_are_said_in_one_place(client: Client) -> None:
    known = sorted(entry.type for entry in TRIGGER_TYPES)
    assert known == sorted(TriggerKind.values)
    published = json.loads(definition_schema(RequestFactory().get("/")).content)
    assert published["properties"]["triggers"]["additionalProperties"]["properties"]["type"]["enum"] == known
    wrong = validate_definition({**DEFINITION, "triggers": {"x": {"type": "pigeon"}}})
    assert [one.code for one in wrong if one.severity == "error"] == ["unknown_trigger_type"]


@db
@pytest.mark.parametrize("kind", TriggerKind.values)
def test_every_kind_of_trigger_is_added_shown_and_comes_back_as_it_was(client: Client, user: User, kind: str) -> None:
    told = send(client, ":triggers", type=kind, _new="1").json()
    assert told["open"] == f":trigger:{kind}"
    before = document(user)["triggers"][kind]
    assert before["type"] == kind
    form = Form()
    form.feed(pane(client, told["open"]))
    again = send(client, **form.values).json()
    assert again["document"]["triggers"][kind] == before
    assert kind in pane(client, ":triggers")
    send(client, f":trigger:{kind}", _remove=kind)
    assert "triggers" not in document(user)
    client.post(address("draft_undo"))
    assert document(user)["triggers"][kind] == before


@db
def test_a_schedule_is_said_in_words_with_its_next_five_starts(client: Client, user: User) -> None:
    send(client, ":triggers", type="schedule", _new="1")
    told = send(client, ":trigger:schedule", rule="weekly", **{"with.zone": "Europe/Madrid"}).json()
    assert document(user)["triggers"]["schedule"]["with"]["weekly"] == {"at": "09:00", "days": ["mon"]}
    fields = {"rule": "weekly", "with.weekly.at": "07:30", "with.weekly.days": ["mon", "fri"], "with.weekly.days:kind": "checks",
              "with.zone": "Europe/Madrid", "with.missed": "skip", "with.overlap": "queue"}  # fmt: skip
    told = send(client, ":trigger:schedule", **fields).json()
    assert document(user)["triggers"]["schedule"]["with"] == {
        "weekly": {"at": "07:30", "days": ["mon", "fri"]}, "zone": "Europe/Madrid", "missed": "skip", "overlap": "queue",
    }  # fmt: skip
    assert "Every Monday and Friday at" in told["html"]
    assert told["html"].count("<tr><td>") == 5
    assert "skips in spring" in told["html"]
    assert "with.grace_s" in told["html"]


@db
def test_what_is_wrong_with_a_schedule_is_told_at_its_field(client: Client, user: User) -> None:
    send(client, ":triggers", type="schedule", _new="1")
    told = send(client, ":trigger:schedule", rule="daily", **{"with.daily.at": "25:00", "with.zone": "UTC"}).json()
    assert document(user)["triggers"]["schedule"]["with"]["daily"] == {"at": "25:00"}
    assert told["blocked"]
    assert 'value="25:00"' in told["html"]
    assert "aria-invalid" in told["html"].split('name="with.daily.at"')[1][:80]
    assert 'data-step=":trigger:schedule"' in told["shown"]["[data-problem-list]"]


@db
def test_an_endpoint_has_an_address_once_it_is_published_and_fills_the_inputs(client: Client, user: User) -> None:
    send(client, ":triggers", type="webhook", _new="1")
    assert "when you publish" in pane(client, ":trigger:webhook")
    fields = {"with.verify": "bearer", "with.inputs.total": "trigger.body.sum", "with.inputs.total:mode": "ref",
              "with.inputs.note": "From {{trigger.body.name}}", "with.inputs.note:mode": "value"}  # fmt: skip
    send(client, ":trigger:webhook", **fields)
    config = document(user)["triggers"]["webhook"]["with"]
    assert config["inputs"] == {"total": {"$ref": "trigger.body.sum"}, "note": {"$text": "From {{trigger.body.name}}"}}
    revision = client.get(address("draft_change")).json()["revision"]
    assert client.post(address("workflow_publish"), {"revision": revision}).status_code == 302
    row = Trigger.objects.get(slug="webhook")
    assert row.address_key in pane(client, ":trigger:webhook")
    wrong = {"with.inputs.total": "steps.read", "with.inputs.total:mode": "ref"}
    told = send(client, ":trigger:webhook", **wrong).json()
    assert told["blocked"]


# Settings


@db
def test_rules_of_approval_are_set_and_taken_back(client: Client, user: User) -> None:
    shown = pane(client, ":settings")
    assert "One refusal is enough" in shown
    fields = {"approvals:kind": "object", "approvals.quorum": "2", "approvals.expires_s": "2", "approvals.expires_s:unit": "days",
              "approvals.expires_s:kind": "duration", "approvals.allow_self": "false", "approvals.roles": ["owner"],
              "approvals.roles:kind": "checks", "approvals.escalate_to": [str(user.pk), "admin"],
              "approvals.escalate_to:kind": "checks"}  # fmt: skip
    send(client, ":settings", **fields)
    made = document(user)["settings"]["approvals"]
    assert made == {
        "quorum": 2,
        "expires_s": 172_800,
        "allow_self": False,
        "roles": ["owner"],
        "escalate_to": [user.pk, "admin"],
    }
    assert not [one for one in validate_definition(document(user)) if one.place.startswith("settings")]
    form = Form()
    form.feed(pane(client, ":settings"))
    assert (form.values["approvals.expires_s"], form.values["approvals.expires_s:unit"]) == ("2", "days")
    told = send(client, ":settings", **{**fields, "approvals.expires_s": "soon"}).json()
    assert told["document"]["settings"]["approvals"]["expires_s"] == "soon"
    assert told["blocked"]
    assert 'value="soon"' in told["html"]
    client.post(address("draft_undo"))
    client.post(address("draft_undo"))
    assert "settings" not in document(user)


@db
def test_two_people_at_the_settings_get_the_conflict_answer(client: Client, user: User) -> None:
    send(client, ":settings", **{"approvals:kind": "object", "approvals.quorum": "2"})
    late = client.post(
        address("draft_step"), {"step": ":settings", "revision": "1", "approvals:kind": "object", "approvals.quorum": "3"},
        headers={"accept": "application/json"},
    )  # fmt: skip
    assert late.status_code == 409
    assert late.json()["meanwhile"][0]["lines"] == ["Changed the settings of the workflow"]
    assert document(user)["settings"]["approvals"]["quorum"] == 2


@db
@pytest.mark.parametrize("step", [":inputs", ":input:total", ":triggers", ":settings", ":estimate"])
def test_each_pane_stands_in_the_page_without_script(client: Client, step: str) -> None:
    answer = client.get(address("builder"), {"step": step})
    assert answer.status_code == 200
    assert f'data-step="{step}"' in answer.text
    assert 'id="inspector-h"' in answer.text


@db
def test_parts_that_are_not_there_answer_like_steps_that_are_not(client: Client) -> None:
    for step in (":input:gone", ":trigger:gone", ":nothing"):
        assert client.get(address("draft_step"), {"step": step}).status_code == 404


@db
def test_a_member_without_the_right_changes_nothing(client: Client, user: User, viewer: User, browse: Browse) -> None:
    other = browse(viewer)
    answer = other.post(address("draft_step"), {"step": ":settings", "revision": "1", "approvals.quorum": "9"})
    assert answer.status_code == 403
    assert "settings" not in document(user)


# Classes


@db
def test_the_class_of_a_step_is_what_its_act_would_reach(client: Client, user: User) -> None:
    steps = {
        "note": {"type": "log", "with": {"message": "x"}, "next": "inside"},
        "inside": {"type": "email.send", "with": {"to": [user.email], "subject": "s", "body": "b"}, "next": "outside"},
        "outside": {
            "type": "email.send",
            "with": {"to": ["a@else.example"], "subject": "s", "body": "b"},
            "next": "open",
        },
        "open": {
            "type": "email.send",
            "with": {"to": [{"$ref": "inputs.to"}], "subject": "s", "body": "b"},
            "next": "post",
        },
        "post": {
            "type": "http.request",
            "with": {"inputs": {"url": "https://x.example", "method": "POST"}},
            "next": "ask",
        },
        "ask": {"type": "ai.generate", "with": {"prompt": "x"}, "approval": {"require": "always"}, "next": "strange"},
        "strange": {"type": "gone.away"},
    }
    found = classes_of({"schema": 1, "start": "note", "steps": steps})
    assert {step: one.risk for step, one in found.items() if step != "ask"} == {
        "note": "A", "inside": "A", "outside": "C", "open": "?", "post": "C", "strange": "?",
    }  # fmt: skip
    assert "to" in found["open"].words
    assert found["outside"].held
    assert "Reaches somebody outside the workspace." in found["outside"].reasons
    stranger = {
        "triggers": {"hook": {"type": "webhook"}},
        "schema": 1,
        "start": "open",
        "steps": {"open": {**steps["open"], "next": None}},
    }
    assert classes_of(stranger)["open"].risk == "C"


@db
def test_canvas_and_outline_show_the_classes(client: Client) -> None:
    told = client.get(address("draft_change")).json()
    assert told["classes"]["read"]["risk"] == "A"
    page = client.get(address("builder"))
    assert 'class="b-class A"' in page.text
    assert "Before you run" in page.text
    assert "Class A" in told["shown"]["[data-estimate]"]
    assert "Highest class" in pane(client, ":estimate")
