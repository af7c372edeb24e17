"""Caps on what the whole platform spends on models (public schema): a number per period, no tenant content.

Budgets of tenants, workflows, people, keys and models live in each tenant's schema (apps.ai). Only the cap above all tenants
needs a home they share. Imported by ``models.py``; written by ``services/spend.py`` alone.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now


class PlatformCap(models.Model):
    """The most the platform spends on model calls per ``period`` (``day``, ``month`` or ``total``), in micro-dollars."""

    period = models.CharField(
        max_length=8, unique=True, choices=[("day", "Per day"), ("month", "Per month"), ("total", "Once")]
    )
    cap_micros = models.BigIntegerField()
    reason = models.CharField(max_length=200, blank=True)
    updated_by = models.BigIntegerField(null=True, blank=True)
    updated_at = models.DateTimeField(auto_now=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(cap_micros__gte=0), name="tenants_platformcap_not_negative")]

    def __str__(self) -> str:
        return f"{self.get_period_display()}: {self.cap_micros / 1_000_000:.2f} USD"


class PlatformSpend(models.Model):
    """What was spent and is set aside under a platform cap in one period."""

    cap = models.ForeignKey(PlatformCap, on_delete=models.CASCADE, related_name="spends")
    period_start = models.DateField()
    spent_micros = models.BigIntegerField(default=0)
    reserved_micros = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["cap", "period_start"], name="tenants_platformspend_one_per_period"),
            models.CheckConstraint(
                condition=Q(spent_micros__gte=0, reserved_micros__gte=0), name="tenants_platformspend_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cap_id} from {self.period_start}"
