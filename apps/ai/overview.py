"""Figures about models and money for staff."""

from datetime import timedelta

from django.db.models import Sum
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.ai.models import AICall
from apps.tenants.registries import TenantFigure


def _month() -> str:
    begin = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    spent = AICall.objects.filter(created_at__gte=begin).aggregate(sum=Sum("charged_micros"))["sum"] or 0
    return f"${spent / 1_000_000:.2f}"


def _failed() -> int:
    begin = timezone.now() - timedelta(days=1)
    return AICall.objects.filter(created_at__gte=begin).exclude(error_code="").count()


FIGURES = (
    TenantFigure(name="spend", label=_("Spent on models this month"), order=60, measure=_month),
    TenantFigure(name="failed_calls", label=_("Failed model calls of 24 hours"), order=70, measure=_failed),
)
