"""The back office: staff only, shared tables only, actions that call services."""

import pytest
from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.test import Client
from django.urls import get_resolver

from apps.accounts.models import User
from apps.core.back_office import is_tenant_plane
from apps.tenants.contracts import TenantRef
from apps.tenants.models import Tenant, TenantEvent

HOST = "localhost"


def pages() -> list[str]:
    get_resolver(settings.PUBLIC_SCHEMA_URLCONF).url_patterns  # noqa: B018 - builds the site
    return [f"/admin/{model._meta.app_label}/{model._meta.model_name}/" for model in admin.site._registry]


def test_no_model_of_the_tenant_plane_is_registered_and_all_of_ours_in_public_are() -> None:
    pages()
    registered = set(admin.site._registry)
    assert not {model for model in registered if is_tenant_plane(model)}
    ours = {model for label in ("tenants", "accounts", "dispatch") for model in apps.get_app_config(label).get_models()}
    assert ours <= registered


def test_every_list_and_search_answers(staff: User, browse) -> None:
    client = browse(staff, host=HOST)
    for page in ["/admin/", *pages()]:
        assert client.get(page).status_code == 200, page
        assert client.get(page, {"q": "acme"}).status_code == 200, page


@pytest.mark.parametrize("role", ["visitor", "user"])
def test_nobody_else_gets_in(role: str, user: User, browse) -> None:
    client = browse(user if role == "user" else None, host=HOST)
    for page in ("/admin/", "/admin/tenants/tenant/"):
        assert client.get(page).status_code == 302


def test_there_is_no_back_office_on_a_workspaces_host(staff: User, browse) -> None:
    assert browse(staff).get("/admin/", follow=True).status_code == 404


def test_staff_without_second_factor_stay_outside_where_it_is_required(staff: User, browse, settings) -> None:
    settings.STAFF_SECOND_FACTOR_REQUIRED = True
    client: Client = browse(staff, host=HOST)
    assert client.get("/admin/tenants/tenant/").status_code == 302
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    TOTP.activate(staff, generate_totp_secret())
    assert client.get("/admin/tenants/tenant/").status_code == 200


def test_actions_call_the_services(staff: User, browse, other_tenant: TenantRef) -> None:
    client = browse(staff, host=HOST)
    body = {"action": "suspend", "_selected_action": [other_tenant.id]}
    answer = client.post("/admin/tenants/tenant/", body, follow=True)
    assert "1 done." in answer.text
    assert Tenant.objects.get(pk=other_tenant.id).status == "suspended"
    assert TenantEvent.objects.get(tenant_id=other_tenant.id, kind="suspended").actor_id == staff.pk
    again = client.post("/admin/tenants/tenant/", body, follow=True)
    assert "not possible while the workspace is" in again.text


def test_a_plan_with_a_misspelt_limit_is_refused(staff: User, browse) -> None:
    client = browse(staff, host=HOST)
    body = {"name": "Starter", "description": "", "limits": '{"mebers": 1}', "position": 1, "is_offered": "on"}
    answer = client.post("/admin/tenants/plan/starter/change/", body)
    assert answer.status_code == 200
    assert "Unknown limit" in answer.text


def test_the_overview_of_a_workspace_shows_figures_and_no_content(staff: User, browse, tenant: TenantRef) -> None:
    page = browse(staff, host=HOST).get(f"/admin/tenants/tenant/{tenant.id}/overview/")
    assert page.status_code == 200
    for text in ("Tasks of 7 days", "Failed runs of 24 hours", "Spent on models this month", "Queue:", "Enter Acme"):
        assert text in page.text, text
    assert browse(staff, host=HOST).get("/admin/tenants/tenant/999999/overview/").status_code == 404


def test_the_overview_of_a_closed_workspace_offers_no_entry(staff: User, browse, tenant: TenantRef) -> None:
    Tenant.objects.filter(pk=tenant.id).update(status="suspended")
    page = browse(staff, host=HOST).get(f"/admin/tenants/tenant/{tenant.id}/overview/")
    assert page.status_code == 200
    assert "cannot be entered" in page.text
