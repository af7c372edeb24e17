"""Runs, their history and the effects they had (tenant schema).

The engine writes these tables with plain SQL (``engine/store.py``); the models here are their single description and serve
reads, migrations and tests. Ids of users and tenants are plain columns: no foreign key leaves the tenant's schema.
"""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from apps.core.held import HeldAct
from apps.core.ids import new_id
from apps.workflows.enums import Account, EffectClass, EffectState, RunState, StepState
from apps.workflows.models.definitions import WorkflowVersion


class Run(models.Model):
    """One execution of one version. ``cursor`` is the state machine's state, empty once the run has ended.

    ``key_run_id`` and ``generation`` enter the idempotency keys: a replay keeps the original's, so that effects which happened
    are not repeated; a new generation chooses new keys. ``parent_id`` and ``parent_path`` name the run and the visit of the step
    that started this one, ``parent_index`` the item it is for, ``parent_attempt`` the attempt that waits for it. A run with a
    ``what_if`` is a shadow of ``replay_of``: it has keys of its own, works for nobody and sends nothing (see ``whatif``).
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    version = models.ForeignKey(WorkflowVersion, on_delete=models.PROTECT, related_name="runs", db_index=False)
    state = models.CharField(max_length=12, choices=RunState, db_default=RunState.RUNNING)
    inputs = models.JSONField()
    cursor = models.JSONField(default=dict)
    outputs = models.JSONField(null=True)
    error = models.JSONField(null=True)
    subject_kind = models.CharField(max_length=40, db_default="")
    subject_id = models.CharField(max_length=64, db_default="")
    trigger = models.CharField(max_length=40, db_default="manual")
    idempotency_key = models.CharField(max_length=200, db_default="")
    replay_of = models.UUIDField(null=True)
    what_if = models.ForeignKey(
        "workflows.WhatIf", null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    key_run_id = models.UUIDField()
    generation = models.PositiveIntegerField(db_default=0)
    started_by = models.BigIntegerField(null=True, help_text="User id of the person who started it, when one did.")
    queue = models.CharField(max_length=16)
    priority = models.SmallIntegerField(db_default=100)
    revision = models.CharField(max_length=64, db_default="")
    parent_id = models.UUIDField(null=True)
    parent_path = models.CharField(max_length=100, db_default="")
    parent_index = models.PositiveIntegerField(db_default=0)
    parent_attempt = models.PositiveIntegerField(db_default=0)
    depth = models.PositiveSmallIntegerField(db_default=0)
    cost_micros = models.BigIntegerField(db_default=0)
    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["idempotency_key"], condition=~Q(idempotency_key=""), name="workflows_run_idempotency_key_once"
            ),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="workflows_run_state_is_known"),
            models.CheckConstraint(
                condition=Q(state__in=["succeeded", "failed", "cancelled"], finished_at__isnull=False)
                | Q(state__in=["running", "waiting", "review"], finished_at__isnull=True),
                name="workflows_run_finished_at_when_ended",
            ),
            models.CheckConstraint(condition=Q(cost_micros__gte=0), name="workflows_run_cost_is_not_negative"),
            models.UniqueConstraint(
                fields=["parent_id", "parent_path", "parent_index"],
                condition=Q(parent_id__isnull=False) & ~Q(state="cancelled"),
                name="workflows_run_one_child_per_item",
            ),
            models.CheckConstraint(
                condition=Q(parent_id__isnull=True, depth=0) | Q(parent_id__isnull=False, depth__gte=1, depth__lte=5),
                name="workflows_run_depth_is_bounded",
            ),
            models.CheckConstraint(
                condition=(Q(what_if__isnull=True) & ~Q(trigger="whatif"))
                | Q(
                    what_if__isnull=False,
                    trigger="whatif",
                    replay_of__isnull=False,
                    key_run_id=F("id"),
                    subject_id="",
                    idempotency_key="",
                    parent_id__isnull=True,
                ),
                name="workflows_run_shadow_stands_alone",
            ),
        ]
        indexes = [
            models.Index(
                fields=["subject_kind", "subject_id"], condition=~Q(subject_id=""), name="workflows_run_subject"
            ),
            models.Index(fields=["created_at"], condition=Q(finished_at__isnull=True), name="workflows_run_live"),
            models.Index(fields=["what_if"], condition=Q(what_if__isnull=False), name="workflows_run_shadows"),
        ]

    def __str__(self) -> str:
        return f"{self.id} {self.state}"


class HeldCancel(HeldAct):
    """A cancelled run in the moments in which that can be taken back: it stands still and has not ended."""

    run = models.OneToOneField(Run, primary_key=True, on_delete=models.CASCADE, related_name="held_cancel")
    reason = models.CharField(max_length=500)

    def __str__(self) -> str:
        return f"{self.run_id} {self.effective_at}"


class StepRun(models.Model):
    """One attempt of one visit of a step; ``path`` is ``<step>`` or ``<step>#<visit>``, ``seq`` orders a run's history."""

    pk = models.CompositePrimaryKey("run_id", "path", "attempt")
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="steps", db_index=False)
    path = models.CharField(max_length=100)
    attempt = models.PositiveIntegerField()
    seq = models.PositiveIntegerField()
    step_id = models.CharField(max_length=80)
    type = models.CharField(max_length=80)
    state = models.CharField(max_length=12, choices=StepState)
    summary = models.CharField(max_length=500, db_default="")
    output = models.JSONField(null=True)
    error = models.JSONField(null=True)
    cost_micros = models.BigIntegerField(db_default=0)
    model = models.CharField(max_length=120, db_default="")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=StepState.values), name="workflows_steprun_state_is_known"),
            models.CheckConstraint(condition=Q(attempt__gte=1), name="workflows_steprun_attempt_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.path}/{self.attempt} {self.state}"


class Effect(models.Model):
    """One intention to touch the world. Committed before a byte leaves; ``request`` is frozen for all but metered effects.

    ``work_id`` and ``fence`` name the claim that may send it; ``sends`` counts transmissions. ``first_sent_at`` starts the key's
    window. ``succeeded`` never moves (database trigger). ``risk_class`` and ``reasons`` come from what the request reaches; a
    ``held`` effect is not sent without an approval of exactly its bytes (trigger), and what is of class C is held.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="effects")
    path = models.CharField(max_length=100)
    ordinal = models.PositiveSmallIntegerField(db_default=0)
    generation = models.PositiveIntegerField(db_default=0)
    type = models.CharField(max_length=80)
    effect_class = models.CharField(max_length=8, choices=EffectClass)
    key = models.CharField(max_length=64, unique=True, db_index=False)
    request = models.TextField()
    request_hash = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=EffectState, db_default=EffectState.INTENDED)
    dry_run = models.BooleanField(db_default=False)
    risk_class = models.CharField(max_length=1, db_default="")
    reasons = models.JSONField(default=list, db_default=[])
    held = models.BooleanField(db_default=False)
    work_id = models.BigIntegerField()
    fence = models.BigIntegerField()
    sends = models.PositiveIntegerField(db_default=0)
    first_sent_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    key_expires_at = models.DateTimeField(null=True)
    response = models.JSONField(null=True)
    error = models.JSONField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=EffectState.values), name="workflows_effect_state_is_known"),
            models.CheckConstraint(condition=~Q(key=""), name="workflows_effect_key_is_set"),
            models.CheckConstraint(
                condition=Q(sent_at__isnull=False) | ~Q(state__in=["sending", "unknown", "review"]),
                name="workflows_effect_sent_at_when_sent",
            ),
            models.CheckConstraint(
                condition=~Q(state="succeeded") | Q(response__isnull=False),
                name="workflows_effect_response_when_succeeded",
            ),
            models.CheckConstraint(
                condition=Q(risk_class__in=["", "A", "B", "C"]), name="workflows_effect_risk_class_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(risk_class="C") | Q(held=True), name="workflows_effect_class_c_is_held"
            ),
        ]
        indexes = [
            models.Index(
                fields=["sent_at"],
                condition=Q(state__in=["sending", "unknown", "review"]),
                name="workflows_effect_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.path} {self.state}"


class RunEvent(models.Model):
    """An answer from outside to a waiting run. One per wait: the first decision wins by constraint.

    ``slot`` is the path of the wait it answers, or ``early`` when it came before any wait for that event.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events", db_index=False)
    event = models.CharField(max_length=80)
    slot = models.CharField(max_length=100)
    payload = models.JSONField()
    received_at = models.DateTimeField(db_default=Now())
    consumed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "event", "slot"], name="workflows_runevent_first_answer_wins"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.event} {self.slot}"


class UsageEntry(models.Model):
    """The meter ledger: append-only, each (meter, source) once. ``waste`` is paid by the platform."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.CharField(max_length=8, choices=Account)
    meter = models.CharField(max_length=80)
    source_key = models.CharField(max_length=200)
    quantity = models.BigIntegerField()
    cost_micros = models.BigIntegerField()
    run_id = models.UUIDField(null=True)
    path = models.CharField(max_length=100, db_default="")
    detail = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["meter", "source_key"], name="workflows_usageentry_posted_once"),
            models.CheckConstraint(
                condition=Q(quantity__gte=0, cost_micros__gte=0), name="workflows_usageentry_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["run_id"], name="workflows_usageentry_run"),
            models.Index(fields=["created_at"], name="workflows_usageentry_time"),
        ]

    def __str__(self) -> str:
        return f"{self.meter} {self.quantity} {self.account}"


class Evidence(models.Model):
    """An answer that came back to a worker which had lost its claim: kept for the decision about the effect."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    effect = models.ForeignKey(Effect, on_delete=models.CASCADE, related_name="evidence")
    fence = models.BigIntegerField()
    outcome = models.CharField(max_length=12)
    response = models.JSONField(null=True)
    received_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"{self.effect_id} {self.outcome}"
