"""Secrets: nobody reads one again, a service that repeats one is not believed, and nothing that needs one loses it unseen."""

import base64
import contextlib
import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.core import serializers
from django.db import DatabaseError, connection, connections, transaction

from apps.core.errors import InvalidInput, Misconfigured
from apps.core.logging import build_formatter
from apps.workflows import facade
from apps.workflows.builder import drafts
from apps.workflows.core.secrets import PLACEHOLDER, Mask, names_in
from apps.workflows.errors import (
    InvalidDefinition,
    SecretExists,
    SecretInUse,
    SecretMissing,
    UnknownSecret,
)
from apps.workflows.models import Effect, Run, Secret, SecretChange
from apps.workflows.services import secrets
from tests.servers.services.echo import Echo
from tests.workflows import approving, driving

pytestmark = pytest.mark.usefixtures("committed", "provider")
PLANTED = 'pl4nted "key" & mörë/42='
PLAIN = "pl4nted-Key/42+x=="


@pytest.fixture
def echo(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Echo]:
    """An address of the web that repeats whatever it is sent, and a workspace that is live, so that it is really sent."""
    monkeypatch.setattr("apps.workflows.engine.runner.is_rehearsal", lambda tenant: False)
    with Echo() as service:
        settings.OUTBOUND_ALLOW = [service.address]
        yield service


def call(echo: Echo, path: str = "/x", *, method: str = "GET", **more: Any) -> dict[str, Any]:
    """A step that sends the secret in a header."""
    inputs = {"url": f"{echo.url}{path}", "method": method, "headers": {"X-Api-Key": {"$secret": "api_key"}}, **more}
    return {"type": "http.request", "with": {"inputs": inputs}, "retry": {"max_attempts": 1}}


def all_of_it(slug: str = "acme") -> str:
    """Every row of every table of a workspace, as text."""
    with driving.inside(slug), connection.cursor() as cursor:
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = current_schema()")
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT to_jsonb(t)::text FROM "{table}" t')
            found += [f"{table}: {row[0]}" for row in cursor.fetchall()]
        cursor.execute("SELECT to_jsonb(t)::text FROM public.dispatch_workitem t")
        return "\n".join([*found, *(row[0] for row in cursor.fetchall())])


def written(value: str) -> set[str]:
    """A value as it may stand somewhere."""
    packed = base64.b64encode(value.encode()).decode()
    return {
        value,
        json.dumps(value)[1:-1],
        json.dumps(json.dumps(value))[2:-2],
        quote(value),
        quote(value, safe=""),
        packed,
    }


def assert_nowhere(value: str, text: str) -> None:
    """The value stands nowhere in the text, in no writing."""
    for form in written(value):
        assert form not in text, text[max(0, text.index(form) - 200) : text.index(form) + 40]


@contextlib.contextmanager
def logged() -> Iterator[io.StringIO]:
    """What the product's own log says meanwhile, everything of every level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(build_formatter(style="json"))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def test_it_is_encrypted_for_its_row_and_cannot_be_read_back() -> None:
    with driving.inside():
        made = secrets.add_secret(name="api_key", value=PLAIN, note="from the vendor", user_id=7)
        assert (made.created_by, made.note, made.used_at, made.uses) == (7, "from the vendor", None, ())
        assert not hasattr(made, "value") and PLAIN not in repr(made)
        with connection.cursor() as cursor:
            cursor.execute("SELECT value FROM workflows_secret")
            assert cursor.fetchone()[0].startswith("v1:")
        with pytest.raises(Misconfigured):
            serializers.serialize("json", Secret.objects.all())
        assert PLAIN not in repr(Secret.objects.get().value)
    assert_nowhere(PLAIN, all_of_it())


def test_every_act_is_on_record_without_the_value_and_the_record_stays() -> None:
    with driving.inside():
        made = secrets.add_secret(name="api_key", value=PLAIN, user_id=7)
        replaced = secrets.replace_secret(made.id, value="another value", user_id=8)
        assert (replaced.replaced_by, replaced.note) == (8, "") and replaced.replaced_at is not None
        assert secrets.delete_secret(made.id, user_id=9) == "api_key"
        assert secrets.delete_secret(made.id, user_id=9) == ""
        acts = [(one.name, one.kind, one.user_id) for one in secrets.list_secret_changes()]
        assert acts == [("api_key", "deleted", 9), ("api_key", "replaced", 8), ("api_key", "added", 7)]
        for change in (lambda: SecretChange.objects.update(name="other"), lambda: SecretChange.objects.all().delete()):
            with pytest.raises(DatabaseError), transaction.atomic():
                change()


@pytest.mark.parametrize(
    ("given", "field"),
    [({"name": "Api"}, "name"), ({"name": "a b"}, "name"), ({"name": "ä"}, "name"), ({"name": "a\n"}, "name"), ({"name": ""}, "name"),
     ({"value": "short"}, "value"), ({"value": "       x"}, "value"), ({"value": "x" * 10_001}, "value"),
     ({"value": "nul\x00nul\x00"}, "value"), ({"value": "lone\ud800surrogate"}, "value"), ({"note": "n" * 201}, "note")],
)  # fmt: skip
def test_wrong_input_is_refused_by_field_and_without_the_value(given: dict[str, str], field: str) -> None:
    with driving.inside():
        with pytest.raises(InvalidInput) as refused:
            secrets.add_secret(**({"name": "api_key", "value": PLAIN} | given))
        assert set(refused.value.fields) == {field}
        assert given.get("value", PLAIN) not in str(refused.value) + str(refused.value.fields)
        assert not Secret.objects.exists() and not SecretChange.objects.exists()


def test_a_name_is_taken_once_and_unknown_ids_are_told() -> None:
    with driving.inside():
        secrets.add_secret(name="api_key", value=PLAIN)
        with pytest.raises(SecretExists):
            secrets.add_secret(name="api_key", value=PLAIN)
        assert SecretChange.objects.count() == 1
        for act in (lambda: secrets.get_secret(uuid4()), lambda: secrets.replace_secret(uuid4(), value=PLAIN)):
            with pytest.raises(UnknownSecret):
                act()


@pytest.mark.parametrize("value", [PLAIN, PLANTED])
def test_a_service_that_repeats_it_leaves_dots_everywhere(echo: Echo, value: str) -> None:
    sent = value if value.isascii() else PLAIN
    with driving.inside():
        secrets.add_secret(name="api_key", value=sent)
        secrets.add_secret(name="other", value=PLANTED)
        slug = driving.workflow({
            "a": {**call(echo, "/a", query={"q": "1"}), "next": "b"},
            "b": {"type": "set", "with": {"copied": {"$ref": "steps.a.output.json.headers"}, "said": {"$text": "It said {{ steps.a.output.json }}"}}},
        }, output={"all": {"$ref": "steps.b.output"}})  # fmt: skip
        with logged() as log:
            run_id = facade.start_run(workflow=slug, inputs={})
            driving.drain()
        assert echo.log[-1].headers["X-Api-Key"] == sent
        run = facade.get_run(run_id)
        assert run.state == "succeeded"
        assert run.outputs["all"]["copied"]["x-api-key"] == PLACEHOLDER
        assert Effect.objects.get().response["json"]["headers"]["x-api-key"] == PLACEHOLDER
        assert json.loads(Effect.objects.get().request)["inputs"]["headers"] == {"X-Api-Key": PLACEHOLDER}
        assert secrets.list_secrets()[0].used_at is not None
        assert secrets.list_secrets()[1].used_at is None
    assert_nowhere(sent, all_of_it())
    assert_nowhere(sent, log.getvalue())


def test_a_later_call_of_the_workflow_does_not_bring_it_home_either(echo: Echo) -> None:
    with driving.inside():
        secrets.add_secret(name="api_key", value=PLAIN)
    reads = {
        "type": "http.get",
        "with": {"inputs": {"url": f"{echo.url}/kept/{quote(PLAIN, safe='')}", "query": {"k": PLAIN}}},
    }
    run_id = driving.run({"a": {**call(echo), "next": "b"}, "b": reads})
    said = json.dumps(driving.view(run_id).steps[-1].output)
    assert driving.view(run_id).state == "succeeded" and PLACEHOLDER in json.loads(said)["json"]["query"]["k"]
    assert_nowhere(PLAIN, said)


def test_an_error_that_quotes_it_is_masked_before_it_is_cut(echo: Echo) -> None:
    with driving.inside():
        secrets.add_secret(name="api_key", value=PLAIN)
    for words in (f"Bad key {PLAIN}", "x" * 290 + PLAIN, quote(PLAIN, safe="")):
        echo.faults.append({"kind": "status", "status": 422, "body": {"message": words}})
        with logged() as log:
            run_id = driving.run({"a": call(echo)}, slug=f"w{len(words)}")
        run = driving.view(run_id)
        assert run.state == "failed" and run.error is not None and run.error.message
        assert_nowhere(PLAIN, all_of_it())
        assert_nowhere(PLAIN, log.getvalue())
        assert PLAIN[:12] not in run.error.message


def test_a_run_that_waits_uses_the_new_value(echo: Echo) -> None:
    with driving.inside():
        made = secrets.add_secret(name="api_key", value=PLAIN)
    run_id = driving.run(
        {"w": {"type": "wait_event", "with": {"event": "go"}, "next": "a"}, "a": call(echo)}, start="w"
    )
    with driving.inside():
        secrets.replace_secret(made.id, value="the second value")
        facade.signal_run(run_id=run_id, event="go", payload={})
    driving.drain()
    assert driving.view(run_id).state == "succeeded"
    assert echo.log[-1].headers["X-Api-Key"] == "the second value"
    assert "the second value" not in all_of_it()


def test_people_approve_dots_and_the_value_of_the_moment_is_sent(echo: Echo) -> None:
    from apps.accounts.models import User

    with driving.inside():
        made = secrets.add_secret(name="api_key", value=PLAIN)
    run_id = driving.run({"a": call(echo, method="POST", json={"order": 1})})
    asked = approving.question(run_id)
    assert echo.log == [] and json.loads(asked.payload)["inputs"]["headers"] == {"X-Api-Key": PLACEHOLDER}
    with driving.inside():
        secrets.replace_secret(made.id, value="the second value")
    approving.decide(run_id, user=User.objects.get(email="owner@acme.example"))
    assert driving.view(run_id).state == "succeeded"
    assert echo.log[-1].headers["X-Api-Key"] == "the second value"
    for value in (PLAIN, "the second value"):
        assert_nowhere(value, all_of_it())


def test_it_cannot_be_deleted_under_a_published_version_or_a_waiting_run(echo: Echo) -> None:
    with driving.inside():
        made = secrets.add_secret(name="api_key", value=PLAIN)
    waits = {"w": {"type": "wait_event", "with": {"event": "go"}, "next": "a"}, "a": call(echo)}
    run_id = driving.run(waits, start="w")
    with driving.inside():
        with pytest.raises(SecretInUse) as refused:
            secrets.delete_secret(made.id)
        assert refused.value.fields == {"name": "w"}
        driving.workflow({"a": {"type": "set", "with": {"n": 1}}})
        (use,) = secrets.get_secret(made.id).uses
        assert (use.published, use.live_runs, use.holds) == (False, 1, True)
        with pytest.raises(SecretInUse):
            secrets.delete_secret(made.id)
        facade.cancel_run(run_id=run_id, reason="test")
    driving.drain()
    with driving.inside():
        assert secrets.get_secret(made.id).uses == ()
        assert secrets.delete_secret(made.id) == "api_key"
        with pytest.raises(SecretMissing):
            facade.rollback_workflow(workflow="w", number=1)
        assert facade.get_workflow(workflow="w").current == 2


def test_a_draft_does_not_hold_it_but_is_named(echo: Echo) -> None:
    with driving.inside():
        made = secrets.add_secret(name="api_key", value=PLAIN)
        slug = driving.workflow({"a": {"type": "set", "with": {"n": 1}}})
        draft = drafts.get_draft(slug=slug, actor_id=1)
        body = {**draft.document, "steps": {"a": {**draft.document["steps"]["a"], "next": "b"}, "b": call(echo)}}
        drafts.WorkflowDraft.objects.create(workflow_id=draft.workflow_id, document=body)
        (use,) = secrets.get_secret(made.id).uses
        assert (use.slug, use.draft, use.holds) == ("w", True, False)
        secrets.delete_secret(made.id)
        with pytest.raises(InvalidDefinition) as refused:
            facade.publish_workflow(workflow=slug, definition=body)
        assert any("api_key" in str(text) for text in refused.value.fields.values())


def test_an_archived_workflow_lets_it_go_and_does_not_come_back_without_it(echo: Echo) -> None:
    with driving.inside():
        made = secrets.add_secret(name="api_key", value=PLAIN)
        slug = driving.workflow({"a": call(echo)})
        facade.archive_workflow(workflow=slug)
        secrets.delete_secret(made.id)
        with pytest.raises(SecretMissing):
            facade.restore_workflow(workflow=slug)
        assert facade.get_workflow(workflow=slug).archived
        secrets.add_secret(name="api_key", value=PLAIN)
        assert not facade.restore_workflow(workflow=slug).archived


def test_a_failed_run_whose_secret_is_gone_says_so_and_goes_on_when_it_is_back(echo: Echo) -> None:
    with driving.inside():
        made = secrets.add_secret(name="api_key", value=PLAIN)
    echo.faults.append({"kind": "status", "status": 422})
    run_id = driving.run({"a": call(echo)})
    with driving.inside():
        driving.workflow({"a": {"type": "set", "with": {"n": 1}}})
        secrets.delete_secret(made.id)
        facade.retry_run(run_id=run_id)
    driving.drain()
    failed = driving.view(run_id)
    assert failed.error is not None and (failed.error.code, len(echo.log)) == ("unknown_secret", 1)
    with driving.inside():
        secrets.add_secret(name="api_key", value="a third value")
        facade.retry_run(run_id=run_id)
    driving.drain()
    assert driving.view(run_id).state == "succeeded"
    assert echo.log[-1].headers["X-Api-Key"] == "a third value"


def test_a_name_of_another_workspace_means_nothing_here(echo: Echo) -> None:
    with driving.inside("globex"):
        theirs = secrets.add_secret(name="api_key", value=PLAIN)
    with driving.inside():
        with pytest.raises(InvalidDefinition):
            driving.workflow({"a": call(echo)})
        with pytest.raises(UnknownSecret):
            secrets.get_secret(theirs.id)
        assert secrets.delete_secret(theirs.id) == "" and secrets.known_values(["api_key"]) == {}
        secrets.add_secret(name="api_key", value="our own value")
    driving.run({"a": call(echo)})
    assert echo.log[-1].headers["X-Api-Key"] == "our own value"
    with driving.inside("globex"):
        assert secrets.get_secret(theirs.id).used_at is None


def test_a_value_copied_from_another_row_does_not_open(echo: Echo) -> None:
    with driving.inside():
        secrets.add_secret(name="api_key", value=PLAIN)
        secrets.add_secret(name="second", value="something else")
        slug = driving.workflow({"a": call(echo)})
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE workflows_secret SET value = (SELECT value FROM workflows_secret WHERE name = 'second') WHERE name = 'api_key'"
            )
        run_id = facade.start_run(workflow=slug, inputs={})
    driving.drain()
    run = driving.view(run_id)
    assert run.error is not None and run.error.code == "decryption_failed"
    assert echo.log == []


def test_versions_differences_and_the_record_show_names_only(echo: Echo) -> None:
    with driving.inside():
        for name in ("api_key", "second"):
            secrets.add_secret(name=name, value=f"{PLAIN}-{name}")
        driving.workflow({"a": call(echo)})
        other = call(echo)
        other["with"]["inputs"]["headers"]["X-Api-Key"] = {"$secret": "second"}
        driving.workflow({"a": other})
        told = repr(facade.diff_versions(workflow="w", old=1, new=2)) + repr(facade.get_workflow(workflow="w"))
        assert "second" in told
    assert_nowhere(PLAIN, told)
    assert_nowhere(PLAIN, all_of_it())


def test_deleting_and_publishing_cannot_pass_each_other(echo: Echo) -> None:
    from concurrent.futures import ThreadPoolExecutor

    def race(act: Any) -> str:
        try:
            with driving.inside():
                act()
            return "done"
        except (SecretInUse, SecretMissing, InvalidDefinition) as error:
            return type(error).__name__
        finally:
            connections.close_all()

    for number in range(5):
        with driving.inside():
            made = secrets.add_secret(name="api_key", value=PLAIN)
        with ThreadPoolExecutor(2) as pool:
            publishing = pool.submit(race, lambda n=number: driving.workflow({"a": call(echo)}, slug=f"w{n}"))
            deleting = pool.submit(race, lambda one=made: secrets.delete_secret(one.id))
            told = {publishing.result(), deleting.result()}
        with driving.inside():
            published = any(use.published for row in secrets.list_secrets() for use in row.uses)
            assert "done" in told and len(told) == 2, told
            assert published == Secret.objects.exists()
            if published:
                facade.archive_workflow(workflow=f"w{number}")
                secrets.delete_secret(made.id)


def test_a_mask_finds_every_usual_writing_and_leaves_the_rest_alone() -> None:
    mask = Mask([PLANTED, "12345678"])
    for form in written(PLANTED):
        assert_nowhere(PLANTED, json.dumps(mask.hide({form: [form, f"<{form}>"]}), ensure_ascii=False))
    assert mask.hide({"n": 12345678, "m": 912345678, "t": True, "x": None, "f": 1.5}) == {
        "n": PLACEHOLDER, "m": 912345678, "t": True, "x": None, "f": 1.5,
    }  # fmt: skip
    whole = {"a": [1]}
    assert Mask([]).hide(whole) is whole


def test_names_are_read_from_anything() -> None:
    for strange in (None, [], {"steps": []}, {"steps": {"a": 3}}, {"steps": {"a": {"with": "x"}}}):
        assert names_in(strange) == frozenset()


def test_listing_costs_the_same_for_one_and_for_many(echo: Echo) -> None:
    from django.test.utils import CaptureQueriesContext

    with driving.inside():
        counts = []
        for number in (0, 1, 2):
            secrets.add_secret(name="api_key" if not number else f"key_{number}", value=PLAIN)
            driving.workflow({"a": call(echo)}, slug=f"w{number}")
            with CaptureQueriesContext(connection) as queries:
                assert len(secrets.list_secrets()) == number + 1
            counts.append(len(queries))
        assert len(set(counts)) == 1 and Run.objects.count() == 0
