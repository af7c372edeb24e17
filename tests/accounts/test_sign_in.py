"""From sign-up to the first page, on one host and across hosts."""

import re
from urllib.parse import urlsplit

import pytest
from django.core import mail
from django.test import Client

from apps.accounts.models import Membership, SignInTicket, User
from apps.tenants.contracts import TenantRef
from apps.tenants.models import Tenant
from tests.cast import PASSWORD


def platform() -> Client:
    return Client(SERVER_NAME="localhost")


def workspace(slug: str = "acme") -> Client:
    return Client(SERVER_NAME=f"{slug}.localhost")


def code_in(message: mail.EmailMessage) -> str:
    return re.search(r"\b([A-Z0-9]{4}-[A-Z0-9]{4}|[A-Z0-9]{6})\b", message.body)[1]


def follow(client: Client, url: str) -> object:
    parts = urlsplit(url)
    return client.get(f"{parts.path}?{parts.query}")


def target_of(page: str) -> str:
    return re.search(r'url=([^"]+)"', page)[1].replace("&amp;", "&")


def sign_up(client: Client, email: str = "new@person.example") -> object:
    return client.post("/accounts/signup/", {"email": email, "name": "New Person", "password1": ""}, follow=True)


def test_a_stranger_has_a_workspace_after_one_code_and_one_form(db: None) -> None:
    client = platform()
    assert sign_up(client).status_code == 200
    assert not Tenant.objects.filter(slug="first").exists()
    page = client.post("/accounts/confirm-email/", {"code": code_in(mail.outbox[0])}, follow=True)
    assert "Name your workspace" in page.text
    page = client.post("/workspaces/new/", {"name": "First", "slug": "", "time_zone": "Asia/Karachi"})
    place = Membership.objects.get(tenant__slug="first")
    assert (place.user.email, place.role) == ("new@person.example", "owner")
    assert place.user.time_zone == place.tenant.time_zone == "Asia/Karachi"
    visitor = workspace("first")
    assert target_of(page.text) == "http://first.localhost/accounts/enter/"
    there = visitor.get("/accounts/enter/")
    hop = follow(client, there.url)
    arrived = follow(visitor, target_of(hop.text))
    assert (arrived.status_code, arrived.url) == (302, "/")
    assert "First" in visitor.get("/").text


def test_a_ticket_works_once_on_its_host_in_its_browser(user: User, other_tenant: TenantRef) -> None:
    Membership.objects.create(user=user, tenant_id=other_tenant.id, role="viewer")
    here, there, thief = platform(), workspace(), workspace()
    here.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    thief.get("/accounts/enter/")
    back = target_of(follow(here, there.get("/accounts/enter/").url).text)
    assert follow(thief, back).status_code == 401
    elsewhere = workspace("globex")
    elsewhere.cookies["enter_state"] = there.cookies["enter_state"].value
    assert follow(elsewhere, back).status_code == 401
    assert follow(there, back).status_code == 302
    assert follow(there, back).status_code == 401
    assert SignInTicket.objects.get().used_at is not None


def test_no_ticket_for_a_workspace_one_does_not_belong_to(outsider: User) -> None:
    here = platform()
    here.force_login(outsider, backend="django.contrib.auth.backends.ModelBackend")
    answers = {here.get("/workspaces/enter/", {"host": host, "state": "s"}).status_code
               for host in ("acme.localhost", "nobody.localhost", "evil.example", "acme.localhost:9")}  # fmt: skip
    assert answers == {404}
    assert here.get("/workspaces/acme/open/").status_code == here.get("/workspaces/nobody/open/").status_code == 404


def test_signing_up_with_a_known_address_looks_the_same(user: User) -> None:
    known, unknown = sign_up(platform(), user.email), sign_up(platform(), "somebody@else.example")
    mask = re.compile(r'value="[^"]*"|[\w.]+@[\w.]+|nonce="[^"]*"')
    assert known.status_code == unknown.status_code
    assert mask.sub("", known.text) == mask.sub("", unknown.text)
    assert User.objects.filter(email=user.email).count() == 1


@pytest.mark.parametrize("path", ["/accounts/login/code/", "/accounts/password/reset/"])
def test_asking_for_a_code_says_nothing_about_the_address(user: User, path: str) -> None:
    known = platform().post(path, {"email": user.email})
    unknown = platform().post(path, {"email": "nobody@else.example"})
    assert (known.status_code, known.headers.get("Location")) == (unknown.status_code, unknown.headers.get("Location"))


def test_a_code_signs_in_on_the_workspaces_own_host(user: User) -> None:
    from allauth.account.models import EmailAddress

    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    client = workspace()
    client.post("/accounts/login/code/", {"email": user.email})
    answer = client.post("/accounts/login/code/confirm/", {"code": code_in(mail.outbox[0])})
    assert (answer.status_code, answer.url) == (302, "/")
    assert client.get("/").status_code == 200


def test_three_wrong_codes_end_the_attempt(user: User) -> None:
    client = workspace()
    client.post("/accounts/login/code/", {"email": user.email})
    for _ in range(3):
        answer = client.post("/accounts/login/code/confirm/", {"code": "WRONG1"})
    assert (answer.status_code, "login" in answer.url) == (302, True)
    right = code_in(mail.outbox[0])
    client.post("/accounts/login/code/confirm/", {"code": right})
    assert client.get("/").status_code == 302


def test_passwords_are_throttled_per_account(user: User) -> None:
    client = workspace()
    pages = [client.post("/accounts/login/", {"login": user.email, "password": "wrong"}).text for _ in range(6)]
    assert "Too many failed" in pages[5]
    locked = client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert locked.status_code == 200


def test_a_foreign_person_is_a_visitor(outsider: User) -> None:
    client = workspace()
    client.force_login(outsider, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/").status_code == 302
    page = client.get("/accounts/login/")
    assert "does not belong to this workspace" in page.text


def test_leaving_ends_the_session_here_at_once(viewer: User) -> None:
    client = workspace()
    client.force_login(viewer, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/").status_code == 200
    Membership.objects.filter(user=viewer).delete()
    assert client.get("/").status_code == 302


def test_sign_up_is_closed_on_a_workspaces_host(db: None) -> None:
    workspace().post("/accounts/signup/", {"email": "new@person.example", "name": "N"})
    assert not User.objects.filter(email="new@person.example").exists()


def test_an_invited_person_joins_by_the_page(tenant: TenantRef, user: User, outsider: User) -> None:
    from apps.accounts.services.invitations import invite

    token = invite(email=outsider.email, role="editor", actor=user, tenant_name="Acme", link=lambda token: token).token
    client = platform()
    assert "I have an account" in client.get(f"/invitations/{token}/").text
    client.force_login(outsider, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post(f"/invitations/{token}/").status_code == 302
    assert Membership.objects.get(user=outsider, tenant_id=tenant.id).role == "editor"
    assert client.get(f"/invitations/{token}/").status_code == client.get("/invitations/unknown/").status_code == 404


@pytest.mark.parametrize("path", ["/accounts/email/", "/accounts/password/change/", "/accounts/2fa/", "/accounts/sessions/",
                                  "/accounts/api-sessions/", "/settings/members/", "/settings/"])  # fmt: skip
def test_the_pages_about_oneself_and_the_workspace_open(user: User, path: str) -> None:
    client = workspace()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    answer = client.get(path)
    if answer.status_code == 302:  # asked to prove oneself again
        client.post(answer.url, {"password": PASSWORD})
        answer = client.get(path)
    assert answer.status_code == 200
    assert "portal/base.css" in answer.text


@pytest.mark.parametrize(
    "host", ["nobody.localhost", "xn--.localhost", "acme.localhost.evil.example", "a" * 70 + ".localhost", "127.0.0.1"]
)
def test_an_unknown_host_gets_a_page_and_never_the_public_one(db: None, host: str) -> None:
    answer = Client(SERVER_NAME=host).get("/workspaces/")
    assert answer.status_code in {400, 404}
    assert "Create" not in answer.text
    problem = Client(SERVER_NAME=host).get("/", headers={"Accept": "application/json"})
    assert problem.json()["code"] in {"unknown_tenant", "invalid_input"}


def test_passkeys_belong_to_the_parent_domain(rf, settings) -> None:
    from allauth.core import context

    from apps.accounts.adapter import MfaAdapter

    settings.BASE_DOMAIN, settings.ALLOWED_HOSTS = "echopilot.example", ["*"]
    for host, expected in (
        ("acme.echopilot.example", "echopilot.example"),
        ("app.customer.example", "app.customer.example"),
    ):
        with context.request_context(rf.get("/", SERVER_NAME=host)):
            assert MfaAdapter().get_public_key_credential_rp_entity()["id"] == expected
