"""Sign-in through another service, against a provider on loopback over real HTTP."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp
from django.test import Client

from apps.accounts.models import User
from tests.accounts.test_sign_in import target_of
from tests.servers.oidc import Provider

LOGIN = "/accounts/oidc/sso/login/"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.close()


@pytest.fixture
def provider(db: None, running: Provider, settings) -> Provider:
    settings.OUTBOUND_ALLOW_OPERATOR = [running.issuer.removeprefix("http://")]
    fresh = {"refuses": False, "overrides": {}, "leaves_out_id_token": False, "signs_with_foreign_key": False, "asked": [],
             "claims": {"sub": "person-1", "email": "new@person.example", "email_verified": True, "name": "New Person"}}  # fmt: skip
    for name, value in fresh.items():
        setattr(running, name, value)
    SocialApp.objects.create(provider="openid_connect", provider_id="sso", name="Test SSO", client_id=running.client_id,
                             secret=running.client_secret, settings={"server_url": running.issuer})  # fmt: skip
    return running


def sign_in(provider: Provider, client: Client | None = None) -> object:
    """What the browser does: press the button, go to the provider, come back."""
    client = client or Client(SERVER_NAME="localhost")
    there = target_of(client.post(LOGIN).text)
    assert there.startswith(f"{provider.issuer}/authorize?")
    back = urlsplit(httpx.get(there, follow_redirects=False).headers["Location"])
    answer = client.get(f"{back.path}?{back.query}", follow=True)
    answer.client_used = client
    return answer


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_new_person_comes_in_and_names_a_workspace(provider: Provider) -> None:
    page = sign_in(provider)
    assert "Name your workspace" in page.text
    person = User.objects.get(email="new@person.example")
    assert person.name == "New Person"
    assert EmailAddress.objects.get(user=person).verified
    again = sign_in(provider)
    assert is_signed_in(again.client_used)
    assert User.objects.filter(email="new@person.example").count() == 1


def test_the_request_carries_pkce_state_and_a_nonce(provider: Provider) -> None:
    sign_in(provider)
    asked = provider.asked[0]
    assert asked["code_challenge_method"] == "S256"
    assert len(asked["nonce"]) >= 32
    assert len(asked["state"]) >= 16
    assert asked["redirect_uri"].endswith("/accounts/oidc/sso/login/callback/")
    assert set(asked["scope"].split()) == {"openid", "profile", "email"}


def test_the_sign_in_page_offers_it_here_and_not_on_workspaces(provider: Provider) -> None:
    assert "Continue with Test SSO" in Client(SERVER_NAME="localhost").get("/accounts/login/").text
    workspace = Client(SERVER_NAME="acme.localhost")
    assert "Test SSO" not in workspace.get("/accounts/login/").text
    assert workspace.get(LOGIN).status_code == 404


def test_a_refusal_is_said_and_signs_nobody_in(provider: Provider) -> None:
    provider.refuses = True
    page = sign_in(provider)
    assert page.status_code == 200
    assert not is_signed_in(page.client_used)
    assert not User.objects.filter(email="new@person.example").exists()


@pytest.mark.parametrize("lie", [{"nonce": "another"}, {"nonce": None}, {"iss": "https://evil.example"}, {"aud": "somebody-else"},
                                 {"exp": 1}, "no id token", "foreign key"])  # fmt: skip
def test_an_id_token_that_is_not_ours_signs_nobody_in(provider: Provider, lie: object) -> None:
    if lie == "no id token":
        provider.leaves_out_id_token = True
    elif lie == "foreign key":
        provider.signs_with_foreign_key = True
    else:
        provider.overrides = dict(lie)  # type: ignore[call-overload]
    page = sign_in(provider)
    assert not is_signed_in(page.client_used)
    assert not User.objects.filter(email="new@person.example").exists()
    assert not SocialAccount.objects.exists()


def test_an_answer_of_another_browser_is_refused(provider: Provider) -> None:
    victim, thief = Client(SERVER_NAME="localhost"), Client(SERVER_NAME="localhost")
    there = target_of(thief.post(LOGIN).text)
    back = urlsplit(httpx.get(there, follow_redirects=False).headers["Location"])
    victim.get(f"{back.path}?{back.query}")
    assert not is_signed_in(victim)
    assert "state" in parse_qs(back.query)


@pytest.mark.parametrize("verified", [True, False])
def test_an_address_never_takes_an_account_over(provider: Provider, user: User, verified: bool) -> None:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    provider.claims = {**provider.claims, "email": user.email, "email_verified": verified}
    page = sign_in(provider)
    assert not is_signed_in(page.client_used)
    assert not SocialAccount.objects.filter(user=user).exists()


def test_an_unproven_address_of_a_newcomer_is_proven_here_first(provider: Provider) -> None:
    provider.claims = {**provider.claims, "email_verified": False}
    page = sign_in(provider)
    assert not is_signed_in(page.client_used)
    assert not EmailAddress.objects.filter(email="new@person.example", verified=True).exists()


def test_somebody_signed_in_connects_it_and_comes_back_with_it(provider: Provider, user: User, browse) -> None:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client = browse(user, host="localhost")
    there = target_of(client.post(f"{LOGIN}?process=connect").text)
    back = urlsplit(httpx.get(there, follow_redirects=False).headers["Location"])
    client.get(f"{back.path}?{back.query}")
    assert SocialAccount.objects.get().user == user
    assert is_signed_in(sign_in(provider).client_used)


def test_the_environment_configures_google_and_one_more() -> None:
    from pydantic import SecretStr

    from echopilot.settings.environment import Environment, social_providers

    env = Environment(google_client_id="g", google_client_secret=SecretStr("s"), oidc_client_id="c")
    apps = social_providers(env)["openid_connect"]["APPS"]
    assert [(app["provider_id"], app["settings"]["server_url"]) for app in apps] == [
        ("google", "https://accounts.google.com")
    ]


@pytest.mark.parametrize("said", [[], {}, {"issuer": 5}, "text", {"token_endpoint": None}])
def test_a_provider_that_says_nothing_usable_is_an_answer_not_a_crash(
    provider: Provider, said: object, monkeypatch
) -> None:
    monkeypatch.setattr(provider, "configuration", lambda: said)
    page = Client(SERVER_NAME="localhost").post(LOGIN)
    assert page.status_code == 503


@pytest.mark.parametrize("field", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
def test_a_provider_cannot_lead_us_inside(provider: Provider, field: str, monkeypatch) -> None:
    lying = {**provider.configuration(), field: "http://127.0.0.1:9/latest/meta-data"}
    monkeypatch.setattr(provider, "configuration", lambda: lying)
    page = sign_in(provider)
    assert page.status_code == 400
    assert not is_signed_in(page.client_used)
