"""Figures about runs for staff."""

from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.tenants.registries import TenantFigure
from apps.workflows.enums import RunState
from apps.workflows.models import Run


def _failed() -> int:
    since = timezone.now() - timedelta(days=1)
    return Run.objects.filter(state=RunState.FAILED, what_if__isnull=True, finished_at__gt=since).count()


FIGURES = (TenantFigure(name="failed_runs", label=_("Failed runs of 24 hours"), order=40, measure=_failed),)
