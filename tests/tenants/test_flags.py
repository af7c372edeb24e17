"""Feature flags: off by default, per workspace, for a stable share, unknown ones an error."""

from collections.abc import Callable

import pytest
from django.template import Context, Template
from django.test import Client

from apps.accounts.models import User
from apps.core.errors import InvalidInput, Misconfigured
from apps.tenants.contracts import TenantRef
from apps.tenants.models import FeatureFlag, FlagChoice, TenantEvent
from apps.tenants.registries import KnownFlag, feature_flags
from apps.tenants.services.flags import change_flag, choose_flag, flag_is_on, is_in_share

NAME = "copy_workspace"


def test_everything_is_off_until_somebody_opens_it(tenant: TenantRef, other_tenant: TenantRef) -> None:
    assert not flag_is_on(NAME)
    change_flag(name=NAME, state="on", percent=0, actor_id=None)
    assert flag_is_on(NAME)
    choose_flag(name=NAME, tenant_id=tenant.id, is_on=False, reason="asked for it", actor_id=None)
    assert not flag_is_on(NAME)
    assert flag_is_on(NAME, tenant_id=other_tenant.id)
    choose_flag(name=NAME, tenant_id=tenant.id, is_on=None, reason="no longer", actor_id=None)
    assert flag_is_on(NAME)
    assert TenantEvent.objects.filter(kind="flag_changed").count() == 3


def test_a_share_is_stable_and_only_grows() -> None:
    for percent in (0, 1, 10, 50, 99, 100):
        inside = {number for number in range(2000) if is_in_share("a", number, percent)}
        assert abs(len(inside) / 20 - percent) < 4
        assert inside <= {number for number in range(2000) if is_in_share("a", number, min(100, percent + 10))}
    assert {n for n in range(500) if is_in_share("a", n, 50)} != {n for n in range(500) if is_in_share("b", n, 50)}


def test_a_share_decides_for_tenants(tenant: TenantRef) -> None:
    change_flag(name=NAME, state="share", percent=100, actor_id=None)
    assert flag_is_on(NAME)
    change_flag(name=NAME, state="share", percent=0, actor_id=None)
    assert not flag_is_on(NAME)


def test_an_unknown_flag_is_an_error_here_and_off_in_production(tenant: TenantRef, settings) -> None:
    with pytest.raises(Misconfigured, match="copy_workspce"):
        flag_is_on("copy_workspce")
    settings.FLAGS_STRICT = False
    FeatureFlag.objects.create(name="copy_workspce", state="on")
    assert not flag_is_on("copy_workspce")


@pytest.mark.parametrize(
    ("state", "percent", "field"), [("maybe", 0, "state"), ("share", 101, "percent"), ("share", -1, "percent")]
)
def test_nonsense_is_named(db: None, state: str, percent: int, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        change_flag(name=NAME, state=state, percent=percent, actor_id=None)
    assert set(caught.value.fields) == {field}


def test_templates_ask_by_tag(tenant: TenantRef, rf) -> None:
    request = rf.get("/")
    page = Template('{% load flags %}{% flag "copy_workspace" as on %}{% if on %}yes{% else %}no{% endif %}')
    request.tenant = None
    assert page.render(Context({"request": request})) == "no"
    request.tenant = tenant
    change_flag(name=NAME, state="on", percent=0, actor_id=None)
    assert page.render(Context({"request": request})) == "yes"


def test_the_back_office_shows_known_flags_and_changes_them_through_the_service(
    staff: User, browse: Callable[..., Client], tenant: TenantRef
) -> None:
    client = browse(staff, host="localhost")
    with feature_flags.temporarily(KnownFlag(name="try_me", title="Try me", help="Nothing yet.")):
        page = client.get("/admin/tenants/featureflag/")
        assert "try_me" in page.text
        body = {"state": "share", "percent": "25", "note": "first quarter", "choices-TOTAL_FORMS": "1", "choices-INITIAL_FORMS": "0",
                "choices-0-tenant": str(tenant.id), "choices-0-is_on": "on", "choices-0-reason": "pilot"}  # fmt: skip
        answer = client.post("/admin/tenants/featureflag/try_me/change/", body)
        assert answer.status_code == 302, answer.text[:2000]
        row = FeatureFlag.objects.get(name="try_me")
        assert (row.state, row.percent, row.updated_by) == ("share", 25, staff.pk)
        assert FlagChoice.objects.get().is_on
        assert TenantEvent.objects.filter(kind="flag_changed", actor_id=staff.pk).count() == 2


def test_copying_is_behind_its_flag(user: User, member: User, browse: Callable[..., Client]) -> None:
    assert browse(user).get("/settings/copy/").status_code == 404
    change_flag(name=NAME, state="on", percent=0, actor_id=None)
    assert browse(user).get("/settings/copy/").status_code == 200
    assert browse(member).get("/settings/copy/").status_code == 403
