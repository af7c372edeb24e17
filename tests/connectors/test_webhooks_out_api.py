"""Deliveries of outgoing webhooks over HTTP: found, read, sent again; by the right people only, and never with a secret."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from apps.connectors.webhooks_out import sending
from apps.connectors.webhooks_out.models import WebhookDelivery, WebhookEndpoint
from tests.connectors.test_webhooks_out import Receiver, endpoint, happen, kinds, receiver, send  # noqa: F401 - fixtures

LIST = "/api/v1/webhook-deliveries/"


def told(answer: Any, status: int = 200) -> Any:
    """The answer's JSON, having made sure that no signing secret is in it."""
    assert answer.status_code == status, answer.content
    for row in WebhookEndpoint.objects.all():
        assert str(row.secret) not in answer.content.decode()
    return answer.json()


def test_deliveries_are_listed_by_page_and_filter(endpoint, receiver, browse, user) -> None:  # noqa: F811
    client = browse(user)
    assert told(client.get(LIST)) == {"results": [], "next": None}
    receiver.answers = [(204, {}), (410, {})]
    for name in ("a", "b", "c"):
        happen(name)
    send(endpoint)
    (known,) = told(client.get("/api/v1/webhooks/"))["results"]
    assert (known["id"], known["url"]) == (str(endpoint.pk), receiver.url) and "secret" not in known
    seen, cursor = [], None
    while True:
        page = told(client.get(LIST, {"limit": 2, **({"cursor": cursor} if cursor else {})}))
        seen += [row["object_key"] for row in page["results"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert seen == ["c", "b", "a"]
    for asked, count in (
        ({"state": "delivered"}, 1), ({"endpoint": str(endpoint.pk)}, 3), ({"endpoint": str(uuid4())}, 0),
        ({"type": "simulated.changed"}, 3), ({"type": "nothing.known"}, 0),
    ):  # fmt: skip
        assert len(told(client.get(LIST, asked))["results"]) == count, asked


@pytest.mark.parametrize("asked", [{"state": "lost"}, {"endpoint": "x"}, {"cursor": "-1"}, {"cursor": "9" * 30}, {"limit": "0"},
                                   {"limit": "201"}, {"colour": "red"}])  # fmt: skip
def test_wrong_filters_name_the_field(tenant, browse, user, asked) -> None:
    assert next(iter(asked)) in told(browse(user).get(LIST, asked), 400)["fields"]


def test_one_is_read_and_sent_again_under_its_id(endpoint, receiver, browse, user) -> None:  # noqa: F811
    client = browse(user)
    happen("a")
    send(endpoint)
    row = WebhookDelivery.objects.get()
    one = told(client.get(f"{LIST}{row.pk}/"))
    assert (one["state"], one["attempts"], one["status"], one["next_at"]) == ("delivered", 1, 204, None)
    assert one["data"] == row.event.data and one["event_id"] == str(row.event.uid)
    for _time in range(2):
        again = told(client.post(f"{LIST}{row.pk}/replay/", {}, content_type="application/json"), 202)
        assert again["state"] == "pending" and again["next_at"] is not None
    assert sending.send_due(endpoint_id=endpoint.pk) == 1
    assert [headers["webhook-id"] for headers, _body in receiver.got] == [str(row.event.uid)] * 2
    assert told(client.post(f"{LIST}{row.pk}/replay/", {"x": 1}, content_type="application/json"), 400)[
        "fields"
    ].keys() == {"x"}


def test_only_the_right_people(endpoint, receiver, browse, user, member, viewer, outsider) -> None:  # noqa: F811
    happen("a")
    send(endpoint)
    row = WebhookDelivery.objects.get()
    one, replay = f"{LIST}{row.pk}/", f"{LIST}{row.pk}/replay/"
    assert browse(member).get(one).status_code == 200
    foreign = browse(outsider, host="globex.localhost")
    for client, status in ((browse(None), 401), (browse(viewer), 403), (foreign, 404)):
        assert client.get(one).status_code == status
        assert client.post(replay, {}, content_type="application/json").status_code == status
    assert browse(member).post(replay, {}, content_type="application/json").status_code == 403
    assert told(foreign.get(LIST))["results"] == []
    row.refresh_from_db()
    assert (row.state, len(receiver.got)) == ("delivered", 1)
    for unknown in (f"{LIST}2000000000/", f"{LIST}{'9' * 25}/"):
        assert browse(user).get(unknown).status_code == 404


def test_a_page_costs_the_same_for_one_row_and_three(endpoint, receiver, browse, user) -> None:  # noqa: F811
    client, counts = browse(user), []
    for names in (("a",), ("b", "c")):
        for name in names:
            happen(name)
        send(endpoint)
        client.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            told(client.get(LIST))
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_they_are_in_the_description_of_the_api(tenant, browse, user) -> None:
    import yaml

    paths = yaml.safe_load(browse(user).get("/api/v1/schema/").content)["paths"]
    assert paths[f"{LIST}{{delivery_id}}/replay/"]["post"]["operationId"] == "webhook_deliveries_replay"
    names = {one["name"] for one in paths[LIST]["get"]["parameters"]}
    assert names >= {"endpoint", "state", "type", "cursor", "limit"}
