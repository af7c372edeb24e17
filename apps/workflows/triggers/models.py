"""What starts workflows, and every occasion on which it did or should have (tenant schema).

A definition says which triggers a workflow has; these rows hold what a version cannot: whether it is switched on, its secret
address, when it is due next. A row whose trigger left the definition is kept with ``removed_at``, so that going back to the older
version brings back the same address and secret.
"""

import secrets
from datetime import datetime

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.fields import EncryptedTextField
from apps.core.ids import new_id
from apps.workflows.triggers.enums import FiringState, TriggerKind


def new_address_key() -> str:
    """43 random characters for the address of a webhook or a mailbox."""
    return secrets.token_urlsafe(32)


class Trigger(models.Model):
    """One trigger of one workflow, by its id in the definition. ``config`` is the current version's.

    ``next_at`` is the instant a schedule is to be looked at next: it moves in the transaction that starts the runs, and only from
    the value read there. ``previous_secret`` is accepted until ``previous_until``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "workflows.Workflow", on_delete=models.CASCADE, related_name="triggers", db_index=False
    )
    slug = models.CharField(max_length=60)
    kind = models.CharField(max_length=12, choices=TriggerKind)
    config = models.JSONField(default=dict)
    enabled = models.BooleanField(default=True)
    removed_at = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True)
    anchor_at = models.DateTimeField(db_default=Now())
    address_key = models.CharField(max_length=43, unique=True, default=new_address_key)
    secret = EncryptedTextField(blank=True, default="")
    previous_secret = EncryptedTextField(blank=True, default="")
    previous_until = models.DateTimeField(null=True)
    fired_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="Refused occasions in a row.")
    problem = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    read_at: datetime  # the database's clock when ``store`` read the row

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "slug"], name="workflows_trigger_once_per_workflow"),
            models.CheckConstraint(condition=Q(kind__in=TriggerKind.values), name="workflows_trigger_kind_is_known"),
            models.CheckConstraint(
                condition=Q(next_at__isnull=True) | Q(kind="schedule", enabled=True, removed_at__isnull=True),
                name="workflows_trigger_next_at_when_on",
            ),
        ]
        indexes = [
            models.Index(fields=["next_at"], condition=Q(next_at__isnull=False), name="workflows_trigger_due"),
            models.Index(
                fields=["kind"], condition=Q(enabled=True, removed_at__isnull=True), name="workflows_trigger_on"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.slug}"

    @property
    def is_on(self) -> bool:
        """Whether it may start anything."""
        return self.enabled and self.removed_at is None


class Firing(models.Model):
    """One occasion of one trigger: a scheduled instant, a delivery, an event. Each is taken once by constraint (``key``).

    ``payload`` is what the run is told as ``trigger``; ``depth`` counts how many triggered runs led to it. ``repeats`` counts
    deliveries that were recognised as the same.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    trigger = models.ForeignKey(Trigger, on_delete=models.CASCADE, related_name="firings", db_index=False)
    key = models.CharField(max_length=120, null=True)
    dedupe = models.CharField(max_length=64, blank=True, default="")
    scheduled_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=10, choices=FiringState)
    payload = models.JSONField(default=dict)
    depth = models.PositiveSmallIntegerField(default=0)
    repeats = models.PositiveIntegerField(default=0)
    run_id = models.UUIDField(null=True)
    task_id = models.UUIDField(null=True)
    replay_of = models.UUIDField(null=True)
    code = models.CharField(max_length=64, blank=True, default="")
    problem = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField(db_default=Now())
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["trigger", "key"], name="workflows_firing_once_per_occasion"),
            models.CheckConstraint(condition=Q(state__in=FiringState.values), name="workflows_firing_state_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=["received", "queued"], decided_at__isnull=True)
                | (~Q(state__in=["received", "queued"]) & Q(decided_at__isnull=False)),
                name="workflows_firing_decided_when_final",
            ),
            models.UniqueConstraint(
                fields=["trigger"], condition=Q(state="queued"), name="workflows_firing_one_queued_per_trigger"
            ),
        ]
        indexes = [
            models.Index(fields=["trigger", "-created_at"], name="workflows_firing_latest"),
            models.Index(fields=["trigger", "dedupe"], condition=~Q(dedupe=""), name="workflows_firing_dedupe"),
            models.Index(
                fields=["created_at"], condition=Q(state__in=["received", "queued"]), name="workflows_firing_open"
            ),
            models.Index(fields=["run_id"], condition=Q(run_id__isnull=False), name="workflows_firing_run"),
        ]

    def __str__(self) -> str:
        return f"{self.trigger_id} {self.state}"
