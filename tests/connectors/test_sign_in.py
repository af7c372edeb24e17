"""Sign-in with a service: code flow with PKCE, bound state, renewal that survives rotation, revocation. Real HTTP throughout."""

import contextlib
import threading
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.db import connection as database
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import User
from apps.connectors import credentials, facade, renewal
from apps.connectors.conf import OAuthClient
from apps.connectors.errors import CredentialsRefused, SignInExpired, SignInFailed, SignInUnavailable, TokenExpired
from apps.connectors.models import Connection, SignIn
from tests.servers.services.airtable import Airtable
from tests.servers.services.github import GitHub
from tests.servers.services.google import Google
from tests.servers.services.hubspot import HubSpot
from tests.servers.services.slack import Slack

SERVICES = {
    "airtable": Airtable,
    "drive": Google,
    "github": GitHub,
    "gmail": Google,
    "hubspot": HubSpot,
    "slack": Slack,
}
CLIENTS = {
    "airtable": "airtable",
    "drive": "google",
    "github": "github",
    "gmail": "google",
    "hubspot": "hubspot",
    "slack": "slack",
}
BACK = "https://acme.localhost/connections/oauth/callback/"
Browse = Callable[..., Client]


@contextlib.contextmanager
def registered(slug: str) -> Iterator[Any]:
    with SERVICES[slug]() as service:
        client = OAuthClient(client_id=service.oauth.client_id, client_secret=service.oauth.client_secret)
        with override_settings(
            CONNECTOR_ADDRESSES={slug: service.url},
            OUTBOUND_ALLOW_OPERATOR=[service.address],
            CONNECTOR_CLIENTS={CLIENTS[slug]: client},
        ):
            yield service


@pytest.fixture
def drive(tenant: object) -> Iterator[Google]:
    with registered("drive") as service:
        yield service


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any, **_options: Any) -> None:
        return None


def agree(address: str) -> dict[str, str]:
    """A person says yes (or no) on the service's page; what comes back to us."""
    opener = urllib.request.build_opener(_Stay)
    try:
        opener.open(address, timeout=5)
    except urllib.error.HTTPError as answer:
        location = answer.headers["Location"]
        return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    raise AssertionError("no redirect")


def begin(slug: str = "drive", *, user: int = 1, session: str = "session-a") -> str:
    return facade.begin_sign_in(connector=slug, user_id=user, session_key=session, redirect_uri=BACK)


def finish(back: dict[str, str], *, user: int = 1, session: str = "session-a") -> Any:
    return facade.finish_sign_in(state=back.get("state", ""), code=back.get("code", ""), error=back.get("error", ""), user_id=user,
                                 session_key=session)  # fmt: skip


@pytest.mark.parametrize("slug", sorted(SERVICES))
def test_every_service_with_sign_in_can_be_connected_with_it(tenant: object, slug: str) -> None:
    with registered(slug) as service:
        view = finish(agree(begin(slug)))
        asked = service.oauth.asked[0]
        assert (asked["code_challenge_method"], asked["response_type"], asked["redirect_uri"]) == ("S256", "code", BACK)
        assert asked["scope"]
        assert view.signs_in and view.account_name
        row = Connection.objects.get(pk=view.id)
        assert credentials.unpack(str(row.secret)).keys() == {"token", "refresh_token"}
        assert row.token_expires_at is not None


def test_tokens_are_encrypted_and_shown_nowhere(drive: Google) -> None:
    view = finish(agree(begin()))
    with database.cursor() as cursor:
        cursor.execute("SELECT secret FROM connectors_connection UNION SELECT verifier FROM connectors_signin")
        stored = " ".join(row[0] for row in cursor.fetchall())
    assert "access-" not in stored and "refresh-" not in stored
    row = Connection.objects.get(pk=view.id)
    assert "access-" not in repr(row.secret) + repr(view) + repr(SignIn.objects.get().__dict__)


@pytest.mark.parametrize(("user", "session"), [(2, "session-a"), (1, "session-b"), (2, "session-b")])
def test_another_person_or_session_cannot_finish_a_sign_in(drive: Google, user: int, session: str) -> None:
    back = agree(begin())
    calls = len(drive.log)
    with pytest.raises(SignInExpired):
        finish(back, user=user, session=session)
    assert len(drive.log) == calls
    assert not Connection.objects.exists()
    assert finish(back).signs_in


def test_a_state_works_once_and_not_for_ever(drive: Google) -> None:
    back = agree(begin())
    finish(back)
    with pytest.raises(SignInExpired):
        finish(back)
    late = agree(begin())
    SignIn.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for wrong in (late, {}, {"state": "made up", "code": "x"}):
        with pytest.raises(SignInExpired):
            finish(wrong)
    assert Connection.objects.count() == 1


def test_a_person_who_says_no_and_a_service_that_does_are_told_apart(drive: Google) -> None:
    drive.oauth.refuses = "access_denied"
    with pytest.raises(SignInFailed) as caught:
        finish(agree(begin()))
    assert "access_denied" in caught.value.text
    drive.oauth.refuses = ""
    back = agree(begin())
    with pytest.raises(SignInFailed) as caught:
        finish({**back, "code": "made up"})
    assert "invalid_grant" in caught.value.text
    assert not Connection.objects.exists()


def test_a_code_is_useless_without_our_verifier(drive: Google) -> None:
    back = agree(begin())
    attempt = SignIn.objects.get()
    attempt.verifier = "another verifier that somebody guessed, long enough"
    attempt.save()
    with pytest.raises(SignInFailed):
        finish(back)


def test_without_the_operators_registration_it_says_what_to_set(tenant: object, settings) -> None:
    settings.CONNECTOR_CLIENTS = {}
    with pytest.raises(SignInUnavailable) as caught:
        begin()
    assert "CONNECTOR_GOOGLE_CLIENT_ID, CONNECTOR_GOOGLE_CLIENT_SECRET" in caught.value.text


def test_tokens_are_renewed_ahead_and_the_rotated_refresh_token_is_kept(drive: Google) -> None:
    drive.oauth.expires_in = 600
    view = finish(agree(begin()))
    before = credentials.unpack(str(Connection.objects.get().secret))
    for _round in range(3):
        assert renewal.due() == [view.id]
        assert renewal.renew(connection_id=view.id)
    after = credentials.unpack(str(Connection.objects.get().secret))
    assert after["token"] != before["token"] and after["refresh_token"] != before["refresh_token"]
    assert drive.oauth.refreshes == 3
    assert facade.test_connection(view.id).health == "ok"


def test_a_service_that_does_not_rotate_keeps_its_refresh_token(drive: Google) -> None:
    drive.oauth.rotates, drive.oauth.expires_in = False, 600
    drive.oauth.shape = lambda answer: (
        answer if not drive.oauth.refreshes else {k: v for k, v in answer.items() if k != "refresh_token"}
    )
    view = finish(agree(begin()))
    before = credentials.unpack(str(Connection.objects.get().secret))["refresh_token"]
    assert renewal.renew(connection_id=view.id)
    assert credentials.unpack(str(Connection.objects.get().secret))["refresh_token"] == before


def test_two_processes_at_once_use_a_refresh_token_once(drive: Google) -> None:
    drive.oauth.expires_in = 600
    view = finish(agree(begin()))
    drive.faults.append({"kind": "slow_after", "seconds": 0.5, "match": "POST /token"})
    first = renewal.Connection.objects.filter(pk=view.id)
    answers: list[Any] = []
    begun = threading.Event()
    real = renewal.renewed

    def slow(*arguments: Any) -> Any:
        begun.set()
        answers.append(renewal.renew(connection_id=view.id))
        return real(*arguments)

    renewal.renewed = slow
    try:
        assert renewal.renew(connection_id=view.id) is True
    finally:
        renewal.renewed = real
    assert begun.is_set() and answers == [False]
    assert drive.oauth.refreshes == 1
    assert first.get().renew_until is None


def test_taken_back_access_needs_a_person_and_an_outage_does_not(drive: Google) -> None:
    drive.oauth.expires_in = 600
    view = finish(agree(begin()))
    drive.faults.append({"kind": "status", "status": 503, "match": "POST /token"})
    with pytest.raises(Exception, match="503"):
        renewal.renew(connection_id=view.id)
    assert facade.get_connection(view.id).state == "active"
    drive.oauth.revoke_all()
    with pytest.raises(CredentialsRefused):
        renewal.renew(connection_id=view.id)
    found = facade.get_connection(view.id)
    assert (found.state, found.error_code) == ("attention", "credentials_refused")
    assert renewal.due() == []
    again = finish(agree(begin()))
    assert (again.id, again.state) == (view.id, "active")


def test_a_call_with_an_ended_token_waits_for_its_renewal(drive: Google) -> None:
    view = finish(agree(begin()))
    Connection.objects.update(token_expires_at=timezone.now() - timedelta(seconds=1))
    request = facade.prepare_action(connection_id=view.id, action="find_files", inputs={})
    with pytest.raises(TokenExpired) as caught:
        facade.unlock_action(request)
    assert caught.value.retry_after
    renewal.sweep(None)  # type: ignore[arg-type]
    unlocked = facade.unlock_action(request)
    assert facade.perform_action(request, unlocked, key="k", timeout_s=10) == {"files": []}


def test_disconnecting_tells_the_service(drive: Google) -> None:
    view = finish(agree(begin()))
    facade.disconnect(view.id)
    assert "POST /revoke" in drive.calls
    row = Connection.objects.get()
    assert (row.secret, row.state, row.token_expires_at) == ("", "disabled", None)


def test_through_the_pages(drive: Google, browse: Browse, user: User) -> None:
    client = browse(user)
    start = reverse("connections:oauth_start", args=["drive"], urlconf="echopilot.urls_tenant")
    back_url = reverse("connections:oauth_callback", urlconf="echopilot.urls_tenant")
    assert client.get(start).status_code == 405
    sent = client.post(start, {"name": "My Drive"})
    assert sent.status_code == 302 and sent["Location"].startswith(drive.url)
    back = agree(sent["Location"])
    landed = client.get(back_url, back)
    view = facade.list_connections()[0]
    assert landed.status_code == 302 and str(view.id) in landed["Location"]
    assert view.name == "My Drive"
    assert client.get(back_url, back).status_code == 302
    assert (
        "finished already"
        in client.get(reverse("connections:connection_list", urlconf="echopilot.urls_tenant")).content.decode()
    )


def test_the_page_says_what_the_operator_must_set(tenant: object, browse: Browse, user: User, settings) -> None:
    settings.CONNECTOR_CLIENTS = {}
    page = (
        browse(user)
        .get(reverse("connections:connection_create", args=["drive"], urlconf="echopilot.urls_tenant"))
        .content.decode()
    )
    assert "CONNECTOR_GOOGLE_CLIENT_ID" in page
    assert reverse("connections:oauth_callback", urlconf="echopilot.urls_tenant") in page
