"""Pages about people through the front door: roles, faulty input kept, wrong persons, limits, equal answers."""

import statistics
import time
from collections.abc import Callable

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.test import Client

from apps.accounts.enums import Role
from apps.accounts.models import Invitation, Membership, User
from apps.accounts.permissions import permissions_of_role
from apps.accounts.services.invitations import invite
from apps.tenants.contracts import TenantRef
from apps.tenants.facade import cancel_deletion
from apps.tenants.models import Tenant
from tests.cast import PASSWORD

Browse = Callable[..., Client]
PAGES = {
    "/settings/": "settings.view", "/settings/launch-stage/": "settings.view", "/settings/domains/": "settings.view",
    "/settings/leaving/": "workspace.view", "/settings/members/": "members.view", "/settings/roles/": "members.view",
    "/settings/support-access/": "audit.view", "/getting-started/": "workspace.view",
}  # fmt: skip


@pytest.mark.parametrize("role", Role.values)
def test_each_role_sees_the_settings_it_may(role: str, viewer: User, browse: Browse) -> None:
    Membership.objects.filter(user=viewer).update(role=role)
    client = browse(viewer)
    for path, permission in PAGES.items():
        expected = 200 if permission in permissions_of_role(role) else 403
        assert client.get(path).status_code == expected, (role, path)


@pytest.mark.parametrize("role", [Role.EDITOR, Role.VIEWER, Role.APPROVER, Role.ANALYST])
def test_roles_without_the_right_change_no_setting(role: str, viewer: User, browse: Browse) -> None:
    Membership.objects.filter(user=viewer).update(role=role)
    client = browse(viewer)
    before = Tenant.objects.values().get(slug="acme")
    for path, data in (
        ("/settings/", {"name": "Mine", "time_zone": "UTC", "currency": "USD", "language": "en"}),
        ("/settings/launch-stage/", {"stage": "post", "reason": "because"}),
        ("/settings/domains/", {"domain": "mine.example.com"}),
        ("/settings/deletion/", {"confirm": "acme"}),
        ("/settings/invitations/", {"email": "x@y.example", "role": "owner"}),
    ):
        assert client.post(path, data).status_code == 403, path
    assert Tenant.objects.values().get(slug="acme") == before
    assert not Invitation.objects.exists()


def test_faulty_settings_are_shown_again_as_typed(user: User, browse: Browse) -> None:
    before = Tenant.objects.get(slug="acme").name
    page = browse(user).post(
        "/settings/", {"name": "Typed name", "time_zone": "Mars/Base", "currency": "USD", "language": "en"}
    )
    assert page.status_code == 400
    assert 'value="Typed name"' in page.text
    assert Tenant.objects.get(slug="acme").name == before


def test_settings_are_kept_and_recorded(user: User, browse: Browse) -> None:
    body = {"name": "Acme  Two", "time_zone": "Asia/Karachi", "currency": "PKR", "language": "ur"}
    assert browse(user).post("/settings/", body).status_code == 302
    row = Tenant.objects.get(slug="acme")
    assert (row.name, row.time_zone, row.currency, row.language) == ("Acme Two", "Asia/Karachi", "PKR", "ur")
    event = row.events.get(kind="changed")
    assert (event.actor_id, set(event.detail)) == (user.pk, {"name", "time_zone", "currency", "language"})


def test_an_invitation_says_what_is_wrong_and_keeps_the_address(user: User, viewer: User, browse: Browse) -> None:
    Membership.objects.filter(user=viewer).delete()  # room for one more
    for email, text in (("not an address", "Enter a valid email"), (user.email, "belongs to the workspace already")):
        page = browse(user).post("/settings/invitations/", {"email": email, "role": "editor"})
        assert page.status_code in {400, 409}
        assert text in page.text
        assert f'value="{email}"' in page.text


def test_the_wrong_person_is_led_on_and_does_not_join(
    tenant: TenantRef, user: User, outsider: User, browse: Browse
) -> None:
    token = invite(email="guest@elsewhere.example", role="viewer", actor=user, tenant_name="Acme", link=str).token
    client = browse(outsider, host="localhost")
    page = client.get(f"/invitations/{token}/")
    assert "Sign out and continue" in page.text
    assert client.post(f"/invitations/{token}/").status_code == 403
    assert not Membership.objects.filter(user=outsider, tenant_id=tenant.id).exists()
    visitor = browse(host="localhost").get(f"/invitations/{token}/")
    assert "email=guest%40elsewhere.example" in visitor.text


def test_the_only_owner_is_told_why_leaving_is_not_possible(user: User, browse: Browse) -> None:
    client = browse(user)
    assert "only owner" in client.get("/settings/leaving/").text
    own = Membership.objects.get(user=user)
    page = client.post(f"/settings/members/{own.pk}/remove/", follow=True)
    assert "Make somebody else an owner" in page.text
    assert Membership.objects.filter(pk=own.pk).exists()


def test_a_member_leaves_by_themselves(viewer: User, browse: Browse) -> None:
    client = browse(viewer)
    assert "Leave Acme" in client.get("/settings/leaving/").text
    page = client.post(f"/settings/members/{Membership.objects.get(user=viewer).pk}/remove/")
    assert "/workspaces/" in page.text
    assert client.get("/").status_code == 302


def test_closing_needs_the_address_and_can_be_taken_back_by_an_owner_only(
    user: User, member: User, browse: Browse
) -> None:
    page = browse(user).post("/settings/deletion/", {"confirm": "acm", "reason": "typed before"})
    assert page.status_code == 400
    assert "typed before" in page.text
    assert Tenant.objects.get(slug="acme").status == "active"
    assert "Close Acme" in browse(user).get("/settings/leaving/").text
    browse(user).post("/settings/deletion/", {"confirm": "acme"})
    assert Tenant.objects.get(slug="acme").status == "deleting"
    assert "Keep Acme" in browse(user, host="localhost").get("/workspaces/").text
    assert "Keep Acme" not in browse(member, host="localhost").get("/workspaces/").text
    assert browse(member, host="localhost").post("/workspaces/acme/keep/").status_code == 404
    assert browse(user, host="localhost").post("/workspaces/acme/keep/").status_code == 302
    assert Tenant.objects.get(slug="acme").status == "active"
    assert callable(cancel_deletion)


@pytest.mark.parametrize(("query", "free", "says"), [
    ({"address": "acme"}, False, "somebody else"), ({"address": "admin"}, False, "small letters"), ({"address": "ab"}, False, "3 to 40"),
    ({"address": "brand-new"}, True, "yours to take"), ({"name": "Brand New & Sons"}, True, "brand-new-sons"),
    ({"name": "کاروبار"}, True, "workspace-"), ({"name": "Acme"}, True, "acme-"),
])  # fmt: skip
def test_addresses_are_proposed_and_judged_kindly(
    user: User, browse: Browse, query: dict[str, str], free: bool, says: str
) -> None:
    answer = browse(user, host="localhost").get("/workspaces/address/", query).json()
    assert answer["free"] is free
    assert says in f"{answer['address']} {answer['text']}"
    assert browse(host="localhost").get("/workspaces/address/", query).status_code == 302


def test_a_taken_address_keeps_the_form(user: User, browse: Browse) -> None:
    page = browse(user, host="localhost").post("/workspaces/new/", {"name": "Mine", "slug": "globex"})
    assert page.status_code == 400
    assert "taken" in page.text
    assert 'value="Mine"' in page.text


def test_one_ends_ones_own_session_and_no_other(user: User, outsider: User, browse: Browse) -> None:
    for person in (user, outsider):
        EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    there, here = Client(SERVER_NAME="acme.localhost"), Client(SERVER_NAME="acme.localhost")
    for client in (there, here):
        client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    foreign = Client(SERVER_NAME="globex.localhost")
    foreign.post("/accounts/login/", {"login": outsider.email, "password": PASSWORD})
    rows = {row.session_key: row.pk for row in UserSession.objects.all()}
    assert here.post(f"/accounts/sessions/{rows[foreign.session.session_key]}/end/").status_code == 404
    assert foreign.get("/").status_code == 200
    assert here.post(f"/accounts/sessions/{rows[there.session.session_key]}/end/").status_code == 302
    assert there.get("/").status_code == 302
    assert here.get("/").status_code == 200


def test_too_many_attempts_get_a_clear_page_whatever_the_address(user: User) -> None:
    def ask(email: str) -> object:
        return Client(SERVER_NAME="localhost").post("/accounts/login/", {"login": email, "password": "wrong"})

    answers = [ask(f"nobody{number}@else.example") for number in range(31)]
    assert answers[0].status_code == 200
    refused = answers[-1]
    assert refused.status_code == 429
    assert "Too many attempts" in refused.text
    assert refused["Retry-After"] == "60"
    assert ask(user.email).status_code == 429


def test_a_known_and_an_unknown_address_take_the_same_time(user: User, settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
    settings.ACCOUNT_RATE_LIMITS = False
    user.set_password(PASSWORD)
    user.save()

    def seconds(email: str) -> float:
        client = Client(SERVER_NAME="localhost")
        began = time.perf_counter()
        client.post("/accounts/login/", {"login": email, "password": "wrong"})
        return time.perf_counter() - began

    seconds(user.email)
    pairs = [(seconds(user.email), seconds(f"nobody{number}@else.example")) for number in range(7)]
    known, unknown = (statistics.median(times) for times in zip(*pairs, strict=True))
    assert 0.5 < known / unknown < 2


def test_the_profile_is_kept_and_faults_are_shown_as_typed(user: User, browse: Browse) -> None:
    client = browse(user)
    body = {"name": "New  Name", "language": "es", "time_zone": "Europe/Madrid", "theme": "dark", "density": "compact",
            "motion": "reduced"}  # fmt: skip
    assert client.post("/accounts/profile/", body).status_code == 302
    user.refresh_from_db()
    kept = (user.name, user.language, user.time_zone, user.theme, user.density, user.motion, user.single_key_shortcuts)
    assert kept == ("New Name", "es", "Europe/Madrid", "dark", "compact", "reduced", False)
    page = client.post("/accounts/profile/", {**body, "name": "Typed", "theme": "sepia"})
    assert page.status_code == 400
    assert 'value="Typed"' in page.text


def test_the_checklist_ticks_itself_and_is_put_away(tenant: TenantRef, user: User, browse: Browse) -> None:
    from apps.ai.facade import set_budget
    from apps.core.onboarding import next_step
    from apps.portal.models import PushSubscription
    from apps.tasks.facade import submit_task

    may = permissions_of_role("owner")
    assert next_step(may, user_id=user.pk).name == "first_task"
    page = browse(user).get("/getting-started/")
    assert page.text.count('class="done"') == 1
    submit_task(source="portal", title="First", body="Say hello", requested_by=user.pk)
    assert next_step(may, user_id=user.pk).name == "connect"
    assert browse(user).get("/getting-started/").text.count('class="done"') == 2
    set_budget(scope="tenant", cap_micros=5_000_000)
    assert browse(user).get("/getting-started/").text.count('class="done"') == 3
    PushSubscription.objects.create(
        tenant_id=tenant.id, user=user, session_hash="s", endpoint_hash="e", endpoint="https://push.example/1",
        public_key="k", auth_secret="a",
    )  # fmt: skip
    assert browse(user).get("/getting-started/").text.count('class="done"') == 4
    client = browse(user)
    assert "Put away" in client.get("/").text
    client.post("/getting-started/close/")
    assert "Put away" not in client.get("/").text
    client.post("/getting-started/reopen/")
    assert "Put away" in client.get("/").text
    assert next_step(permissions_of_role("viewer"), user_id=user.pk) is None


def test_each_address_has_buttons_that_name_it(user: User, browse: Browse) -> None:
    EmailAddress.objects.get_or_create(user=user, email=user.email, defaults={"verified": True, "primary": True})
    EmailAddress.objects.create(user=user, email="second@example.org", verified=True, primary=False)
    client = browse(user)
    page = client.get("/accounts/email/").content.decode()
    assert "Remove second@example.org" in page
    assert "Make second@example.org the main address" in page
    assert f"Remove {user.email}" not in page
    client.post("/accounts/email/", {"email": "second@example.org", "action_remove": ""})
    assert not EmailAddress.objects.filter(email="second@example.org").exists()
