"""Feature flags (public schema): how far something new is open. Imported by ``models.py``; written by ``services/flags.py``."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.tenants.enums import FlagState


class FeatureFlag(models.Model):
    """One switch known to the code. No row, or ``off``: off for everybody but the tenants that were named."""

    name = models.CharField(primary_key=True, max_length=60)
    state = models.CharField(max_length=8, choices=FlagState, default=FlagState.OFF)
    percent = models.PositiveSmallIntegerField(
        default=0, help_text="Share of workspaces that have it, when the state is “for a share”. A workspace stays in."
    )
    note = models.CharField(max_length=300, blank=True)
    updated_by = models.BigIntegerField(null=True, blank=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(percent__lte=100), name="tenants_featureflag_percent_is_a_share"),
            models.CheckConstraint(condition=Q(state__in=FlagState.values), name="tenants_featureflag_state_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


class FlagChoice(models.Model):
    """One tenant has a flag, or has it not, whatever the flag says for the others."""

    flag = models.ForeignKey(FeatureFlag, on_delete=models.CASCADE, related_name="choices")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="flag_choices")
    is_on = models.BooleanField()
    reason = models.CharField(max_length=200)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["flag", "tenant"], name="tenants_flagchoice_once_per_tenant")]

    def __str__(self) -> str:
        return f"{self.flag_id} · {self.tenant_id} · {'on' if self.is_on else 'off'}"
