"""Plans, limits, usage and the launch stage."""

import threading
from io import StringIO

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connections

from apps.accounts.models import User
from apps.core.errors import InvalidInput, NotAllowed
from apps.tenants.contracts import TenantRef
from apps.tenants.entitlements import ENTITLEMENTS, check_limits
from apps.tenants.errors import NotReady, PlanLimitReached
from apps.tenants.facade import (
    change_launch_stage,
    change_platform_launch_stage,
    count_usage,
    effective_launch_stage,
    entitlement,
    get_tenant,
    give_back_usage,
    require_capacity,
    tenant_context,
    usage,
)
from apps.tenants.models import Plan, Tenant, TenantEvent, UsageCounter
from apps.tenants.services import launch
from apps.tenants.services.limits import change_plan, override_limit


def test_every_shipped_plan_names_every_limit(db: None) -> None:
    call_command("loaddata", "tenants", verbosity=0)
    call_command("loaddata", "tenants", verbosity=0)
    assert list(Plan.objects.order_by("position").values_list("key", flat=True)) == [
        "starter",
        "launch",
        "growth",
        "agency",
    ]
    for plan in Plan.objects.all():
        check_limits(plan.limits)
        assert set(plan.limits) == set(ENTITLEMENTS)


@pytest.mark.parametrize("limits", [[], {"members": -1}, {"members": "3"}, {"members": True}, {"mebers": 3}, {}])
def test_malformed_limits_are_refused(limits: object) -> None:
    with pytest.raises(InvalidInput):
        check_limits(limits)


def test_a_limit_comes_from_the_override_then_the_plan(tenant: TenantRef) -> None:
    assert entitlement("members") == 3
    change_plan(tenant_id=tenant.id, plan="agency")
    assert entitlement("members") is None
    override_limit(tenant_id=tenant.id, key="members", amount=7, reason="agreed")
    assert entitlement("members") == 7
    override_limit(tenant_id=tenant.id, key="members", amount=None, reason="agreed")
    assert entitlement("members") is None
    with pytest.raises(LookupError):
        entitlement("mebers")


def test_a_plan_that_is_silent_grants_nothing(tenant: TenantRef) -> None:
    Plan.objects.filter(key="starter").update(limits={})
    assert entitlement("members") == 0


def test_capacity_is_refused_with_the_numbers(tenant: TenantRef) -> None:
    require_capacity("members", used=2)
    with pytest.raises(PlanLimitReached, match="3 of 3"):
        require_capacity("members", used=3)


def test_usage_starts_again_each_month_and_can_be_given_back(tenant: TenantRef) -> None:
    from datetime import date

    assert count_usage("tasks_per_month", adding=99, on=date(2026, 1, 31)) == 99
    with pytest.raises(PlanLimitReached):
        count_usage("tasks_per_month", adding=2, on=date(2026, 1, 31))
    assert usage("tasks_per_month", on=date(2026, 1, 1)) == 99
    give_back_usage("tasks_per_month", amount=9, on=date(2026, 1, 15))
    assert usage("tasks_per_month", on=date(2026, 1, 31)) == 90
    assert usage("tasks_per_month", on=date(2026, 2, 1)) == 0


@pytest.mark.django_db(transaction=True)
def test_sixteen_callers_together_stay_within_the_limit() -> None:
    acme, refused = get_tenant(slug="acme"), []

    def work() -> None:
        with tenant_context(acme):
            for _ in range(10):
                try:
                    count_usage("tasks_per_month")
                except PlanLimitReached:
                    refused.append(1)
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert UsageCounter.objects.get(tenant_id=acme.id).used == 100
    assert len(refused) == 60


def test_going_live_needs_permission_conditions_and_leaves_a_record(
    tenant: TenantRef, user: User, viewer: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotAllowed):
        change_launch_stage(stage="post", user=viewer, reason="now")
    with pytest.raises(InvalidInput):
        change_launch_stage(stage="soon", user=user, reason=" ")
    broken = launch.ReadinessCheck(name="broken", measure=lambda: 1 / 0)
    with launch.readiness_checks.temporarily(broken), pytest.raises(NotReady, match="broken"):
        change_launch_stage(stage="post", user=user, reason="now")
    fine = launch.Condition(name="encryption", title="Keys", met=True, measured="set", wanted="set")
    with launch.readiness_checks.temporarily(
        launch.ReadinessCheck(name="encryption", measure=lambda: fine), replace=True
    ):
        change_launch_stage(stage="post", user=user, reason="tested for a week")
    assert Tenant.objects.get(pk=tenant.id).launch_stage == "post"
    event = TenantEvent.objects.get(tenant_id=tenant.id, kind="launch_stage_changed")
    assert (event.actor_id, event.reason, event.detail["before"]) == (user.pk, "tested for a week", "pre")
    assert {condition["name"] for condition in event.detail["conditions"]} >= {"migrations", "owner", "encryption"}


def test_the_stricter_stage_counts(db: None, staff: User, user: User) -> None:
    acme = get_tenant(slug="acme")
    Tenant.objects.filter(pk=acme.id).update(launch_stage="post")
    with tenant_context(acme.id):
        assert effective_launch_stage() == "pre"
        with pytest.raises(NotAllowed):
            change_platform_launch_stage(stage="post", user=user, reason="x")
        change_platform_launch_stage(stage="post", user=staff, reason="launch day")
        assert effective_launch_stage() == "post"
        change_platform_launch_stage(stage="pre", user=staff, reason="incident")
        assert effective_launch_stage() == "pre"


def test_the_platforms_stage_is_changed_by_a_command_in_a_superusers_name(user: User, staff: User) -> None:
    def told(*arguments: str) -> str:
        out = StringIO()
        call_command("launch", *arguments, stdout=out)
        return out.getvalue()

    refusals = {
        5: ["post", "--by", user.email, "--reason", "x"],
        2: ["post", "--by", staff.email],
    }
    for code, arguments in refusals.items():
        with pytest.raises(CommandError) as refused:
            told(*arguments)
        assert refused.value.returncode == code
    with pytest.raises(CommandError):
        told("post", "--by", "nobody@example.com", "--reason", "x")
    assert told() == "The platform is before launch (pre).\n"
    assert told("post", "--by", staff.email, "--reason", "launch day") == "The platform is launched (post).\n"
    assert TenantEvent.objects.get(tenant=None, kind="launch_stage_changed").reason == "launch day"
