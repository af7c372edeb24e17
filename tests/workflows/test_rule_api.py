"""Owners' rules over HTTP: looked at before, made, ended, taken back; refused to everybody else and with every field named."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.workflows.models import AllowRule
from apps.workflows.registries import step_types
from tests.servers.effects import Ledger
from tests.workflows import approving
from tests.workflows.approving import question
from tests.workflows.driving import inside, run, view

pytestmark = pytest.mark.usefixtures("committed")
CLIENT = "client@customer.example"
RULES = "/api/v1/approvals/rules/"


@pytest.fixture(autouse=True)
def _steps(provider: Ledger) -> Iterator[None]:
    with step_types.temporarily(*approving.STEPS):
        yield


class Caller:
    """A person who calls the API with a session of their own."""

    def __init__(self, name: str) -> None:
        self._client = Client(SERVER_NAME="acme.localhost")
        person = User.objects.get(email=f"{name}@acme.example")
        self._client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")

    def post(self, path: str = "", **said: Any) -> Any:
        return self._client.post(f"{RULES}{path}", said, content_type="application/json")

    def rules(self) -> Any:
        answer = self._client.get(RULES)
        assert answer.status_code == 200, answer.content
        return answer.json()["results"]


@pytest.fixture
def owner() -> Iterator[Caller]:
    from django.contrib.sessions.models import Session

    yield Caller("owner")
    Session.objects.all().delete()


def new(**more: Any) -> dict[str, Any]:
    until = (timezone.now() + timedelta(days=30)).isoformat()
    return {
        "kind": "recipients",
        "values": [CLIENT],
        "types": ["test.mail"],
        "reason": "A letter.",
        "expires_at": until,
        **more,
    }


def mail() -> Any:
    return run({"a": {"type": "test.mail", "title": "Write", "with": {"reference": "r", "to": CLIENT}}})


def test_a_rule_is_looked_at_made_ended_and_taken_back(owner: Caller) -> None:
    asked = question(mail())
    look = owner.post("preview/", kind="recipients", values=[CLIENT])
    assert look.json() == {"looked_at": 1, "covered": [str(asked.pk)], "never": 0}
    assert owner.rules() == [], "a look makes nothing"
    made = owner.post(**new())
    assert made.status_code == 201, made.content
    assert made.json()["sentence"] == f"“test.mail” to {CLIENT} needs no decision."
    assert view(mail()).state == "succeeded"
    rule = made.json()["id"]
    ends = [owner.post(f"{rule}/end/") for _again in range(2)]
    assert [one.status_code for one in ends] == [200, 200]
    assert ends[0].json()["ended_at"] == ends[1].json()["ended_at"] is not None
    assert view(mail()).state == "review"
    renewed = [owner.post(f"{rule}/renew/") for _again in range(2)]
    assert {one.status_code for one in renewed} == {201}
    assert len({one.json()["id"] for one in renewed}) == 1
    assert renewed[0].json()["renews"] == rule
    assert view(mail()).state == "succeeded"
    assert [one["ended_at"] is None for one in owner.rules()] == [True, False]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"values": []}, "values"),
        ({"kind": "domains", "values": ["no domain"]}, "values"),
        ({"kind": "everything"}, "kind"),
        ({"kind": "amount", "amount_minor": 0, "currency": "EUR"}, "amount_minor"),
        ({"kind": "amount", "amount_minor": 5, "currency": "XXY"}, "amount_minor"),
        ({"types": ["no.such"]}, "types"),
        ({"reason": ""}, "reason"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"made_by": 1}, "made_by"),
    ],
)
def test_what_will_not_do_names_its_field(owner: Caller, wrong: dict[str, Any], field: str) -> None:
    answer = owner.post(**new(**wrong))
    assert answer.status_code in {400, 422}, answer.content
    assert field in answer.json()["fields"], answer.json()
    with inside():
        assert not AllowRule.objects.exists()


def test_others_may_read_at_most_and_a_rule_in_force_is_not_renewed(owner: Caller) -> None:
    rule = owner.post(**new()).json()["id"]
    assert owner.post(f"{rule}/renew/").status_code == 409
    assert owner.post(f"{uuid4()}/end/").status_code == 404
    member = Caller("member")
    assert [one["id"] for one in member.rules()] == [rule]
    for path in ("", "preview/", f"{rule}/end/", f"{rule}/renew/"):
        assert member.post(path, **new()).status_code == 403, path
    with inside():
        assert AllowRule.objects.get().ended_at is None
