"""Who may listen to what: decided when the ticket is issued, kept by its signature."""

import json
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.test import Client

from apps.accounts.models import User
from apps.live import tickets
from apps.live.errors import TicketRefused
from apps.tasks import facade as tasks
from apps.tasks.contracts import TaskView
from apps.tenants.contracts import TenantRef

Browse = Callable[..., Client]
TICKET = tickets.Ticket(tenant_id=7, epoch=1, user_id=3, host="acme.localhost", topics=("runs",))


def ask(client: Client, *topics: str) -> tuple[int, dict[str, object]]:
    answer = client.get("/live/ticket/", {"topic": list(topics)}, headers={"accept": "application/json"})
    return answer.status_code, json.loads(answer.content or b"{}")


def ticket_in(url: object) -> str:
    return parse_qs(urlsplit(str(url)).query)["ticket"][0]


@pytest.fixture
def task(tenant: TenantRef, user: User) -> TaskView:
    tasks.ensure_defaults()
    return tasks.submit_task(source="portal", title="Watch me", body="Words.", requested_by=user.pk)


def test_a_member_gets_a_ticket_bound_to_tenant_person_host_and_topics(
    browse: Browse, user: User, task: TaskView, tenant: TenantRef
) -> None:
    status, body = ask(browse(user), f"task:{task.id}", f"run:{task.run_id}", "runs")
    assert status == 200
    ticket = tickets.read(ticket_in(body["url"]), host="acme.localhost")
    assert (ticket.tenant_id, ticket.user_id, ticket.host) == (tenant.id, user.pk, "acme.localhost")
    assert ticket.topics == (f"task:{task.id}", f"run:{task.run_id}", "runs")


def test_a_viewer_may_listen_and_a_visitor_may_not(browse: Browse, viewer: User, task: TaskView) -> None:
    assert ask(browse(viewer), "runs")[0] == 200
    assert ask(browse(), "runs")[0] == 401


def test_a_foreign_an_unknown_and_a_malformed_thing_are_answered_alike(
    browse: Browse, outsider: User, task: TaskView
) -> None:
    client = browse(outsider, host="globex.localhost")
    answers = [
        ask(client, topic)
        for topic in (
            f"task:{task.id}",
            "task:00000000-0000-7000-8000-000000000000",
            "task:%00",
            "run:x",
            "nonsense",
            "runs:1",
            "task",
        )
    ]
    assert {status for status, _body in answers} == {404}
    assert {str(body["code"]) for _status, body in answers} == {"unknown_topic"}
    assert ask(client, "runs")[0] == 200


def test_outsiders_are_visitors_on_a_host_that_is_not_theirs(browse: Browse, outsider: User, task: TaskView) -> None:
    assert ask(browse(outsider), "runs")[0] == 401


@pytest.mark.parametrize("topics", [(), tuple(f"runs{n}" for n in range(13))])
def test_no_topics_and_too_many_are_refused(
    browse: Browse, user: User, tenant: TenantRef, topics: tuple[str, ...]
) -> None:
    assert ask(browse(user), *topics)[0] == 404


def test_a_ticket_of_another_host_is_refused() -> None:
    with pytest.raises(TicketRefused):
        tickets.read(tickets.sign(TICKET), host="globex.localhost")


def test_an_old_ticket_is_refused() -> None:
    with pytest.raises(TicketRefused):
        tickets.read(tickets.sign(TICKET), host="acme.localhost", max_age_s=-1)


@pytest.mark.parametrize(
    "text",
    ["", "x", "a:b:c", signing.dumps({"tenant_id": 1}, salt=tickets.SALT), signing.dumps([1], salt=tickets.SALT),
     signing.dumps({"tenant_id": 7, "epoch": 1, "user_id": 3, "host": "acme.localhost", "topics": ["runs"]}, salt="other")],
    ids=["nothing", "a letter", "junk", "too little", "a list", "signed for something else"],
)  # fmt: skip
def test_a_forged_or_foreign_ticket_is_refused(text: str) -> None:
    with pytest.raises(TicketRefused):
        tickets.read(text, host="acme.localhost")


def test_every_changed_character_spoils_a_ticket() -> None:
    text = tickets.sign(TICKET)
    for place in range(0, len(text), 3):
        forged = text[:place] + ("A" if text[place] != "A" else "B") + text[place + 1 :]
        with pytest.raises(TicketRefused):
            tickets.read(forged, host="acme.localhost")
