"""The guarded clients over real HTTP: pinned addresses, no redirects or proxies, bounded time and size."""

import json
import time

import httpx
import httpx2
import notion_client
import openai
import pytest
from django.db import transaction

from apps.core.outbound import (
    OutboundFailed,
    OutboundRefused,
    OutboundTimedOut,
    assert_no_transaction,
    client,
    deadline,
    guarded_session,
    http2_client,
)
from apps.core.outbound.addresses import parse_allowance
from apps.core.outbound.errors import CalledInTransaction

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2", "::1"])]

MAKERS = [pytest.param(client, id="httpx"), pytest.param(http2_client, id="httpx2")]


@pytest.fixture
def allowed(peer, settings):
    """The peer's address, allow-listed; its base URL."""
    settings.OUTBOUND_ALLOW = [f"127.0.0.2:{peer.server_port}"]
    return f"http://127.0.0.2:{peer.server_port}"


@pytest.mark.parametrize("make", MAKERS)
def test_an_allow_listed_address_answers(make, allowed):
    with make(purpose="test") as guarded:
        assert guarded.get(allowed + "/").json() == {"host": allowed.removeprefix("http://")}
        assert guarded.post(allowed + "/", json={"a": 1}).status_code == 200


@pytest.mark.parametrize("make", MAKERS)
def test_the_operators_addresses_are_open_only_to_calls_no_user_steers(make, peer, settings):
    settings.OUTBOUND_ALLOW_OPERATOR = [f"127.0.0.2:{peer.server_port}"]
    url = f"http://127.0.0.2:{peer.server_port}/"
    assert make(purpose="test", user_given=False).get(url).status_code == 200
    with pytest.raises(OutboundRefused):
        make(purpose="test").get(url)
    assert len(peer.seen) == 1


@pytest.mark.parametrize("make", MAKERS)
def test_a_name_that_changes_its_address_is_called_at_the_checked_one(make, canary, settings):
    from tests.core.conftest import serve

    peer = serve("127.0.0.2", canary.port)
    settings.OUTBOUND_ALLOW = ["127.0.0.2/32"]
    answers = [["127.0.0.2"], ["127.0.0.1"], ["127.0.0.2", "127.0.0.1"]]

    def rebinding(host, port):
        return answers.pop(0)

    with make(purpose="test", resolver=rebinding) as guarded:
        url = f"http://partner.example:{canary.port}/"
        answer = guarded.get(url, headers={"Connection": "close"})
        assert answer.json()["host"] == f"partner.example:{canary.port}"
        assert len(answers) == 2, "one call resolves once"
        for _attempt in range(2):
            with pytest.raises(OutboundRefused):
                guarded.get(url)
    assert canary.connections == 0
    peer.shutdown()
    peer.server_close()


@pytest.mark.parametrize("make", MAKERS)
def test_redirects_are_not_followed_and_would_be_refused(make, allowed, peer, canary, settings):
    settings.OUTBOUND_ALLOW = [f"127.0.0.2:{peer.server_port}"]
    peer.redirect_to = f"http://127.0.0.1:{canary.port}/"
    with make(purpose="test") as guarded:
        assert guarded.get(allowed + "/redirect").status_code == 302
        with pytest.raises(OutboundRefused):
            guarded.get(allowed + "/redirect", follow_redirects=True)
    assert canary.connections == 0


@pytest.mark.parametrize("make", MAKERS)
def test_proxies_of_the_environment_are_ignored(make, allowed, canary, monkeypatch, settings, peer):
    settings.OUTBOUND_ALLOW = [f"127.0.0.2:{peer.server_port}"]
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{canary.port}")
    assert make(purpose="test").get(allowed + "/").status_code == 200
    assert canary.connections == 0


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("path", ["/silent", "/drip"])
def test_a_slow_answer_ends_with_the_total_time(make, allowed, path):
    started = time.monotonic()
    with pytest.raises(OutboundTimedOut) as caught:
        make(purpose="test", timeout=0.5).get(allowed + path)
    assert time.monotonic() - started < 1.5
    assert caught.value.retryable
    assert isinstance(caught.value, httpx.TimeoutException if make is client else httpx2.TimeoutException)


def test_an_outer_deadline_shortens_the_calls_inside(allowed):
    started = time.monotonic()
    with deadline(0.4), pytest.raises(OutboundTimedOut):
        client(purpose="test", timeout=30).get(allowed + "/drip")
    assert time.monotonic() - started < 1.5
    assert client(purpose="test").get(allowed + "/").status_code == 200


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("path", ["/large", "/bomb", "/broken", "/exotic", "/cut"])
def test_answers_that_are_too_large_or_damaged_end_in_a_coded_error(make, allowed, path):
    with pytest.raises(OutboundFailed) as caught:
        make(purpose="test", max_bytes=1_000_000).get(allowed + path)
    assert caught.value.code == "outbound_failed"
    assert isinstance(caught.value, httpx.TransportError if make is client else httpx2.TransportError)


@pytest.mark.parametrize("make", MAKERS)
def test_compressed_answers_are_read(make, allowed):
    assert make(purpose="test").get(allowed + "/zip").text == "hello " * 100


@pytest.mark.parametrize("make", MAKERS)
def test_a_closed_port_is_a_failure_that_may_be_retried(make, peer, settings):
    port = peer.server_port
    peer.shutdown()
    peer.server_close()
    settings.OUTBOUND_ALLOW = [f"127.0.0.2:{port}"]
    with pytest.raises(OutboundFailed) as caught:
        make(purpose="test").get(f"http://127.0.0.2:{port}/")
    assert caught.value.retryable


@pytest.mark.parametrize("make", MAKERS)
def test_nothing_is_sent_inside_a_transaction(make, allowed, peer, db):
    with make(purpose="test") as guarded:
        with transaction.atomic(), pytest.raises(CalledInTransaction):
            guarded.get(allowed + "/")
        assert peer.seen == []
        assert guarded.get(allowed + "/").status_code == 200


def test_outside_of_transactions_nothing_is_asserted(db):
    assert_no_transaction()
    with transaction.atomic(), pytest.raises(CalledInTransaction):
        assert_no_transaction()


def test_the_openai_sdk_works_through_the_guard(allowed, peer):
    sdk = openai.OpenAI(api_key="k", base_url=allowed + "/v1", http_client=http2_client(purpose="ai"), max_retries=0)
    answer = sdk.chat.completions.create(model="m", messages=[{"role": "user", "content": "Hi"}])
    assert answer.choices[0].message.content == "Hello."
    assert peer.seen[0][1]["authorization"] == "Bearer k"


def test_the_openai_sdk_cannot_be_pointed_inside(canary):
    sdk = openai.OpenAI(
        api_key="k",
        base_url=f"http://127.0.0.1:{canary.port}/v1",
        http_client=http2_client(purpose="ai"),
        max_retries=1,
    )
    with pytest.raises(OutboundRefused):
        sdk.models.list()
    assert canary.connections == 0


def test_the_openai_sdk_sees_a_timeout_as_a_timeout(allowed):
    sdk = openai.OpenAI(
        api_key="k", base_url=allowed + "/silent", http_client=http2_client(purpose="ai", timeout=0.4), max_retries=0
    )
    with pytest.raises(openai.APITimeoutError) as caught, deadline(0.4):
        sdk.get("?x", cast_to=object)
    assert isinstance(caught.value.__cause__, OutboundTimedOut)


def test_the_notion_sdk_works_through_the_guard(allowed, peer):
    sdk = notion_client.Client(client=client(purpose="notion"), auth="ntn_x", base_url=allowed)
    assert sdk.users.me()["id"] == "u1"
    assert peer.seen[0][1]["authorization"] == "Bearer ntn_x"


def test_the_notion_sdk_cannot_be_pointed_inside(canary):
    sdk = notion_client.Client(
        client=client(purpose="notion"), auth="ntn_x", base_url=f"http://127.0.0.1:{canary.port}"
    )
    with pytest.raises(OutboundRefused):
        sdk.users.me()
    assert canary.connections == 0


@pytest.mark.parametrize("entry", ["localhost", "127.0.0.1:x", ":80", "10.0.0.0/40", "a:b:c"])
def test_an_allow_list_entry_that_means_nothing_is_named(entry):
    with pytest.raises(ValueError, match=r"OUTBOUND_ALLOW|network|does not appear"):
        parse_allowance((entry,))


def test_answers_stay_readable_as_json_lines(allowed):
    with client(purpose="test").stream("GET", allowed + "/") as response:
        assert json.loads(b"".join(response.iter_bytes()))["host"]


@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "url", ["http://0177.0.0.1/", "http://[::1", "http://a\x00b/", "http://\u202elocalhost/", "http://a:b/"]
)
def test_a_malformed_address_is_refused_like_a_forbidden_one(make, url):
    with make(purpose="test") as guarded, pytest.raises(OutboundRefused):
        guarded.get(url)


def test_a_session_of_requests_keeps_the_rules(allowed, peer, canary, settings):
    import requests

    settings.OUTBOUND_ALLOW = [f"127.0.0.2:{peer.server_port}"]
    session = guarded_session(purpose="test", timeout=5)
    assert session.get(allowed + "/").json()["host"]
    assert session.post(allowed + "/", data={"a": "b"}).status_code == 200
    peer.redirect_to = f"http://127.0.0.1:{canary.port}/"
    with pytest.raises(requests.TooManyRedirects):
        session.get(allowed + "/redirect")
    with pytest.raises(OutboundRefused):
        session.get(f"http://127.0.0.1:{canary.port}/")
    assert canary.connections == 0
