"""A workspace as staff see it without entering: counts, queue, spend, errors, people; no content."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.facade import count_members, list_members
from apps.core.errors import PlatformError
from apps.dispatch.facade import queue_depth
from apps.tenants.context import tenant_context
from apps.tenants.models import Tenant, TenantEvent, TenantMigration, UsageCounter
from apps.tenants.registries import TenantFigure, feature_flags, tenant_figures
from apps.tenants.services.flags import flag_is_on

LATEST = 12


def overview_of(tenant: Tenant) -> dict[str, Any]:
    """Everything the page shows. A workspace that cannot be entered shows what the public plane knows about it."""
    month = timezone.now().date().replace(day=1)
    return {
        "figures": _figures(tenant),
        "queue": queue_depth(tenant.pk),
        "members": list_members(tenant_id=tenant.pk),
        "member_count": count_members(tenant_id=tenant.pk),
        "usage": list(UsageCounter.objects.filter(tenant=tenant, period_on__gte=month).order_by("key")),
        "failed_migrations": TenantMigration.objects.filter(tenant=tenant, state="failed").count(),
        "events": list(TenantEvent.objects.filter(tenant=tenant).order_by("-id")[:LATEST]),
        "flags": [(flag, flag_is_on(flag.name, tenant_id=tenant.pk)) for flag in feature_flags],
        "domains": list(tenant.domains.order_by("-is_primary", "id")),
    }


def _figures(tenant: Tenant) -> list[tuple[TenantFigure, str]]:
    ordered = sorted(tenant_figures, key=lambda figure: figure.order)
    try:
        with tenant_context(tenant.pk, allow_inactive=True):
            return [(figure, _measured(figure)) for figure in ordered]
    except PlatformError:
        return []


def _measured(figure: TenantFigure) -> str:
    try:
        return str(figure.measure())
    except PlatformError:
        return str(_("not measurable"))
