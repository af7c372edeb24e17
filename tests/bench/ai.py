"""I1: reservations a second on six nested budgets, PostgreSQL with fsync on, one hot tenant and a platform cap.

``batched`` is how the engine works: one checkpoint transaction prepares many steps. ``alone`` is one reservation per
transaction. ``prepared`` is the whole of ``facade.prepare``: checks, route, price, downgrade look-up, reservation.
"""

from __future__ import annotations

import multiprocessing
import sys
import time
from collections.abc import Callable

from tests.bench.report import Target, record
from tests.bench.setting import setting

SECONDS = 5.0
BATCH = 32
PROCESSES = 2
CAP = 10**13


def _child(mode: str, number: int, results: multiprocessing.Queue[tuple[int, int]]) -> None:
    import django

    django.setup()
    from apps.tenants.facade import get_tenant, tenant_context

    with tenant_context(get_tenant(slug="acme")):
        until = time.monotonic() + SECONDS
        done = _LOOPS[mode](number, until)
    results.put((number, done))


def _reservations(number: int, until: float, *, batch: int) -> int:
    from django.db import transaction

    from apps.ai.gateway.ledger import Payers, reserve

    done = 0
    while time.monotonic() < until:
        with transaction.atomic():
            for _ in range(batch):
                payers = Payers(
                    workflow=f"flow-{done % 4}",
                    user_id=done % 50,
                    api_key_id=f"key-{done % 10}",
                    models=("gpt-6.1-sol",),
                )
                reserve(key=f"{number}-{batch}-{done}", amount_micros=1000, payers=payers)
                done += 1
    return done


def _settlements(number: int, until: float) -> int:
    from uuid import UUID

    from django.db import connection, transaction

    from apps.ai.gateway.ledger import settle

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM ai_reservation WHERE state = 'open' AND abs(hashtext(id::text)) %% %s = %s",
            [PROCESSES, number],
        )
        waiting = [row[0] for row in cursor.fetchall()]
    done = 0
    while time.monotonic() < until and waiting:
        with transaction.atomic():
            for reservation in waiting[-BATCH:]:
                done += settle(reservation_id=UUID(str(reservation)), spent_micros=700, by_model={"gpt-6.1-sol": 700})
        del waiting[-BATCH:]
    return done


def _prepared(number: int, until: float) -> int:
    from django.conf import settings
    from django.db import transaction

    from apps.ai import facade
    from apps.ai.contracts import CompletionRequest, Message

    settings.OPENAI_API_KEY = "bench"
    done = 0
    while time.monotonic() < until:
        with transaction.atomic():
            for _ in range(BATCH):
                request = CompletionRequest(
                    purpose="work", messages=(Message(role="user", content="Summarise the report in two sentences. " * 20),),
                    workflow=f"flow-{done % 4}", user_id=done % 50, api_key_id=f"key-{done % 10}",
                )  # fmt: skip
                facade.prepare(request, key=f"p-{number}-{done}")
                done += 1
    return done


_LOOPS: dict[str, Callable[[int, float], int]] = {
    "alone": lambda number, until: _reservations(number, until, batch=1),
    "batched": lambda number, until: _reservations(number, until, batch=BATCH),
    "settled": _settlements,
    "prepared": _prepared,
}


def _set_caps() -> None:
    from apps.ai import facade
    from apps.tenants.facade import get_tenant, tenant_context
    from apps.tenants.models import LimitOverride, PlatformCap

    tenant = get_tenant(slug="acme")
    LimitOverride.objects.create(tenant_id=tenant.id, key="ai_cost_micros_per_month", amount=None, reason="measurement")
    PlatformCap.objects.create(period="day", cap_micros=CAP)
    with tenant_context(tenant):
        for scope, subject in (("tenant", ""), ("workflow", "*"), ("user", "*"), ("key", "*"), ("model", "*")):
            facade.set_budget(scope=scope, subject=subject, period="day", cap_micros=CAP)


def _rate(mode: str) -> float:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    children = [context.Process(target=_child, args=(mode, number, results)) for number in range(PROCESSES)]
    for child in children:
        child.start()
    total = sum(results.get(timeout=60)[1] for _ in children)
    for child in children:
        child.join(10)
    return total / SECONDS


def main() -> int:
    """Exit code 1 when the goal is missed."""
    with setting():
        _set_caps()
        figures = {f"{mode}_per_s": round(_rate(mode), 1) for mode in ("alone", "batched", "settled", "prepared")}
        exact = _counters_agree()
    met = record(
        goal="I1-reservations",
        figures={**figures, "processes": PROCESSES, "batch": BATCH, "counters_agree": exact},
        targets={"batched_per_s": Target(at_least=1000)},
        note="Six scopes and a platform cap per reservation; all callers queue on the tenant's and the platform's counter.",
    )
    return 0 if met and exact else 1


def _counters_agree() -> bool:
    from django.db.models import Sum

    from apps.ai.models import BudgetCounter, Reservation
    from apps.tenants.facade import get_tenant, tenant_context
    from apps.tenants.models import PlatformSpend

    with tenant_context(get_tenant(slug="acme")):
        held = Reservation.objects.filter(state="open").aggregate(total=Sum("amount_micros"))["total"] or 0
        counted = set(BudgetCounter.objects.filter(scope="tenant").values_list("reserved_micros", flat=True))
    return counted == {held} and PlatformSpend.objects.get().reserved_micros == held


if __name__ == "__main__":
    sys.exit(main())
