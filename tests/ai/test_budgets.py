"""Caps hold: for one caller, at every scope, over periods, and for 64 callers at once."""

import random
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.db.models import Sum

from apps.ai import facade, services
from apps.ai.contracts import ReviewRequest
from apps.ai.errors import BudgetExceeded
from apps.ai.gateway import ledger
from apps.ai.models import AICall, Budget, BudgetCounter, Reservation
from apps.ai.registries import ReservationOwner, reservation_owners
from apps.core.errors import InvalidInput, PlatformError
from apps.tenants.facade import get_tenant, tenant_context
from apps.tenants.models import LimitOverride, PlatformCap, PlatformSpend
from tests.ai.conftest import ask, point_at
from tests.servers.openai import OpenAIServer

pytestmark = pytest.mark.django_db
SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
SCOPED = {"workflow": "answer", "user_id": 7, "api_key_id": "key-1"}
SUBJECTS = [("tenant", ""), ("workflow", "answer"), ("user", "7"), ("key", "key-1"), ("model", "gpt-6.1-sol")]


def prepare(key: str, **changes: Any) -> dict[str, Any]:
    with transaction.atomic():
        return facade.prepare(ask(**SCOPED, **changes), key=key)


@pytest.mark.parametrize(("scope", "subject"), SUBJECTS)
def test_a_cap_at_any_scope_refuses_and_changes_nothing(gateway: OpenAIServer, scope: str, subject: str) -> None:
    facade.set_budget(scope=scope, subject=subject, cap_micros=1000)
    with pytest.raises(BudgetExceeded) as error:
        prepare("k")
    assert error.value.status == 429
    assert "0.001 USD" in error.value.text
    assert not Reservation.objects.exists()
    assert not BudgetCounter.objects.filter(reserved_micros__gt=0).exists()
    assert gateway.counters["requests"] == 0


def test_the_platform_cap_refuses_and_changes_nothing(gateway: OpenAIServer) -> None:
    PlatformCap.objects.create(period="month", cap_micros=1000)
    with pytest.raises(BudgetExceeded):
        prepare("k")
    assert not Reservation.objects.exists()
    assert not PlatformSpend.objects.filter(reserved_micros__gt=0).exists()


def test_a_tenant_refusal_leaves_nothing_on_the_platform(gateway: OpenAIServer) -> None:
    PlatformCap.objects.create(period="day", cap_micros=10**9)
    facade.set_budget(scope="tenant", cap_micros=1000)
    with transaction.atomic(), pytest.raises(BudgetExceeded):
        facade.prepare(ask(), key="k")
    assert PlatformSpend.objects.get().reserved_micros == 0


def test_others_are_not_bound(gateway: OpenAIServer) -> None:
    facade.set_budget(scope="user", subject="8", cap_micros=0)
    assert prepare("k")["allowance"] > 0


def test_a_star_budget_binds_each_subject_for_itself(gateway: OpenAIServer) -> None:
    one = prepare("probe")["bound"]
    facade.set_budget(scope="user", subject="*", cap_micros=one)
    prepare("a")
    with pytest.raises(BudgetExceeded):
        prepare("b")
    with transaction.atomic():
        facade.prepare(ask(user_id=9), key="c")


def test_near_the_cap_one_try_is_reserved_instead_of_two(gateway: OpenAIServer) -> None:
    bound = prepare("probe")["bound"]
    facade.set_budget(scope="workflow", subject="answer", cap_micros=bound)
    assert prepare("k")["allowance"] == bound


def test_a_downgrade_budget_saves_before_it_refuses(gateway: OpenAIServer) -> None:
    bound = prepare("probe")["bound"]
    facade.set_budget(scope="workflow", subject="answer", cap_micros=10 * bound, action="downgrade")
    Budget.objects.get(scope="workflow").counters.all().delete()
    assert prepare("full")["candidates"][0]["model"] == "gpt-6.1-sol"
    Budget.objects.get(scope="workflow").counters.update(spent_micros=8 * bound, reserved_micros=0)
    low = prepare("low")
    assert (low["saving"], low["candidates"][0]["model"]) == (True, "gpt-6-luna")


def test_the_plans_entitlement_is_a_cap(gateway: OpenAIServer, tenant: Any) -> None:
    LimitOverride.objects.create(tenant_id=tenant.id, key="ai_cost_micros_per_month", amount=500, reason="test")
    with pytest.raises(BudgetExceeded):
        prepare("k")


def test_a_new_period_starts_at_zero_and_late_settlement_goes_to_the_old_one(gateway: OpenAIServer) -> None:
    facade.set_budget(scope="tenant", period="day", cap_micros=10**9)
    plan = prepare("k")
    BudgetCounter.objects.filter(budget__period="day").update(period_start="2026-01-31")
    fresh = prepare("k2")
    response = facade.perform(plan, facade.unlock(plan), deadline=float("inf"))
    with transaction.atomic():
        facade.settle(plan, response, key="k")
    old = BudgetCounter.objects.get(budget__period="day", period_start="2026-01-31")
    new = BudgetCounter.objects.exclude(period_start="2026-01-31").get(budget__period="day")
    assert (old.reserved_micros, old.spent_micros > 0) == (0, True)
    assert (new.reserved_micros, new.spent_micros) == (fresh["allowance"], 0)


def test_the_sweep_gives_back_what_nobody_settled_unless_its_effect_is_under_way(gateway: OpenAIServer) -> None:
    lost, alive, young = prepare("lost"), prepare("alive"), prepare("young")
    Reservation.objects.filter(key__in=["lost", "alive"]).update(expires_at="2026-01-01T00:00:00Z")
    with reservation_owners.temporarily(ReservationOwner(name="test", is_under_way=lambda key: key == "alive")):
        assert services.sweep_reservations() == 1
        assert services.sweep_reservations() == 0
    assert dict(Reservation.objects.values_list("key", "state")) == {
        "lost": "released",
        "alive": "open",
        "young": "open",
    }
    counter = BudgetCounter.objects.get(scope="tenant")
    assert counter.reserved_micros == alive["allowance"] + young["allowance"]
    response = facade.perform(lost, facade.unlock(lost), deadline=float("inf"))
    with transaction.atomic():
        settled = facade.settle(lost, response, key="lost")
    counter.refresh_from_db()
    assert counter.spent_micros == settled.cost_micros
    assert counter.reserved_micros == alive["allowance"] + young["allowance"]


@pytest.mark.parametrize("wrong", [
    {"scope": "galaxy", "cap_micros": 1}, {"scope": "platform", "cap_micros": 1}, {"scope": "user", "cap_micros": 1},
    {"scope": "tenant", "subject": "x", "cap_micros": 1}, {"scope": "tenant", "cap_micros": -1},
    {"scope": "tenant", "cap_micros": 1.5}, {"scope": "tenant", "period": "week", "cap_micros": 1},
    {"scope": "tenant", "cap_micros": 1, "action": "beg"}, {"scope": "tenant", "cap_micros": 10**30},
])  # fmt: skip
def test_a_senseless_budget_is_refused(gateway: OpenAIServer, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        facade.set_budget(**wrong)
    assert not Budget.objects.filter(is_plan=False).exists()


def _one_caller(tenant_ref: Any, number: int, outcomes: Counter[str], barrier: threading.Barrier) -> None:
    """Six calls of every kind, in a random order, as one of many people, keys and workflows."""
    random_order = random.Random(number)
    payer = {"workflow": f"flow-{number % 4}", "user_id": number % 8, "api_key_id": f"key-{number % 6}"}
    kinds = ["plain", "schema", "stream", "review", "abandon", "premium"]
    random_order.shuffle(kinds)
    try:
        with tenant_context(tenant_ref):
            barrier.wait(30)
            for kind in kinds:
                try:
                    _call(kind, f"{number}-{kind}", payer)
                    outcomes["ok"] += 1
                except BudgetExceeded:
                    outcomes["refused"] += 1
                except PlatformError as error:
                    outcomes[error.code] += 1
    finally:
        connections.close_all()


def _call(kind: str, key: str, payer: dict[str, Any]) -> None:
    match kind:
        case "plain":
            facade.complete(ask(**payer, max_output_tokens=300), key=key)
        case "schema":
            facade.complete(ask(**payer, max_output_tokens=300, response_schema=SCHEMA), key=key)
        case "stream":
            for _ in facade.stream(ask(**payer, max_output_tokens=300), key=key):
                pass
        case "review":
            facade.review(
                ReviewRequest(
                    task="Explain the plan to the whole team today.", answer=f"The plan is simple and {key}.", **payer
                ),
                key=key,
            )
        case "premium":
            facade.complete(ask(**payer, quality="premium", max_output_tokens=300), key=key)
        case "abandon":
            with transaction.atomic():
                plan = facade.prepare(ask(**payer), key=key)
            with transaction.atomic():
                facade.abandon(plan, key=key, reason="test")


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(300)
def test_64_callers_in_six_nested_scopes_never_overspend(
    openai_server: OpenAIServer, settings: Any, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """I1: every kind of call, faults included, two tenants under one platform cap."""
    monkeypatch.setattr(
        "apps.ai.gateway.breaker.FAILURES_TO_OPEN", 10**9
    )  # every call goes out, whatever failed before
    gateway = openai_server
    point_at(settings, gateway)
    both = (get_tenant(slug="acme"), get_tenant(slug="globex"))
    noise = random.Random(1)
    gateway.judge_score = lambda _answer: noise.choice([60, 78, 81, 95])
    faults = [
        {},
        {},
        {},
        {"status": 500},
        {"fault": "garbage"},
        {"fault": "garbled"},
        {"fault": "empty"},
        {"cached": 3},
        {"usage": False},
    ]
    gateway.script(*(noise.choice(faults) for _ in range(600)))
    PlatformCap.objects.create(period="day", cap_micros=900_000)
    for reference in both:
        with tenant_context(reference):
            for scope, subject, cap in (
                ("tenant", "", 500_000), ("workflow", "flow-1", 60_000), ("user", "*", 90_000), ("key", "key-2", 70_000),
                ("model", "gpt-6.1-sol", 300_000), ("model", "gpt-6-luna", 20_000),
            ):  # fmt: skip
                facade.set_budget(scope=scope, subject=subject, period="day", cap_micros=cap)
    outcomes: Counter[str] = Counter()
    barrier = threading.Barrier(64)
    with ThreadPoolExecutor(64) as pool:
        for future in [pool.submit(_one_caller, both[n % 2], n, outcomes, barrier) for n in range(64)]:
            future.result(240)
    assert sum(outcomes.values()) == 64 * 6
    print(f"outcomes: {dict(outcomes)}")
    assert outcomes["refused"] > 20 and outcomes["ok"] > 50, outcomes
    spent = 0
    for reference in both:
        with tenant_context(reference):
            spent += _assert_exact()
    platform = PlatformSpend.objects.get()
    assert platform.reserved_micros == 0
    assert platform.spent_micros == spent <= 900_000


def _assert_exact() -> int:
    """Nothing open, nothing over a cap, every counter equal to the sum of its calls. Returns the tenant's total."""
    assert not Reservation.objects.filter(state="open").exists()
    assert not BudgetCounter.objects.exclude(reserved_micros=0).exists()
    for counter in BudgetCounter.objects.select_related("budget"):
        cap = counter.budget.cap_micros
        assert cap is None or counter.spent_micros <= cap, f"{counter}: {counter.spent_micros} of {cap}"
        calls = AICall.objects.filter(reservation__counter_ids__contains=[counter.pk])
        if counter.scope == "model":
            calls = calls.filter(model=counter.subject)
        assert counter.spent_micros == (calls.aggregate(total=Sum("charged_micros"))["total"] or 0)
    for held in Reservation.objects.all():
        assert held.charged_micros <= held.amount_micros
    return AICall.objects.aggregate(total=Sum("charged_micros"))["total"] or 0


def test_amounts_are_written_as_people_read_them() -> None:
    assert [ledger.dollars(micros) for micros in (0, 1, 10_000, 1_500_000, 25_000_000)] == [
        "0.00",
        "0.000001",
        "0.01",
        "1.50",
        "25.00",
    ]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scope", ["tenant", "workflow", "platform"])
def test_a_race_for_the_last_money_has_exactly_as_many_winners_as_there_is_money(db: None, scope: str) -> None:
    """Each lock alone: 32 callers, 20 tries each, room for 100."""
    reference = get_tenant(slug="acme")
    with tenant_context(reference):
        if scope == "platform":
            PlatformCap.objects.create(period="day", cap_micros=100_000)
        else:
            facade.set_budget(
                scope=scope, subject="answer" if scope == "workflow" else "", period="day", cap_micros=100_000
            )
    barrier = threading.Barrier(32)

    def race(number: int) -> int:
        won = 0
        try:
            with tenant_context(reference):
                barrier.wait(30)
                for attempt in range(20):
                    try:
                        with transaction.atomic():
                            ledger.reserve(
                                key=f"{number}-{attempt}", amount_micros=1000, payers=ledger.Payers(workflow="answer")
                            )
                            connection.cursor().execute("SELECT pg_sleep(0.001)")
                        won += 1
                    except BudgetExceeded:
                        pass
        finally:
            connections.close_all()
        return won

    with ThreadPoolExecutor(32) as pool:
        assert sum(pool.map(race, range(32))) == 100
