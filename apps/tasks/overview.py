"""Figures about tasks for staff."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.tasks.models import Task
from apps.tasks.selectors import count_open_reviews
from apps.tenants.registries import TenantFigure


def _total() -> int:
    return Task.objects.count()


def _week() -> int:
    return Task.objects.filter(created_at__gt=timezone.now() - timedelta(days=7)).count()


FIGURES = (
    TenantFigure(name="tasks", label=_("Tasks"), order=10, measure=_total),
    TenantFigure(name="tasks_week", label=_("Tasks of 7 days"), order=20, measure=_week),
    TenantFigure(name="reviews", label=_("Answers waiting for a person"), order=30, measure=count_open_reviews),
)
