"""Staff inside workspaces (public schema): who entered, as whom, why, for how long, and every request made meanwhile.

Imported by ``models.py``; written by ``services/staff_access.py`` alone and never changed afterwards, apart from the end.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.accounts.enums import AccessEnd


class StaffAccess(models.Model):
    """One stay of a member of staff in one workspace, acting as one of its people, for at most half an hour."""

    staff = models.ForeignKey("accounts.User", on_delete=models.PROTECT, related_name="staff_accesses")
    tenant = models.ForeignKey("tenants.Tenant", on_delete=models.CASCADE, related_name="staff_accesses")
    acting_as = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")
    acting_as_email = models.EmailField(help_text="Kept when the person is erased.")
    reason = models.CharField(max_length=300)
    started_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_why = models.CharField(max_length=12, choices=AccessEnd, blank=True)

    class Meta:
        verbose_name_plural = "staff accesses"
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="accounts_staffaccess_has_a_reason"),
            models.CheckConstraint(condition=Q(expires_at__gt=F("started_at")), name="accounts_staffaccess_has_an_end"),
            models.UniqueConstraint(
                fields=["staff"], condition=Q(ended_at__isnull=True), name="accounts_staffaccess_one_open_per_person"
            ),
        ]
        indexes = [models.Index(fields=["tenant", "-id"], name="accounts_staffaccess_latest")]

    def __str__(self) -> str:
        return f"{self.staff_id} → {self.tenant_id} · {self.started_at:%Y-%m-%d %H:%M}"


class StaffAct(models.Model):
    """One request made during a stay; ``request_id`` leads to the log lines, which carry both identities too."""

    access = models.ForeignKey(StaffAccess, on_delete=models.CASCADE, related_name="acts")
    method = models.CharField(max_length=8)
    route = models.CharField(max_length=200)
    target = models.CharField(max_length=200, blank=True, help_text="Ids in the address; never tokens.")
    request_id = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Empty: never answered.")
    happened_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.method} {self.route}"
