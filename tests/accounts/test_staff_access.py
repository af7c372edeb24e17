"""Staff inside a workspace: only with a reason, for half an hour, on record, and never for what is the customer's own."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from apps.accounts.errors import AccessNotPossible
from apps.accounts.models import Membership, SignInTicket, StaffAccess, StaffAct, User
from apps.accounts.permissions import FORBIDDEN_TO_STAFF
from apps.accounts.services.staff_access import start_access
from apps.core.errors import InvalidInput, NotAllowed
from apps.tenants.contracts import TenantRef
from apps.tenants.models import Tenant
from tests.accounts.test_sign_in import follow, target_of

Browse = Callable[..., Client]
WHY = "Ticket 4711: answers do not arrive"
OVERVIEW = "/admin/tenants/tenant/{}/overview/"


@pytest.fixture
def acme(db: None) -> Tenant:
    return Tenant.objects.get(slug="acme")


def enter(browse: Browse, staff: User, acme: Tenant, person: User, *, host: str = "acme.localhost") -> Client:
    """Through the doors: reason in the back office, ticket at the platform, session on the workspace's host."""
    office, inside = browse(staff, host="localhost"), Client(SERVER_NAME=host)
    page = office.post(OVERVIEW.format(acme.pk), {"acting_as": person.pk, "reason": WHY})
    assert target_of(page.text) == "http://acme.localhost/accounts/enter/"
    hop = follow(office, inside.get("/accounts/enter/").url)
    assert follow(inside, target_of(hop.text)).status_code == 302
    return inside


def test_staff_enter_with_a_reason_and_owners_are_told(
    browse: Browse, staff: User, acme: Tenant, user: User, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        inside = enter(browse, staff, acme, user)
    page = inside.get("/settings/")
    assert page.status_code == 200
    assert "Everything is recorded" in page.text
    assert "End access" in page.text
    assert [message.to for message in mail.outbox] == [[user.email]]
    assert WHY in mail.outbox[0].body
    access = StaffAccess.objects.get()
    assert (access.staff, access.acting_as, access.tenant, access.reason) == (staff, user, acme, WHY)
    assert access.expires_at - access.started_at == timedelta(minutes=30)


def test_each_request_is_on_record_with_both_names(browse: Browse, staff: User, acme: Tenant, user: User) -> None:
    inside = enter(browse, staff, acme, user)
    inside.get("/settings/members/")
    inside.post("/tasks/new/", {"title": ""})
    inside.get("/nowhere/")
    acts = list(StaffAct.objects.order_by("id").values_list("method", "route", "status", "access__staff__email"))
    assert [act[:3] for act in acts] == [("GET", "/settings/members/", 200), ("POST", "/tasks/new/", 400)]
    assert {act[3] for act in acts} == {staff.email}
    owner = browse(user)
    listed = owner.get("/settings/support-access/", {"access": StaffAccess.objects.get().pk})
    assert WHY in listed.text
    assert "/settings/members/" in listed.text
    assert staff.email in listed.text


@pytest.mark.parametrize(
    ("address", "status"), [("/nowhere/", 404), ("/settings/domains/", None), ("/accounts/email/", 403)]
)
def test_error_pages_say_that_staff_are_inside(
    browse: Browse, staff: User, acme: Tenant, user: User, address: str, status: int | None
) -> None:
    inside = enter(browse, staff, acme, user)
    page = inside.get(address)
    assert status is None or page.status_code == status
    assert staff.email in page.text and 'action="/staff-access/end/"' in page.text
    assert "csrfmiddlewaretoken" in page.text
    assert "Staff access:" not in browse(user).get("/nowhere/").text


@pytest.mark.parametrize("reason", ["", "   ", "because"])
def test_no_reason_no_entry(browse: Browse, staff: User, acme: Tenant, user: User, reason: str) -> None:
    page = browse(staff, host="localhost").post(OVERVIEW.format(acme.pk), {"acting_as": user.pk, "reason": reason})
    assert page.status_code == 400
    assert not StaffAccess.objects.exists()
    assert mail.outbox == []


def test_only_staff_enter(browse: Browse, user: User, acme: Tenant, outsider: User) -> None:
    for person in (user, outsider, None):
        answer = browse(person, host="localhost").post(OVERVIEW.format(acme.pk), {"acting_as": user.pk, "reason": WHY})
        assert answer.status_code == 302
    with pytest.raises(NotAllowed):
        start_access(staff=outsider, tenant_id=acme.pk, acting_as_id=user.pk, reason=WHY, link=str)
    assert not StaffAccess.objects.exists()


def test_nobody_acts_as_staff_or_as_a_stranger(staff: User, acme: Tenant, outsider: User, member: User) -> None:
    User.objects.filter(pk=member.pk).update(is_staff=True)
    for person in (outsider, member, staff):
        with pytest.raises(AccessNotPossible):
            start_access(staff=staff, tenant_id=acme.pk, acting_as_id=person.pk, reason=WHY, link=str)
    with pytest.raises(InvalidInput):
        start_access(staff=staff, tenant_id=acme.pk, acting_as_id=member.pk, reason="no", link=str)


@pytest.mark.parametrize("deed", ["time", "left", "owner", "no staff", "switched off", "person gone", "person is staff",
                                  "suspended"])  # fmt: skip
def test_it_is_over_at_once(browse: Browse, staff: User, acme: Tenant, user: User, member: User, deed: str) -> None:
    inside = enter(browse, staff, acme, member)
    assert inside.get("/").status_code == 200
    now = timezone.now()
    match deed:
        case "time":
            earlier = now - timedelta(minutes=31)
            StaffAccess.objects.update(started_at=earlier, expires_at=earlier + timedelta(minutes=30))
        case "left":
            assert "You left Acme" in inside.post("/staff-access/end/").text
        case "owner":
            assert browse(user).post(f"/settings/support-access/{StaffAccess.objects.get().pk}/end/").status_code == 302
        case "no staff":
            User.objects.filter(pk=staff.pk).update(is_staff=False)
        case "switched off":
            User.objects.filter(pk=staff.pk).update(is_active=False)
        case "person gone":
            Membership.objects.filter(user=member, tenant=acme).delete()
        case "person is staff":
            User.objects.filter(pk=member.pk).update(is_staff=True)
        case "suspended":
            Tenant.objects.filter(pk=acme.pk).update(status="suspended")
            from apps.tenants.facade import forget_cached_tenants

            forget_cached_tenants()
    answer = inside.get("/")
    assert answer.status_code in {302, 503}
    assert inside.post("/tasks/new/", {"title": "x", "body": "y"}).status_code in {401, 403, 503}


FORBIDDEN_POSTS = [
    ("/settings/deletion/", {"confirm": "acme"}), ("/settings/exports/", {}), ("/settings/copy/", {"name": "Copy"}),
    ("/settings/domains/", {"domain": "evil.example.com"}), ("/settings/domains/verify/", {"domain": "x.example.com"}),
    ("/settings/domains/remove/", {"domain": "x.example.com"}), ("/settings/launch-stage/", {"stage": "post", "reason": "x"}),
    ("/settings/invitations/", {"email": "mole@evil.example", "role": "owner"}), ("/accounts/profile/", {"name": "Mole"}),
    ("/accounts/email/", {"action_add": "", "email": "mole@evil.example"}), ("/accounts/password/change/", {"password1": "x"}),
    ("/accounts/password/set/", {"password1": "x" * 20}), ("/accounts/2fa/totp/activate/", {"code": "123456"}),
    ("/accounts/2fa/webauthn/add/", {"name": "x"}), ("/accounts/2fa/recovery-codes/generate/", {}),
    ("/accounts/sessions/", {}), ("/accounts/3rdparty/", {"account": "1"}), ("/accounts/reauthenticate/", {"password": "x"}),
    ("/accounts/api-sessions/", {}), ("/connections/new/notion/", {"token": "secret_x"}),
]  # fmt: skip
FORBIDDEN_GETS = ["/accounts/security/", "/accounts/profile/", "/accounts/2fa/", "/accounts/2fa/recovery-codes/",
                  "/accounts/2fa/recovery-codes/download/", "/accounts/api-sessions/", "/accounts/sessions/"]  # fmt: skip


def snapshot() -> list[object]:
    people = list(User.objects.order_by("pk").values_list("email", "name", "password", "is_staff"))
    places = list(Membership.objects.order_by("pk").values_list("user", "tenant", "role"))
    tenants = list(Tenant.objects.order_by("pk").values_list("status", "launch_stage", "name"))
    return [people, places, tenants]


def test_what_is_the_customers_own_stays_closed(
    browse: Browse, staff: User, acme: Tenant, user: User, member: User
) -> None:
    inside = enter(browse, staff, acme, user)
    before = snapshot()
    own, other = (Membership.objects.get(user=person, tenant=acme).pk for person in (user, member))
    deeds = [*FORBIDDEN_POSTS, (f"/settings/members/{own}/remove/", {}), (f"/settings/members/{other}/remove/", {}),
             (f"/settings/members/{other}/role/", {"role": "owner"}),
             (f"/settings/support-access/{StaffAccess.objects.get().pk}/end/", {})]  # fmt: skip
    for path, data in deeds:
        assert inside.post(path, data).status_code in {403, 404, 405}, path
    for path in FORBIDDEN_GETS:
        assert inside.get(path).status_code in {403, 404, 405}, path
    token = {"email": user.email, "password": ""}
    assert inside.post("/api/v1/auth/token/", token, content_type="application/json").status_code in {400, 401, 403}
    assert snapshot() == before
    assert len(deeds) + len(FORBIDDEN_GETS) >= 25
    refused = StaffAct.objects.filter(status__gte=400).count()
    assert refused >= len(deeds)


def test_services_withhold_as_well(tenant: TenantRef, user: User) -> None:
    from apps.accounts.facade import permissions_of, require
    from apps.accounts.scope import withholding

    with withholding(user_id=user.pk, permissions=FORBIDDEN_TO_STAFF):
        assert not permissions_of(user.pk, tenant.id) & FORBIDDEN_TO_STAFF
        with pytest.raises(NotAllowed):
            require(user, "owners.manage")
        require(user, "tasks.create")
    require(user, "owners.manage")


def test_a_stay_counts_in_its_own_workspace_only(browse: Browse, staff: User, acme: Tenant, user: User) -> None:
    inside = enter(browse, staff, acme, user)
    elsewhere = Client(SERVER_NAME="globex.localhost")
    elsewhere.cookies = inside.cookies
    assert elsewhere.get("/").status_code == 302
    assert elsewhere.get("/settings/").status_code == 302


def test_a_copied_session_value_is_nothing_for_somebody_else(
    browse: Browse, staff: User, acme: Tenant, user: User, outsider: User
) -> None:
    enter(browse, staff, acme, user)
    thief = browse(outsider)
    session = thief.session
    session["staff_access"] = StaffAccess.objects.get().pk
    session.save()
    assert thief.get("/").status_code == 302


def test_stays_do_not_nest(browse: Browse, staff: User, acme: Tenant, user: User, member: User) -> None:
    first = enter(browse, staff, acme, user)
    enter(browse, staff, acme, member)
    assert list(StaffAccess.objects.order_by("id").values_list("ended_why", flat=True)) == ["replaced", ""]
    assert first.get("/").status_code == 302
    assert first.post(OVERVIEW.format(acme.pk), {"acting_as": member.pk, "reason": WHY}).status_code in {302, 404, 401}
    with pytest.raises(IntegrityError), transaction.atomic():
        StaffAccess.objects.create(staff=staff, tenant=acme, acting_as=user, acting_as_email=user.email, reason=WHY,
                                   expires_at=timezone.now() + timedelta(minutes=5))  # fmt: skip


def test_signing_out_ends_the_stay(browse: Browse, staff: User, acme: Tenant, user: User) -> None:
    inside = enter(browse, staff, acme, user)
    inside.post("/accounts/logout/")
    assert StaffAccess.objects.get().ended_why == "signed_out"


def test_a_ticket_of_a_stay_is_bound_like_every_other(browse: Browse, staff: User, acme: Tenant, user: User) -> None:
    office, inside = browse(staff, host="localhost"), Client(SERVER_NAME="acme.localhost")
    office.post(OVERVIEW.format(acme.pk), {"acting_as": user.pk, "reason": WHY})
    back = target_of(follow(office, inside.get("/accounts/enter/").url).text)
    thief = Client(SERVER_NAME="acme.localhost")
    thief.get("/accounts/enter/")
    assert follow(thief, back).status_code == 401
    assert follow(inside, back).status_code == 302
    assert SignInTicket.objects.get().staff_access is not None


def test_viewers_do_not_see_the_record_and_staff_keep_their_own_language(
    browse: Browse, staff: User, acme: Tenant, user: User, viewer: User
) -> None:
    assert browse(viewer).get("/settings/support-access/").status_code == 403
    User.objects.filter(pk=staff.pk).update(theme="dark")
    inside = enter(browse, staff, acme, user)
    inside.post("/accounts/preferences/", {"density": "compact"})
    user.refresh_from_db()
    staff.refresh_from_db()
    assert (user.density, staff.density) == ("comfortable", "compact")
    assert inside.get("/settings/").wsgi_request.preferences.theme == "dark"
