"""The platform's cap on model spend, held across tenants.

Called by the model gateway (apps.ai) in the same transaction as the tenant's own budgets, always before them, so that all
callers lock in one order: platform, then tenant. Without a cap no row is touched. With one, its counter is a single hot row:
calls of all tenants queue on it for the length of their transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection

from apps.core.prepared import Prepared
from apps.tenants.context import current_tenant

RESERVE = Prepared(
    name="tenants_reserve_spend",
    types=("bigint", "bigint", "text"),
    sql="""
WITH bound AS (
    SELECT id AS cap_id, period, cap_micros,
           CASE period WHEN 'day' THEN (now() AT TIME ZONE 'UTC')::date
                       WHEN 'month' THEN date_trunc('month', now() AT TIME ZONE 'UTC')::date
                       ELSE DATE '2000-01-01' END AS period_start
    FROM public.tenants_platformcap
), held AS MATERIALIZED (
    SELECT s.id, b.period, b.cap_micros, s.spent_micros + s.reserved_micros AS used
    FROM public.tenants_platformspend s JOIN bound b ON s.cap_id = b.cap_id AND s.period_start = b.period_start
    ORDER BY s.id FOR UPDATE OF s
), answer AS (
    SELECT (SELECT count(*) FROM bound) = (SELECT count(*) FROM held) AS complete,
           NOT EXISTS (SELECT 1 FROM held WHERE used + $1 > cap_micros) AS fits
), taken AS (
    UPDATE public.tenants_platformspend s SET reserved_micros = s.reserved_micros + $1
    FROM held, answer WHERE s.id = held.id AND answer.complete AND answer.fits
    RETURNING s.id
)
SELECT answer.complete, answer.fits, (SELECT coalesce(array_agg(id), '{}') FROM taken),
       (SELECT row_to_json(h) FROM held h WHERE used + $1 > cap_micros ORDER BY cap_micros - used LIMIT 1),
       o.id IS NOT NULL OR jsonb_exists(p.limits, $3),
       CASE WHEN o.id IS NOT NULL THEN o.amount ELSE (p.limits ->> $3)::bigint END
FROM answer, public.tenants_tenant t
JOIN public.tenants_plan p ON p.key = t.plan_id
LEFT JOIN public.tenants_limitoverride o ON o.tenant_id = t.id AND o.key = $3
WHERE t.id = $2""",
)
OPEN_PERIOD = """
INSERT INTO public.tenants_platformspend (cap_id, period_start, spent_micros, reserved_micros)
SELECT id, CASE period WHEN 'day' THEN (now() AT TIME ZONE 'UTC')::date
                       WHEN 'month' THEN date_trunc('month', now() AT TIME ZONE 'UTC')::date
                       ELSE DATE '2000-01-01' END, 0, 0
FROM public.tenants_platformcap ORDER BY id ON CONFLICT DO NOTHING
"""
SETTLE = """
WITH held AS MATERIALIZED (
    SELECT id FROM public.tenants_platformspend WHERE id = ANY(%(ids)s) ORDER BY id FOR UPDATE
)
UPDATE public.tenants_platformspend s
SET reserved_micros = s.reserved_micros - %(reserved)s, spent_micros = s.spent_micros + %(spent)s
FROM held WHERE s.id = held.id
"""


@dataclass(frozen=True, kw_only=True)
class PlatformHold:
    """Counters that now hold the amount, or the cap that has no room. ``entitlement`` is the current tenant's own limit by the
    asked key, None for unlimited; reading it in the same statement saves every model call a round trip."""

    counter_ids: tuple[int, ...] = ()
    entitlement: int | None = None
    refused: bool = False
    period: str = ""
    cap_micros: int = 0
    used_micros: int = 0


def reserve_platform_spend(*, micros: int, limit: str) -> PlatformHold:
    """Set ``micros`` aside under every platform cap, or under none when one lacks room. Inside the caller's transaction.

    Also reads the current tenant's limit by the key ``limit``, as ``facade.entitlement`` would.
    """
    for _ in range(2):
        complete, fits, ids, refused, is_granted, amount = RESERVE.run([micros, current_tenant().id, limit])
        if complete:
            break
        with connection.cursor() as cursor:
            cursor.execute(OPEN_PERIOD)
    own = amount if is_granted else 0
    if not fits:
        return PlatformHold(refused=True, period=refused["period"], cap_micros=refused["cap_micros"], used_micros=refused["used"],
                            entitlement=own)  # fmt: skip
    return PlatformHold(counter_ids=tuple(ids), entitlement=own)


def settle_platform_spend(*, counter_ids: Sequence[int], reserved_micros: int, spent_micros: int) -> None:
    """Turn what was set aside into what was spent. The caller makes sure that it does so once per reservation."""
    if not counter_ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(SETTLE, {"ids": list(counter_ids), "reserved": reserved_micros, "spent": spent_micros})
