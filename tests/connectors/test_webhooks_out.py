"""Outgoing webhooks: nothing lost, order kept, signed, over a real receiver where it matters."""

import base64
import hashlib
import hmac
import json
import threading
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.db import transaction

from apps.connectors.webhooks_out import endpoints, jobs, publishing, sending
from apps.connectors.webhooks_out.contracts import NewEvent
from apps.connectors.webhooks_out.models import OutEvent, WebhookDelivery, WebhookEndpoint
from apps.connectors.webhooks_out.registries import event_types
from apps.core.errors import Conflict, InvalidInput, NotFound
from apps.core.outbound import OutboundRefused
from apps.dispatch.models import WorkItem
from tests.connectors.webhook_days import SIMULATED, play


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it got and answers as told."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        status, headers = self.server.answers.pop(0) if self.server.answers else (204, {})
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_arguments):
        """Silence."""


@pytest.fixture
def receiver(settings):
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.got, server.answers = [], []
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{server.server_address[1]}"]
    server.url = f"http://127.0.0.1:{server.server_address[1]}/in"
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def kinds():
    with event_types.temporarily(SIMULATED):
        yield


@pytest.fixture
def endpoint(tenant, receiver, kinds):
    made, made.plain = endpoints.create_endpoint(name="CRM", url=receiver.url, types=["simulated.changed"])
    return made


def happen(*objects, **data):
    publishing.publish(
        [NewEvent(type="simulated.changed", object_key=name, data={"name": name, **data}) for name in objects]
    )
    publishing.hand_on()


def send(endpoint, *, after_s=0.0):
    now = sending.database_now() + timedelta(seconds=after_s)
    return sending.send_due(endpoint_id=endpoint.pk, clock=lambda: now)


def states(endpoint):
    rows = WebhookDelivery.objects.filter(endpoint=endpoint).order_by("event_id")
    return [(row.event.object_key, row.state, row.attempts) for row in rows]


def test_an_event_arrives_signed_by_the_standard(endpoint, receiver) -> None:
    happen("a", note="¡olé!")
    assert WorkItem.objects.filter(kind=jobs.SEND, ref=str(endpoint.pk)).exists()
    assert send(endpoint) == 1
    ((headers, body),) = receiver.got
    headers = {name.lower(): value for name, value in headers.items()}
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.new(base64.b64decode(endpoint.plain[6:]), signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    told = json.loads(body)
    assert (told["type"], told["data"]) == ("simulated.changed", {"name": "a", "note": "¡olé!"})
    assert headers["webhook-id"] == str(OutEvent.objects.get().uid)
    assert states(endpoint) == [("a", "delivered", 1)]


def test_what_nobody_wants_is_not_stored_and_a_rolled_back_event_is_not_told(endpoint, tenant) -> None:
    WebhookEndpoint.objects.get().refresh_from_db()
    endpoints.remove(endpoint_id=endpoint.pk)
    happen("a")
    assert not OutEvent.objects.exists()
    with pytest.raises(NotFound):
        publishing.publish([NewEvent(type="unheard.of", object_key="a", data={})])


def test_a_rolled_back_event_is_not_told(endpoint) -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        publishing.publish([NewEvent(type="simulated.changed", object_key="a", data={})])
        raise ZeroDivisionError
    assert publishing.hand_on() == 0


def test_a_later_event_of_the_same_object_waits_for_the_earlier(endpoint, receiver) -> None:
    receiver.answers = [(500, {})]
    happen("a", "a", "b")
    send(endpoint)
    assert states(endpoint) == [("a", "pending", 1), ("a", "pending", 0), ("b", "delivered", 1)]
    send(endpoint, after_s=3600)
    assert [row[1] for row in states(endpoint)] == ["delivered"] * 3
    assert [json.loads(body)["data"]["name"] for _headers, body in receiver.got] == ["a", "b", "a", "a"]


def test_the_same_event_keeps_its_id_over_attempts(endpoint, receiver) -> None:
    receiver.answers = [(500, {})]
    happen("a")
    send(endpoint)
    send(endpoint, after_s=60)
    assert len({headers["webhook-id"] for headers, _body in receiver.got}) == 1
    assert len(receiver.got) == 2


def test_410_switches_off_and_resuming_goes_on(endpoint, receiver) -> None:
    receiver.answers = [(410, {})]
    happen("a", "b")
    send(endpoint)
    endpoint.refresh_from_db()
    assert endpoint.state == "gone"
    assert send(endpoint, after_s=99_999) == 0
    endpoints.resume(endpoint_id=endpoint.pk)
    send(endpoint)
    assert [row[1] for row in states(endpoint)] == ["delivered", "delivered"]


def test_retry_after_is_honoured(endpoint, receiver) -> None:
    receiver.answers = [(429, {"Retry-After": "120"})]
    happen("a")
    send(endpoint)
    assert send(endpoint, after_s=100) == 0
    assert send(endpoint, after_s=130) == 1


def test_an_endpoint_that_fails_for_days_rests_and_loses_nothing(endpoint, receiver) -> None:
    receiver.answers = [(500, {})] * 4
    happen("a")
    send(endpoint)
    WebhookEndpoint.objects.update(failing_since=datetime.now(UTC) - timedelta(hours=77), failures=9)
    send(endpoint, after_s=3600)
    endpoint.refresh_from_db()
    assert endpoint.state == "failing"
    happen("b")
    receiver.answers = []
    endpoints.resume(endpoint_id=endpoint.pk)
    send(endpoint)
    assert [row[1] for row in states(endpoint)] == ["delivered", "delivered"]


def test_a_delivery_that_never_works_is_given_up_and_can_be_replayed(
    endpoint, receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, poison = [sending.database_now()], {"on": True}

    def answer(url, body, headers):
        return sending.Answer(status=500 if poison["on"] and b'"bad"' in body else 200)

    happen("bad")
    for day in range(60):
        happen(f"good{day}")
        now[0] += timedelta(hours=13)
        sending.send_due(endpoint_id=endpoint.pk, transport=answer, clock=lambda: now[0])
    assert {row[0]: row[1] for row in states(endpoint)}["bad"] == "failed"
    assert all(row[1] == "delivered" for row in states(endpoint) if row[0] != "bad")
    poison["on"] = False
    assert endpoints.replay_failed(endpoint_id=endpoint.pk, since=datetime.now(UTC) - timedelta(days=1)) == 1
    sending.send_due(endpoint_id=endpoint.pk, transport=answer, clock=lambda: now[0])
    assert all(row[1] == "delivered" for row in states(endpoint))


def test_two_secrets_sign_while_one_replaces_the_other(endpoint, receiver) -> None:
    fresh = endpoints.rotate_secret(endpoint_id=endpoint.pk)
    assert fresh != endpoint.plain
    happen("a")
    send(endpoint)
    send_again = {name.lower(): value for name, value in receiver.got[0][0].items()}
    assert len(send_again["webhook-signature"].split()) == 2
    send(endpoint, after_s=25 * 3600)
    happen("b")
    send(endpoint, after_s=25 * 3600)
    later = {name.lower(): value for name, value in receiver.got[1][0].items()}
    assert len(later["webhook-signature"].split()) == 1


def test_pausing_keeps_events(endpoint, receiver) -> None:
    endpoints.pause(endpoint_id=endpoint.pk)
    happen("a")
    assert send(endpoint) == 0
    endpoints.resume(endpoint_id=endpoint.pk)
    assert send(endpoint) == 1


def test_a_test_event_shows_what_came_back(endpoint, receiver) -> None:
    receiver.answers = [(418, {})]
    assert endpoints.send_test(endpoint_id=endpoint.pk).status == 418
    assert endpoints.send_test(endpoint_id=endpoint.pk).state == "delivered"


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/", "ftp://a.example/", "http://user:pw@a.example/", "http://127.0.0.1/", ""]
)
def test_an_address_inside_is_refused_when_it_is_saved_and_when_it_is_called(tenant, kinds, url) -> None:
    with pytest.raises(OutboundRefused) as refused:
        endpoints.create_endpoint(name="x", url=url, types=["*"])
    assert "url" in refused.value.fields
    assert not WebhookEndpoint.objects.exists()
    assert sending.post("http://169.254.169.254/", b"{}", {}).status == 0


def test_an_endpoint_needs_a_name_and_kinds_of_events(tenant) -> None:
    with pytest.raises(InvalidInput) as refused:
        endpoints.create_endpoint(name=" ", url="https://a.example/", types=["no.such"])
    assert set(refused.value.fields) == {"name", "types"}


def test_the_number_of_endpoints_is_bounded(tenant, receiver, kinds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "MOST_ENDPOINTS", 1)
    endpoints.create_endpoint(name="one", url=receiver.url, types=["*"])
    with pytest.raises(Conflict):
        endpoints.create_endpoint(name="two", url=receiver.url, types=["*"])


def test_days_of_outage_and_flapping_lose_and_reorder_nothing(tenant) -> None:
    figures = play(events=200, objects=20, chunks=40, hours_flapping=3)
    assert (figures["delivered"], figures["lost"], figures["out_of_order"], figures["not_done"]) == (200, 0, 0, 0)
    assert figures["simulated_h"] > 48
    assert figures["repeats"] > 0
