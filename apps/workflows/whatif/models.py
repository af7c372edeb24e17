"""Comparisons of past runs with how they would go otherwise (tenant schema).

Each past run gets a shadow: a ``Run`` of its own that the engine carries out while the database refuses every transmission of its
effects (trigger ``workflows_effect_shadow_stays_inside``), model calls a person agreed to pay for excepted.
"""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.ids import new_id
from apps.workflows.whatif.enums import Author, ProposalState, Verdict, WhatIfState


class WhatIf(models.Model):
    """One question: how would these runs have gone with this definition and model? ``definition`` is a copy, so a draft that goes
    on changing does no harm; ``version_number`` is empty for a draft.

    ``pays`` lets steps whose type begins with ``ai.`` really ask the model while ``held_micros``, what was spent and set aside,
    stays within ``cap_micros``.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey("workflows.Workflow", on_delete=models.CASCADE, related_name="what_ifs")
    title = models.CharField(max_length=160)
    version_number = models.PositiveIntegerField(null=True)
    definition = models.JSONField()
    model = models.CharField(max_length=120, db_default="")
    pays = models.BooleanField(db_default=False)
    cap_micros = models.BigIntegerField(db_default=0)
    held_micros = models.BigIntegerField(db_default=0)
    selection = models.JSONField(default=dict)
    state = models.CharField(max_length=10, choices=WhatIfState, db_default=WhatIfState.RUNNING)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=WhatIfState.values), name="workflows_whatif_state_is_known"),
            models.CheckConstraint(
                condition=Q(state="running", finished_at__isnull=True)
                | (~Q(state="running") & Q(finished_at__isnull=False)),
                name="workflows_whatif_finished_at_when_ended",
            ),
            models.CheckConstraint(
                condition=Q(pays=False, cap_micros=0) | Q(pays=True, cap_micros__gt=0),
                name="workflows_whatif_pays_within_a_cap",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class WhatIfRun(models.Model):
    """One past run, its shadow and what came of the comparison. ``before`` and ``after`` are figures, ``changes`` the places at
    which the outputs differ, ``answers`` where each outside step's answer came from. ``held_micros`` is set aside for its calls."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    what_if = models.ForeignKey(WhatIf, on_delete=models.CASCADE, related_name="runs", db_index=False)
    origin = models.ForeignKey("workflows.Run", on_delete=models.CASCADE, related_name="+")
    shadow = models.OneToOneField("workflows.Run", on_delete=models.CASCADE, related_name="looks_at")
    verdict = models.CharField(max_length=10, choices=Verdict, db_default="")
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    changes = models.JSONField(default=list)
    answers = models.JSONField(default=dict)
    held_micros = models.BigIntegerField(db_default=0)
    judged_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["what_if", "origin"], name="workflows_whatifrun_each_run_once"),
            models.CheckConstraint(
                condition=Q(verdict__in=["", *Verdict.values]), name="workflows_whatifrun_verdict_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what_if_id} {self.origin_id} {self.verdict}"


class Proposal(models.Model):
    """A change to a workflow that keeps failing at one step with one error; ``definition`` is empty where only a person can help.

    ``proof`` counts the verdicts of ``what_if`` over the failed runs and a sample of succeeded ones. ``base`` is the version that
    failed: only while it is the current one may the change be accepted. Acceptance is one conditional update.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey(
        "workflows.Workflow", on_delete=models.CASCADE, related_name="proposals", db_index=False
    )
    base = models.ForeignKey("workflows.WorkflowVersion", on_delete=models.CASCADE, related_name="+", db_index=False)
    step_id = models.CharField(max_length=100)
    error_code = models.CharField(max_length=80)
    remedy = models.CharField(max_length=40)
    author = models.CharField(max_length=10, choices=Author, db_default=Author.CATALOGUE)
    params = models.JSONField(default=dict)
    reason = models.CharField(max_length=500, db_default="")
    definition = models.JSONField(null=True)
    risk_class = models.CharField(max_length=1)
    failed_runs = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=ProposalState)
    what_if = models.ForeignKey(WhatIf, null=True, on_delete=models.SET_NULL, related_name="+")
    proof = models.JSONField(default=dict)
    decided_by = models.BigIntegerField(null=True)
    decided_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=500, db_default="")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["workflow", "step_id", "error_code"],
                condition=Q(state__in=["proving", "proven", "hint"]),
                name="workflows_proposal_one_open_per_error",
            ),
            models.CheckConstraint(
                condition=Q(state__in=ProposalState.values), name="workflows_proposal_state_is_known"
            ),
            models.CheckConstraint(
                condition=Q(risk_class__in=["A", "B", "C"]), name="workflows_proposal_class_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(definition__isnull=False, decided_at__isnull=False),
                name="workflows_proposal_accepted_has_a_change",
            ),
        ]
        indexes = [models.Index(fields=["workflow", "created_at"], name="workflows_proposal_when")]

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.remedy} {self.state}"


class HealingPolicy(models.Model):
    """Whether remedies of class A are accepted by themselves once proven. One row at most; none means no."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    accepts_class_a = models.BooleanField(db_default=False)
    changed_by = models.BigIntegerField(null=True)
    changed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="workflows_healingpolicy_is_one_row")]

    def __str__(self) -> str:
        return "A" if self.accepts_class_a else "-"
