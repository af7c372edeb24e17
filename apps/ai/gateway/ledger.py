"""Money set aside before a call and booked after it, on every enclosing budget at once.

One statement locks the counters of all scopes, widest first, checks every cap against what is spent and set aside, and adds
the amount to all of them or to none. Two callers can therefore never pass a cap together, and since everybody locks the
workspace's own counter first, they cannot deadlock. The cap above all tenants is the tenants app's and is taken before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from apps.ai import conf
from apps.ai.enums import Period, Scope
from apps.ai.errors import BudgetExceeded
from apps.core.ids import new_id
from apps.tenants import facade as tenants

RANKS = {Scope.TENANT: 1, Scope.WORKFLOW: 2, Scope.USER: 3, Scope.KEY: 4, Scope.MODEL: 5}

_BOUND = """
wanted AS (SELECT * FROM unnest(%(scopes)s::text[], %(subjects)s::text[], %(ranks)s::int[]) AS w(scope, subject, rank)),
bound AS (
    SELECT b.id AS budget_id, b.scope, w.subject, w.rank, b.period,
           CASE WHEN b.is_plan THEN %(plan_cap)s::bigint ELSE b.cap_micros END AS cap,
           CASE b.period WHEN 'day' THEN (now() AT TIME ZONE 'UTC')::date
                         WHEN 'month' THEN date_trunc('month', now() AT TIME ZONE 'UTC')::date
                         ELSE DATE '2000-01-01' END AS period_start
    FROM ai_budget b JOIN wanted w ON b.scope = w.scope AND b.subject IN (w.subject, '*')
)"""

RESERVE = f"""
WITH {_BOUND},
held AS MATERIALIZED (
    SELECT c.id, c.scope, c.subject, b.cap, b.period, c.spent_micros + c.reserved_micros AS used
    FROM ai_budgetcounter c
    JOIN bound b ON c.budget_id = b.budget_id AND c.subject = b.subject AND c.period_start = b.period_start
    ORDER BY c.rank, c.id FOR UPDATE OF c
), earlier AS (
    SELECT id, amount_micros, counter_ids, platform_ids FROM ai_reservation WHERE key = %(key)s AND state = 'open'
), answer AS (
    SELECT (SELECT count(*) FROM bound WHERE scope = 'tenant') > 0
             AND (SELECT count(*) FROM bound) = (SELECT count(*) FROM held) AS complete,
           NOT EXISTS (SELECT 1 FROM held WHERE used + %(amount)s > cap) AS fits,
           EXISTS (SELECT 1 FROM earlier) AS again
), taken AS (
    UPDATE ai_budgetcounter c SET reserved_micros = c.reserved_micros + %(amount)s
    FROM held, answer WHERE c.id = held.id AND answer.complete AND answer.fits AND NOT answer.again
    RETURNING c.id
), made AS (
    INSERT INTO ai_reservation
        (id, key, state, amount_micros, charged_micros, counter_ids, platform_ids, closed_reason, expires_at)
    SELECT %(id)s, %(key)s, 'open', %(amount)s, 0, (SELECT array_agg(id) FROM held), %(platform_ids)s::bigint[], '',
           now() + make_interval(secs => %(life_s)s)
    FROM answer WHERE answer.complete AND answer.fits AND NOT answer.again
    RETURNING id, counter_ids
)
SELECT answer.complete, answer.fits, answer.again, (SELECT row_to_json(e) FROM earlier e),
       (SELECT counter_ids FROM made),
       (SELECT row_to_json(h) FROM held h WHERE used + %(amount)s > cap ORDER BY cap - used LIMIT 1),
       (SELECT count(*) FROM taken)
FROM answer
"""

OPEN_PERIOD = f"""
WITH {_BOUND}
INSERT INTO ai_budgetcounter (budget_id, scope, subject, rank, period_start, spent_micros, reserved_micros)
SELECT budget_id, scope, subject, rank, period_start, 0, 0 FROM bound ORDER BY rank, budget_id, subject
ON CONFLICT DO NOTHING
"""

ENSURE_PLAN = """
INSERT INTO ai_budget (scope, subject, period, action, is_plan, updated_at)
VALUES ('tenant', '', 'month', 'stop', true, now()) ON CONFLICT DO NOTHING
"""

CLOSE = """
UPDATE ai_reservation SET state = %(state)s, charged_micros = charged_micros + %(charged)s, closed_reason = %(reason)s,
       closed_at = now()
FROM (SELECT id, state AS was FROM ai_reservation WHERE id = %(id)s FOR UPDATE) old
WHERE ai_reservation.id = old.id AND (old.was = 'open' OR (old.was = 'released' AND %(late)s))
RETURNING old.was, amount_micros, counter_ids, platform_ids
"""

BOOK = """
WITH held AS MATERIALIZED (SELECT id FROM ai_budgetcounter WHERE id = ANY(%(ids)s) ORDER BY rank, id FOR UPDATE)
UPDATE ai_budgetcounter c
SET reserved_micros = c.reserved_micros - %(reserved)s,
    spent_micros = c.spent_micros + CASE WHEN c.scope = 'model' THEN coalesce((%(by_model)s::jsonb ->> c.subject)::bigint, 0)
                                         ELSE %(spent)s END
FROM held WHERE c.id = held.id
"""


@dataclass(frozen=True, kw_only=True)
class Payers:
    """Whose budgets bind a call. ``models`` are all the models it may end up on."""

    workflow: str = ""
    user_id: int | None = None
    api_key_id: str | None = None
    models: tuple[str, ...] = ()

    def scopes(self) -> list[tuple[str, str]]:
        """Pairs of scope and subject, widest first."""
        pairs = [(Scope.TENANT.value, "")]
        if self.workflow:
            pairs.append((Scope.WORKFLOW.value, self.workflow))
        if self.user_id is not None:
            pairs.append((Scope.USER.value, str(self.user_id)))
        if self.api_key_id:
            pairs.append((Scope.KEY.value, self.api_key_id))
        return pairs + [(Scope.MODEL.value, model) for model in sorted(set(self.models))]


@dataclass(frozen=True, kw_only=True)
class Hold:
    """An open reservation: what was set aside and where."""

    id: UUID
    amount_micros: int


def reserve(*, key: str, amount_micros: int, payers: Payers) -> Hold:
    """Set the amount aside on every enclosing budget, or on none. Inside a transaction.

    An open reservation with the same key is returned as it is. Raises ``BudgetExceeded`` naming the tightest cap.
    """
    platform = tenants.reserve_platform_spend(micros=amount_micros)
    if platform.refused:
        raise _exceeded(Scope.PLATFORM, platform.period, platform.cap_micros, platform.used_micros, amount_micros)
    scopes = payers.scopes()
    params: dict[str, Any] = {
        "scopes": [scope for scope, _ in scopes],
        "subjects": [subject for _, subject in scopes],
        "ranks": [RANKS[Scope(scope)] for scope, _ in scopes],
        "plan_cap": tenants.entitlement("ai_cost_micros_per_month"),
        "id": new_id(),
        "key": key,
        "amount": amount_micros,
        "platform_ids": list(platform.counter_ids),
        "life_s": conf.RESERVATION_LIFE_S,
    }
    fits, again, earlier, refused = _take(params)
    if again or not fits:
        tenants.settle_platform_spend(counter_ids=platform.counter_ids, reserved_micros=amount_micros, spent_micros=0)
    if again:
        return Hold(id=UUID(earlier["id"]), amount_micros=earlier["amount_micros"])
    if not fits:
        raise _exceeded(Scope(refused["scope"]), refused["period"], refused["cap"], refused["used"], amount_micros)
    return Hold(id=params["id"], amount_micros=amount_micros)


def settle(*, reservation_id: UUID, spent_micros: int, by_model: Mapping[str, int]) -> bool:
    """Close the reservation and charge its counters. False when it was settled before: then nothing is booked.

    A reservation that was already given back is charged all the same: what was spent is spent.
    """
    return _close(reservation_id, state="settled", spent=spent_micros, by_model=by_model, reason="", late=True)


def release(*, reservation_id: UUID, reason: str, spent_micros: int = 0, by_model: Mapping[str, int] | None = None) -> bool:
    """Give the reservation back, less what failed attempts cost. False when it was closed before."""
    return _close(reservation_id, state="released", spent=spent_micros, by_model=by_model or {}, reason=reason, late=False)


def _take(params: dict[str, Any]) -> tuple[bool, bool, Any, Any]:
    for _ in range(3):
        with connection.cursor() as cursor:
            cursor.execute(RESERVE, params)
            complete, fits, again, earlier, _counters, refused, _taken = cursor.fetchone()
            if complete or again:
                return fits, again, earlier, refused
            cursor.execute(ENSURE_PLAN)
            cursor.execute(OPEN_PERIOD, params)
    raise RuntimeError("the budget's counters for this period could not be opened")


def _close(reservation_id: UUID, *, state: str, spent: int, by_model: Mapping[str, int], reason: str, late: bool) -> bool:
    from json import dumps

    with connection.cursor() as cursor:
        cursor.execute(
            CLOSE, {"id": reservation_id, "state": state, "charged": spent, "reason": reason[:200], "late": late}
        )
        row = cursor.fetchone()
        if row is None:
            return False
        was, amount, counter_ids, platform_ids = row
        reserved = amount if was == "open" else 0
        tenants.settle_platform_spend(counter_ids=platform_ids, reserved_micros=reserved, spent_micros=spent)
        cursor.execute(BOOK, {"ids": counter_ids, "reserved": reserved, "spent": spent, "by_model": dumps(dict(by_model))})
    return True


def _exceeded(scope: Scope, period: str, cap: int, used: int, needed: int) -> BudgetExceeded:
    return BudgetExceeded(
        scope=scope.label, cap=dollars(cap), used=dollars(used), needed=dollars(needed), period=Period(period).label,
        detail=f"{scope} cap {cap}, used {used}, needed {needed} micro-dollars",
    )


def dollars(micros: int) -> str:
    """Micro-dollars as people read them: two digits, more below a cent, without rounding up."""
    whole, rest = divmod(micros, 1_000_000)
    text = f"{whole}.{rest:06d}"
    return text.rstrip("0") if rest % 10_000 else f"{whole}.{rest // 10_000:02d}"


def expired(*, limit: int) -> Iterable[tuple[UUID, str]]:
    """Open reservations past their life, oldest first, locked for this transaction; those others hold are skipped."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, key FROM ai_reservation WHERE state = 'open' AND expires_at < now() "
            "ORDER BY expires_at LIMIT %s FOR UPDATE SKIP LOCKED",
            [limit],
        )
        return [(row[0], row[1]) for row in cursor.fetchall()]


def extend(reservation_id: UUID) -> None:
    """Give an open reservation another life: its effect is still under way."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE ai_reservation SET expires_at = now() + make_interval(secs => %s) WHERE id = %s AND state = 'open'",
            [conf.RESERVATION_LIFE_S, reservation_id],
        )
