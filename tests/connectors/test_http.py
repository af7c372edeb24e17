"""Calls to any address: what is sent, what comes back, and where nothing may go."""

from collections.abc import Iterator

import pytest

from apps.connectors import facade
from apps.connectors.errors import OutcomeUnknown, RemoteRefused, RemoteUnavailable
from apps.connectors.models import Connection
from apps.core.errors import InvalidInput
from apps.core.outbound import OutboundRefused
from apps.core.reach import Audience
from tests.servers.services.echo import Echo


@pytest.fixture
def echo(tenant: object, settings) -> Iterator[Echo]:
    with Echo() as service:
        settings.OUTBOUND_ALLOW = [service.address]
        yield service


def call(action: str, *, key: str = "key-1", timeout_s: float = 10, connection_id=None, **inputs):
    request = facade.prepare_action(connection_id=connection_id, connector="http", action=action, inputs=inputs)
    return facade.perform_action(request, facade.unlock_action(request), key=key, timeout_s=timeout_s)


def test_public_addresses_need_no_connection(echo: Echo) -> None:
    found = call("get", url=f"{echo.url}/a?x=1", query={"y": "ü", "z": True}, headers={"X-Own": "1"})
    assert found["json"]["query"] == {"x": "1", "y": "ü", "z": "true"}
    assert found["json"]["headers"]["x-own"] == "1"
    assert found["status"] == 200
    text = call("get", url=f"{echo.url}/text")
    assert text["text"] == "grüß"
    assert "set-cookie" not in text["headers"]


@pytest.mark.parametrize(
    ("body", "sent", "kind"),
    [({"json": {"a": [1, None]}}, {"a": [1, None]}, "application/json"), ({"form": {"a": "x y"}}, "a=x+y", "application/x-www-form-urlencoded"),
     ({"text": "plain"}, "plain", "text/plain; charset=utf-8"), ({}, "", "")],
)  # fmt: skip
def test_every_sort_of_body_arrives(echo: Echo, body: dict, sent: object, kind: str) -> None:
    found = call("request", url=f"{echo.url}/b", method="PUT", **body)["json"]
    assert (found["method"], found["body"]) == ("PUT", sent)
    assert found["headers"].get("content-type", "") == kind


def test_a_key_is_carried_out_once(echo: Echo) -> None:
    echo.faults.append({"kind": "drop_after"})
    with pytest.raises(RemoteUnavailable):
        call("request_keyed", url=f"{echo.url}/keyed", json={})
    assert call("request_keyed", url=f"{echo.url}/keyed", json={})["json"] == {"times": 1}


def test_a_lost_answer_leaves_a_post_in_doubt_and_a_get_harmless(echo: Echo) -> None:
    echo.faults += [{"kind": "status", "status": 502}] * 2
    with pytest.raises(OutcomeUnknown):
        call("request", url=f"{echo.url}/x", method="POST")
    with pytest.raises(RemoteUnavailable) as caught:
        call("request", url=f"{echo.url}/x", method="GET")
    assert caught.value.harmless


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest/meta-data", "http://127.0.0.1:1/", "http://localhost/", "http://2130706433/", "http://[::1]/",
     "http://[::ffff:127.0.0.1]/", "http://0.0.0.0/", "http://10.0.0.1/", "ftp://example.com/", "file:///etc/passwd",
     "http://user:pw@example.com/", "gopher://example.com", "http://example.com:22/"],
)  # fmt: skip
@pytest.mark.parametrize("action", ["get", "request", "request_keyed"])
def test_forbidden_addresses_are_never_connected_to(
    tenant: object, url: str, action: str, no_connections: list[object]
) -> None:
    with pytest.raises(OutboundRefused):
        call(action, url=url)
    assert no_connections == []


def test_a_redirect_is_not_followed(echo: Echo) -> None:
    with pytest.raises(RemoteRefused):
        call("get", url=f"{echo.url}/leave")


def test_an_answer_that_is_too_big_is_cut_off_with_an_error(echo: Echo) -> None:
    assert len(call("get", url=f"{echo.url}/big", max_bytes=3_000_000)["text"]) == 2_000_000
    with pytest.raises(RemoteUnavailable):
        call("get", url=f"{echo.url}/big")


@pytest.mark.parametrize(
    "headers", [{"Authorization": "Bearer x"}, {"Host": "other"}, {"Cookie": "a=b"}, {"X": "a\r\nB: c"}, {"A B": "c"}]
)
def test_headers_that_smuggle_are_refused(echo: Echo, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidInput):
        call("request", url=f"{echo.url}/x", headers=headers)
    assert echo.log == []


def test_two_bodies_are_refused(tenant: object) -> None:
    with pytest.raises(InvalidInput):
        call("request", url="https://example.com", json={}, text="x")


def test_a_credential_goes_to_its_own_host_over_https_only(echo: Echo, monkeypatch) -> None:
    monkeypatch.setattr("apps.connectors.providers.http.client.check_url", lambda _url: None)
    view = facade.connect(connector="http", values={"host": "127.0.0.1", "kind": "bearer", "token": "secret-token-1"})
    for url in (f"{echo.url}/x", "https://evil.example/x"):
        with pytest.raises(InvalidInput):
            call("get", url=url, connection_id=view.id)
    assert echo.log == []
    row = Connection.objects.get()
    from apps.connectors import credentials

    row.secret = credentials.pack({**credentials.unpack(str(row.secret)), "plain": "yes"})
    row.save()
    assert (
        call("get", url=f"{echo.url}/x", connection_id=view.id)["json"]["headers"]["authorization"]
        == "Bearer secret-token-1"
    )


def test_reach_tells_reads_from_writes(tenant: object) -> None:
    made = facade.prepare_action(
        connection_id=None, connector="http", action="request", inputs={"url": "https://a.example", "method": "DELETE"}
    )
    reach = facade.reach_of(made)
    assert (reach.writes, reach.deletes, reach.audience, reach.destination) == (
        True,
        True,
        Audience.UNKNOWN,
        "a.example",
    )
