"""What a tenant may use: read where work starts, counted with conditional updates where amounts add up."""

from datetime import date

from django.db import connection
from django.db.models import F, Q
from django.utils import timezone

from apps.core.errors import InvalidInput
from apps.dispatch import facade as dispatch
from apps.tenants.conf import OPERATOR_SLUG
from apps.tenants.context import current_tenant
from apps.tenants.entitlements import get_entitlement
from apps.tenants.enums import TenantEventKind
from apps.tenants.errors import PlanLimitReached, UnknownTenant
from apps.tenants.models import LimitOverride, Tenant, UsageCounter
from apps.tenants.services.plans import find_plan
from apps.tenants.services.records import record_event

UNLIMITED_IN_FLIGHT = 500
NO_PERIOD = date(2000, 1, 1)

_LIMIT = """
    SELECT CASE WHEN o.id IS NOT NULL THEN o.amount ELSE (p.limits->>%s)::bigint END, o.id IS NOT NULL OR jsonb_exists(p.limits, %s)
    FROM public.tenants_tenant t JOIN public.tenants_plan p ON p.key = t.plan_id
    LEFT JOIN public.tenants_limitoverride o ON o.tenant_id = t.id AND o.key = %s
    WHERE t.id = %s
"""


def entitlement(key: str) -> int | None:
    """The current tenant's limit, None for unlimited. A plan that does not mention the key grants nothing (0)."""
    return entitlement_of(tenant_id=current_tenant().id, key=key)


def entitlement_of(*, tenant_id: int, key: str) -> int | None:
    """The same for any tenant; an agreed override goes before the plan. Raises ``UnknownTenant``."""
    get_entitlement(key)
    with connection.cursor() as cursor:
        cursor.execute(_LIMIT, [key, key, key, tenant_id])
        row = cursor.fetchone()
    if row is None:
        raise UnknownTenant(detail=f"tenant {tenant_id}")
    amount, is_granted = row
    return amount if is_granted else 0


def require_capacity(key: str, *, used: int, adding: int = 1) -> None:
    """Make sure that ``used + adding`` stays within the current tenant's limit. Raises ``PlanLimitReached``.

    For amounts the caller counts under a lock of its own; concurrent callers that only read need ``count_usage``.
    """
    limit = entitlement(key)
    if limit is not None and used + adding > limit:
        raise _reached(key, used=used, limit=limit)


def count_usage(key: str, *, adding: int = 1, on: date | None = None) -> int:
    """Count ``adding`` units of the current tenant and return the new total; raises ``PlanLimitReached`` and counts nothing.

    One conditional update, so that parallel callers cannot go over the limit together. Runs in the caller's transaction:
    work that is rolled back is not counted.
    """
    if adding <= 0:
        raise InvalidInput(detail="adding must be positive")
    tenant_id, period = current_tenant().id, _period(key, on)
    limit = entitlement(key)
    UsageCounter.objects.bulk_create(
        [UsageCounter(tenant_id=tenant_id, key=key, period_on=period)], ignore_conflicts=True
    )
    room = Q() if limit is None else Q(used__lte=limit - adding)
    counter = UsageCounter.objects.filter(tenant_id=tenant_id, key=key, period_on=period)
    if not counter.filter(room).update(used=F("used") + adding):
        raise _reached(key, used=usage(key, on=on), limit=limit)
    return usage(key, on=on)


def give_back_usage(key: str, *, amount: int = 1, on: date | None = None) -> None:
    """Take units back that turned out not to be used; never below zero."""
    counter = UsageCounter.objects.filter(tenant_id=current_tenant().id, key=key, period_on=_period(key, on))
    counter.filter(used__gte=amount).update(used=F("used") - amount)


def usage(key: str, *, on: date | None = None) -> int:
    """What the current tenant used in the period of ``on`` (default today, UTC)."""
    counters = UsageCounter.objects.filter(tenant_id=current_tenant().id, key=key, period_on=_period(key, on))
    return counters.values_list("used", flat=True).first() or 0


def change_plan(*, tenant_id: int, plan: str, actor_id: int | None = None, reason: str = "") -> None:
    """Put a tenant on another plan; its limits count from now on, what is used stays used."""
    before = Tenant.objects.filter(pk=tenant_id).values_list("plan_id", flat=True).first()
    if before is None:
        raise UnknownTenant(detail=f"tenant {tenant_id}")
    Tenant.objects.filter(pk=tenant_id).update(plan=find_plan(plan))
    _pass_on_in_flight(tenant_id)
    kind = TenantEventKind.PLAN_CHANGED
    record_event(tenant_id=tenant_id, kind=kind, actor_id=actor_id, reason=reason, before=before, after=plan)


def override_limit(*, tenant_id: int, key: str, amount: int | None, reason: str, actor_id: int | None = None) -> None:
    """Agree on a limit with one tenant in place of its plan's; ``amount`` None is unlimited."""
    get_entitlement(key)
    if amount is not None and amount < 0:
        raise InvalidInput(fields={"amount": "Use a whole number from 0, or leave it empty for unlimited."})
    LimitOverride.objects.update_or_create(tenant_id=tenant_id, key=key, defaults={"amount": amount, "reason": reason})
    if key == "in_flight":
        _pass_on_in_flight(tenant_id)
    kind = TenantEventKind.LIMIT_CHANGED
    record_event(tenant_id=tenant_id, kind=kind, actor_id=actor_id, reason=reason, key=key, amount=amount)


def in_flight_of(tenant_id: int) -> int:
    """Slots of the work queue a tenant is granted; unlimited ones get what one worker has."""
    limit = entitlement_of(tenant_id=tenant_id, key="in_flight")
    return UNLIMITED_IN_FLIGHT if limit is None else max(1, limit)


def _pass_on_in_flight(tenant_id: int) -> None:
    """Tell the work queue how many slots the tenant has now."""
    tenant = Tenant.objects.get(pk=tenant_id)
    dispatch.register_tenant(
        tenant_id=tenant.pk,
        schema_name=tenant.schema_name,
        epoch=tenant.epoch,
        max_in_flight=in_flight_of(tenant.pk),
        is_operator=tenant.slug == OPERATOR_SLUG,
    )


def _period(key: str, on: date | None) -> date:
    if not get_entitlement(key).monthly:
        return NO_PERIOD
    return (on or timezone.now().date()).replace(day=1)


def _reached(key: str, *, used: int, limit: int | None) -> PlanLimitReached:
    return PlanLimitReached(what=get_entitlement(key).title, used=used, limit=limit)
