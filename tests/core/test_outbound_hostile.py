"""No form of address leads inside: a canary on loopback counts connections, and there are none."""

import httpx
import httpx2
import pytest

from apps.core.outbound import OutboundFailed, OutboundRefused, check_url, client, http2_client
from apps.core.outbound.addresses import resolve
from tests.core.hostile_urls import NAMES, hostile_urls

pytestmark = [pytest.mark.allow_hosts(["127.0.0.1", "127.0.0.2", "::1"])]

MALFORMED = (
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
    httpx2.InvalidURL,
    httpx2.UnsupportedProtocol,
    UnicodeError,
    ValueError,
)


def double(host, port):
    """The names of the table lead inside; everything else is left to the system."""
    return NAMES[host] if host in NAMES else resolve(host, port)


def outcome(call, url):
    try:
        call(url)
    except OutboundRefused:
        return "refused"
    except OutboundFailed:
        return "unresolved"
    except MALFORMED:
        return "malformed"
    return "called"


@pytest.mark.parametrize("library", ["httpx", "httpx2", "check_url"])
def test_no_hostile_form_reaches_the_canary(canary, library):
    urls = hostile_urls(canary.port)
    assert len(urls) >= 150
    make = {"httpx": client, "httpx2": http2_client}.get(library)
    if make:
        with make(purpose="test", timeout=5, resolver=double) as guarded:
            results = {url: outcome(guarded.get, url) for url in urls}
    else:
        results = {url: outcome(lambda url: check_url(url, resolver=double), url) for url in urls}
    assert canary.connections == 0
    assert [url for url, result in results.items() if result == "called"] == []
    # What is merely unresolvable proves little; nearly everything must be refused for what it is.
    assert sum(result == "unresolved" for result in results.values()) <= 8


def test_the_table_has_teeth_against_a_client_without_guard(canary):
    reached = 0
    with httpx.Client(trust_env=False, timeout=2) as naive:
        for url in hostile_urls(canary.port):
            if not url.startswith("http://") or any(name in url for name in NAMES):
                continue
            try:
                reached += naive.get(url).text == "canary"
            except Exception:
                continue
    assert reached >= 25
    assert canary.connections >= reached


@pytest.mark.parametrize("status", ["OutboundRefused"])
def test_a_refusal_says_what_to_change(status):
    with pytest.raises(OutboundRefused) as caught:
        check_url("http://user:secret@example.com/")
    assert caught.value.code == "outbound_refused"
    assert caught.value.status == 400
    assert "password" in str(caught.value.fields["url"])
    assert "secret" not in str(caught.value) + caught.value.text


@pytest.mark.parametrize("port", [21, 22, 25, 3306, 5432, 6379, 8080, 0, 65535])
def test_ports_other_than_80_and_443_are_refused(port):
    with pytest.raises(OutboundRefused):
        check_url(f"http://93.184.216.34:{port}/")


@pytest.mark.parametrize(
    "url", ["https://93.184.216.34/", "http://93.184.216.34:80/x?y#z", "https://[2606:2800:220:1::1]/"]
)
def test_public_addresses_pass(url):
    check_url(url)


@pytest.mark.parametrize(
    "host",
    ["münchen.example", "xn--mnchen-3ya.example", "under_score.example", "a.b.c.example.", "x" * 63 + ".example"],
)
def test_ordinary_names_pass_when_every_address_is_public(host):
    check_url(f"https://{host}/", resolver=lambda _host, _port: ["93.184.216.34", "2606:2800:220:1::1"])
