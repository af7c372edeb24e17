"""Pages and API of secrets: people and programs put values in, nobody gets one out."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from apps.workflows import facade
from apps.workflows.models import Secret, SecretChange
from apps.workflows.services import secrets

VALUE = "planted-Value-1234"
API = "/api/v1/secrets/"


def path(name: str, *args: Any) -> str:
    """The address of a page."""
    return reverse(f"secrets:{name}", args=args, urlconf="echopilot.urls_tenant")


def publish(name: str = "api_key", slug: str = "calls") -> None:
    """A workflow whose current version sends the secret."""
    inputs = {"url": "https://service.example/", "headers": {"X-Key": {"$secret": name}}}
    definition = {"schema": 1, "start": "a", "steps": {"a": {"type": "http.get", "with": {"inputs": inputs}}}}
    facade.ensure_workflow(slug=slug, name="Calls the service", definition=definition)


def page(answer: Any) -> str:
    """What was answered, having made sure that the value is not in it."""
    text = answer.content.decode()
    assert VALUE not in text
    return str(text)


def test_an_empty_list_offers_one_act_to_who_may(tenant, browse, user, member, viewer) -> None:
    assert path("secret_create") in page(browse(user).get(path("secret_list")))
    shown = page(browse(member).get(path("secret_list")))
    assert path("secret_create") not in shown and "No secrets yet" in shown
    assert browse(viewer).get(path("secret_list")).status_code == 403


def test_adding_replacing_and_deleting_from_the_pages(tenant, browse, user) -> None:
    client = browse(user)
    assert "stripe_key" in page(client.get(path("secret_create"), {"name": "stripe_key"}))
    made = client.post(path("secret_create"), {"name": "api_key", "value": VALUE, "note": "from Ana"}, follow=True)
    assert "api_key" in page(made) and "from Ana" in page(made)
    row = Secret.objects.get()
    assert (str(row.value), row.created_by) == (VALUE, user.pk)
    publish()
    listed = page(client.get(path("secret_list")))
    assert "Calls the service" in listed and "Never" in listed and "What is promised" in listed
    detail = page(client.get(path("secret_detail", row.pk)))
    assert path("secret_delete", row.pk) not in detail and "cannot be deleted" in detail
    refused = client.post(path("secret_delete", row.pk))
    assert refused.status_code == 409 and "Calls the service" in page(refused)
    client.post(path("secret_replace", row.pk), {"value": f"{VALUE}-2", "note": "from Ben"})
    row.refresh_from_db()
    assert (str(row.value), row.note, row.replaced_by) == (f"{VALUE}-2", "from Ben", user.pk)
    facade.archive_workflow(workflow="calls")
    assert "Delete api_key" in page(client.get(path("secret_detail", row.pk)))
    assert "Deleted" in page(client.post(path("secret_delete", row.pk), follow=True))
    assert not Secret.objects.exists()


@pytest.mark.parametrize(
    ("given", "words"),
    [({"name": "Api Key"}, "Small letters"), ({"value": "short"}, "8 to 10,000"), ({"note": "n" * 201}, "at most 200"),
     ({"value": ""}, "required"), ({"name": "taken"}, "taken")],
)  # fmt: skip
def test_wrong_input_keeps_name_and_note_but_never_the_value(tenant, browse, user, given, words) -> None:
    secrets.add_secret(name="taken", value=VALUE)
    answer = browse(user).post(path("secret_create"), {"name": "api_key", "value": VALUE, "note": "mine", **given})
    text = page(answer)
    assert answer.status_code == 400 and words in text
    assert given.get("name", "api_key") in text and given.get("note", "mine") in text
    assert 'type="password"' in text and "no-store" in answer.headers["Cache-Control"]
    row = secrets.list_secrets()[0]
    short = browse(user).post(path("secret_replace", row.id), {"value": "short", "note": "other"})
    assert short.status_code == 400 and "8 to 10,000" in page(short) and "other" in page(short)
    assert Secret.objects.count() == SecretChange.objects.count() == 1


def test_who_may_look_may_not_act(tenant, browse, member, viewer) -> None:
    made = secrets.add_secret(name="api_key", value=VALUE)
    assert "Replace the value" not in page(browse(member).get(path("secret_detail", made.id)))
    for person in (member, viewer):
        for place, told in (("secret_replace", {"value": "other value"}), ("secret_delete", {})):
            assert browse(person).post(path(place, made.id), told).status_code == 403
        assert browse(person).post(path("secret_create"), {"name": "x", "value": VALUE}).status_code == 403
    assert str(Secret.objects.get().value) == VALUE
    assert browse(viewer).get(path("secret_detail", made.id)).status_code == 403


def test_foreign_and_unknown_secrets_are_not_found(tenant, browse, outsider, user) -> None:
    made = secrets.add_secret(name="api_key", value=VALUE)
    foreign = browse(outsider, host="globex.localhost")
    for client, one in ((foreign, made.id), (browse(user), uuid4())):
        assert client.get(path("secret_detail", one)).status_code == 404
        assert client.post(path("secret_replace", one), {"value": "other value"}).status_code == 404
        assert client.post(path("secret_delete", one)).status_code == 404
        assert client.get(f"{API}{one}/").status_code == 404
    assert str(Secret.objects.get().value) == VALUE


def test_the_builder_leads_here(tenant, browse, user) -> None:
    secrets.add_secret(name="api_key", value=VALUE)
    publish()
    shown = page(
        browse(user).get(
            reverse("workflows:draft_step", args=["calls"], urlconf="echopilot.urls_tenant"), {"step": "a"}
        )
    )
    assert path("secret_list") in shown and ">api_key<" in shown
    assert path("secret_list") in page(browse(user).get("/workflows/"))


def test_staff_inside_a_workspace_may_not_touch_secrets() -> None:
    from apps.accounts.permissions import FORBIDDEN_TO_STAFF

    assert "secrets.manage" in FORBIDDEN_TO_STAFF


class Program:
    """A signed-in program on acme's host."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def call(self, method: str, where: str = API, body: Any = None) -> Any:
        """One call; no answer ever holds the value."""
        answer = getattr(self.client, method)(where, body, content_type="application/json") if method != "get" else self.client.get(where)  # fmt: skip
        page(answer)
        return answer


def test_a_program_manages_secrets_without_ever_reading_one(tenant, browse, user) -> None:
    program = Program(browse(user))
    made = program.call("post", body={"name": "api_key", "value": VALUE, "note": "n"})
    assert made.status_code == 201 and "value" not in made.json()
    where = f"{API}{made.json()['id']}/"
    publish()
    assert program.call("get").json()["results"][0]["uses"][0] == {
        "slug": "calls", "workflow": "Calls the service", "published": True, "draft": False, "live_runs": 0,
    }  # fmt: skip
    assert program.call("put", where, {"value": f"{VALUE}-2"}).json()["note"] == "n"
    assert str(Secret.objects.get().value) == f"{VALUE}-2"
    held = program.call("delete", where)
    assert (held.status_code, held.json()["code"]) == (409, "secret_in_use")
    facade.archive_workflow(workflow="calls")
    assert program.call("delete", where).status_code == program.call("delete", where).status_code == 204
    assert [one["kind"] for one in program.call("get", f"{API}changes/").json()["results"]] == [
        "deleted", "replaced", "added",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "field"),
    [({"name": "api_key"}, "value"), ({"name": "Api", "value": VALUE}, "name"), ({"name": "api_key", "value": "short"}, "value"),
     ({"name": "api_key", "value": 12345678901}, ""), ({"name": "api_key", "value": VALUE, "values": 1}, "values"),
     ({"name": "api_key", "value": ["x"]}, "value"), ([], "")],
)  # fmt: skip
def test_a_wrong_call_names_the_field(tenant, browse, user, body, field) -> None:
    answer = Program(browse(user)).call("post", body=body)
    if answer.status_code == 201:  # a number is taken as its digits
        assert str(Secret.objects.get().value) == "12345678901"
        return
    assert answer.status_code == 400 and not Secret.objects.exists()
    assert not field or field in answer.json()["fields"]


def test_programs_need_the_permission(tenant, browse, member, viewer) -> None:
    made = secrets.add_secret(name="api_key", value=VALUE)
    where = f"{API}{made.id}/"
    assert Program(browse(member)).call("get").status_code == 200
    assert Program(browse(viewer)).call("get").status_code == 403
    assert Program(browse(None)).call("get").status_code == 401
    for method, place in (("post", API), ("put", where), ("delete", where)):
        assert Program(browse(member)).call(method, place, {"name": "x", "value": "other value"}).status_code == 403
    assert str(Secret.objects.get().value) == VALUE and Secret.objects.count() == 1


def test_the_schema_says_that_values_only_go_in(tenant, browse, user) -> None:
    import yaml

    schema = yaml.safe_load(browse(user).get("/api/v1/schema/").content)
    names = schema["components"]["schemas"]
    assert "value" not in names["Secret"]["properties"]
    assert names["NewSecretRequest" if "NewSecretRequest" in names else "NewSecret"]["properties"]["value"]["writeOnly"]
    assert {"get", "put", "delete"} <= set(schema["paths"]["/api/v1/secrets/{secret_id}/"])
