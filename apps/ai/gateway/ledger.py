"""Money set aside before a call and booked after it, on every enclosing budget at once.

One statement locks the counters of all scopes, widest first, checks every cap against what is spent and set aside, and adds
the amount to all of them or to none. Two callers can therefore never pass a cap together, and since everybody locks the
workspace's own counter first, they cannot deadlock. The cap above all tenants is the tenants app's and is taken before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import connection

from apps.ai import conf
from apps.ai.enums import Period, Scope
from apps.ai.errors import BudgetExceeded
from apps.core.ids import new_id
from apps.core.prepared import Prepared
from apps.tenants import facade as tenants

RANKS = {Scope.TENANT: 1, Scope.WORKFLOW: 2, Scope.USER: 3, Scope.KEY: 4, Scope.MODEL: 5}
PLAN_LIMIT = "ai_cost_micros_per_month"

_BOUND = """
wanted AS (SELECT * FROM unnest($1, $2, $3) AS w(scope, subject, rank)),
bound AS (
    SELECT b.id AS budget_id, b.scope, w.subject, w.rank, b.period,
           CASE WHEN b.is_plan THEN $4 ELSE b.cap_micros END AS cap,
           CASE b.period WHEN 'day' THEN (now() AT TIME ZONE 'UTC')::date
                         WHEN 'month' THEN date_trunc('month', now() AT TIME ZONE 'UTC')::date
                         ELSE DATE '2000-01-01' END AS period_start
    FROM ai_budget b JOIN wanted w ON b.scope = w.scope AND b.subject IN (w.subject, '*')
)"""

RESERVE = Prepared(
    name="ai_reserve",
    types=("text[]", "text[]", "int[]", "bigint", "uuid", "text", "bigint", "bigint[]", "float8"),
    sql=f"""
WITH {_BOUND},
held AS MATERIALIZED (
    SELECT c.id, c.scope, c.subject, b.cap, b.period, c.spent_micros + c.reserved_micros AS used
    FROM ai_budgetcounter c
    JOIN bound b ON c.budget_id = b.budget_id AND c.subject = b.subject AND c.period_start = b.period_start
    ORDER BY c.rank, c.id FOR UPDATE OF c
), earlier AS (
    SELECT id, amount_micros FROM ai_reservation WHERE key = $6 AND state = 'open'
), answer AS (
    SELECT (SELECT count(*) FROM bound WHERE scope = 'tenant') > 0
             AND (SELECT count(*) FROM bound) = (SELECT count(*) FROM held) AS complete,
           NOT EXISTS (SELECT 1 FROM held WHERE used + $7 > cap) AS fits,
           EXISTS (SELECT 1 FROM earlier) AS again
), taken AS (
    UPDATE ai_budgetcounter c SET reserved_micros = c.reserved_micros + $7
    FROM held, answer WHERE c.id = held.id AND answer.complete AND answer.fits AND NOT answer.again
), made AS (
    INSERT INTO ai_reservation
        (id, key, state, amount_micros, charged_micros, counter_ids, platform_ids, closed_reason, expires_at)
    SELECT $5, $6, 'open', $7, 0, (SELECT array_agg(id) FROM held), $8, '', now() + make_interval(secs => $9)
    FROM answer WHERE answer.complete AND answer.fits AND NOT answer.again
)
SELECT answer.complete, answer.fits, answer.again, (SELECT row_to_json(e) FROM earlier e),
       (SELECT row_to_json(h) FROM held h WHERE used + $7 > cap ORDER BY cap - used LIMIT 1)
FROM answer""",
)

OPEN_PERIOD = Prepared(
    name="ai_open_period",
    types=("text[]", "text[]", "int[]", "bigint"),
    sql=f"""
WITH {_BOUND}
INSERT INTO ai_budgetcounter (budget_id, scope, subject, rank, period_start, spent_micros, reserved_micros)
SELECT budget_id, scope, subject, rank, period_start, 0, 0 FROM bound ORDER BY rank, budget_id, subject
ON CONFLICT DO NOTHING""",
)

ENSURE_PLAN = """
INSERT INTO ai_budget (scope, subject, period, action, is_plan, updated_at)
VALUES ('tenant', '', 'month', 'stop', true, now()) ON CONFLICT DO NOTHING
"""

# A released reservation may still be settled late ($5): the money was spent, so it is charged, only nothing is freed again.
CLOSE = Prepared(
    name="ai_close",
    types=("uuid", "text", "bigint", "text", "bool"),
    sql="""
UPDATE ai_reservation SET state = $2, charged_micros = charged_micros + $3, closed_reason = $4, closed_at = now(), expires_at = NULL
FROM (SELECT id, state AS was FROM ai_reservation WHERE id = $1 FOR UPDATE) old
WHERE ai_reservation.id = old.id AND (old.was = 'open' OR (old.was = 'released' AND $5))
RETURNING old.was, amount_micros, counter_ids, platform_ids""",
)

BOOK = Prepared(
    name="ai_book",
    types=("bigint[]", "bigint", "bigint", "jsonb"),
    sql="""
WITH held AS MATERIALIZED (SELECT id FROM ai_budgetcounter WHERE id = ANY($1) ORDER BY rank, id FOR UPDATE)
UPDATE ai_budgetcounter c
SET reserved_micros = c.reserved_micros - $2,
    spent_micros = c.spent_micros + CASE WHEN c.scope = 'model' THEN coalesce(($4 ->> c.subject)::bigint, 0) ELSE $3 END
FROM held WHERE c.id = held.id""",
)


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
    platform = tenants.reserve_platform_spend(micros=amount_micros, limit=PLAN_LIMIT)
    if platform.refused:
        raise _exceeded(Scope.PLATFORM, platform.period, platform.cap_micros, platform.used_micros, amount_micros)
    hold_id = new_id()
    scopes = payers.scopes()
    bound = [
        [scope for scope, _ in scopes],
        [subject for _, subject in scopes],
        [RANKS[Scope(scope)] for scope, _ in scopes],
        platform.entitlement,
    ]
    rest = [str(hold_id), key, amount_micros, list(platform.counter_ids), conf.RESERVATION_LIFE_S]
    fits, again, earlier, refused = _take(bound, rest)
    if again or not fits:
        tenants.settle_platform_spend(counter_ids=platform.counter_ids, reserved_micros=amount_micros, spent_micros=0)
    if again:
        return Hold(id=UUID(earlier["id"]), amount_micros=earlier["amount_micros"])
    if not fits:
        raise _exceeded(Scope(refused["scope"]), refused["period"], refused["cap"], refused["used"], amount_micros)
    return Hold(id=hold_id, amount_micros=amount_micros)


def settle(*, reservation_id: UUID, spent_micros: int, by_model: Mapping[str, int]) -> bool:
    """Close the reservation and charge its counters. False when it was settled before: then nothing is booked.

    A reservation that was already given back is charged all the same: what was spent is spent.
    """
    return _close(reservation_id, state="settled", spent=spent_micros, by_model=by_model, reason="", late=True)


def release(
    *, reservation_id: UUID, reason: str, spent_micros: int = 0, by_model: Mapping[str, int] | None = None
) -> bool:
    """Give the reservation back, less what failed attempts cost. False when it was closed before."""
    return _close(
        reservation_id, state="released", spent=spent_micros, by_model=by_model or {}, reason=reason, late=False
    )


def _take(bound: list[Any], rest: list[Any]) -> tuple[bool, bool, Any, Any]:
    for _ in range(3):
        complete, fits, again, earlier, refused = RESERVE.run([*bound, *rest])
        if complete or again:
            return fits, again, earlier, refused
        with connection.cursor() as cursor:
            cursor.execute(ENSURE_PLAN)
        OPEN_PERIOD.run(bound)
    raise RuntimeError("the budget's counters for this period could not be opened")


def _close(
    reservation_id: UUID, *, state: str, spent: int, by_model: Mapping[str, int], reason: str, late: bool
) -> bool:
    row = CLOSE.run([str(reservation_id), state, spent, reason[:200], late])
    if row is None:
        return False
    was, amount, counter_ids, platform_ids = row
    reserved = amount if was == "open" else 0
    tenants.settle_platform_spend(counter_ids=platform_ids, reserved_micros=reserved, spent_micros=spent)
    BOOK.run([counter_ids, reserved, spent, json.dumps(dict(by_model))])
    return True


def _exceeded(scope: Scope, period: str, cap: int, used: int, needed: int) -> BudgetExceeded:
    return BudgetExceeded(
        scope=scope.label,
        cap=dollars(cap),
        used=dollars(used),
        needed=dollars(needed),
        period=Period(period).label,
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
