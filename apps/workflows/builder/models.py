"""Drafts of workflows and their latest changes, and the samples a draft is tried out with (tenant schema)."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.ids import new_id


class WorkflowDraft(models.Model):
    """What is being built: one document per workflow. ``revision`` rises with every change, so that nobody writes over another."""

    workflow = models.OneToOneField(
        "workflows.Workflow", primary_key=True, on_delete=models.CASCADE, related_name="draft"
    )
    document = models.JSONField()
    revision = models.PositiveIntegerField(db_default=1)
    based_on = models.ForeignKey("workflows.WorkflowVersion", null=True, on_delete=models.PROTECT, related_name="+")
    updated_by = models.BigIntegerField(null=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(revision__gte=1), name="workflows_workflowdraft_revision_from_one"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} r{self.revision}"


class ChangeState(models.TextChoices):
    """Whether a change stands, was taken back, or is itself the taking back of another."""

    DONE = "done"
    UNDONE = "undone"
    UNDO = "undo"


class DraftChange(models.Model):
    """One accepted change of a draft: what was asked, and place by place what it did. The latest two hundred are kept.

    ``batch`` is the sender's name for it: sending the same again changes nothing.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    draft = models.ForeignKey(WorkflowDraft, on_delete=models.CASCADE, related_name="changes", db_index=False)
    revision = models.PositiveIntegerField()
    batch = models.UUIDField()
    patches = models.JSONField()
    changes = models.JSONField()
    state = models.CharField(max_length=8, choices=ChangeState, db_default=ChangeState.DONE)
    actor_id = models.BigIntegerField(null=True)
    made_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["draft", "revision"], name="workflows_draftchange_revision_once"),
            models.UniqueConstraint(fields=["draft", "batch"], name="workflows_draftchange_batch_once"),
            models.CheckConstraint(
                condition=Q(state__in=ChangeState.values), name="workflows_draftchange_state_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.draft_id} r{self.revision}"


class StepSample(models.Model):
    """An output pinned to a step for trying a draft out: the trial uses it instead of doing the step. Never part of a version."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey("workflows.Workflow", on_delete=models.CASCADE, related_name="samples", db_index=False)
    step_id = models.CharField(max_length=60)
    output = models.JSONField()
    updated_by = models.BigIntegerField(null=True)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "step_id"], name="workflows_stepsample_once_per_step"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.step_id}"


class Trial(models.Model):
    """A rehearsal of a draft: the state machine's state, what each step said, and where to stop. Nothing of it leaves.

    One per person and workflow; a new one takes the place of the old one.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    workflow = models.ForeignKey("workflows.Workflow", on_delete=models.CASCADE, related_name="trials", db_index=False)
    actor_id = models.BigIntegerField()
    revision = models.PositiveIntegerField()
    document = models.JSONField()
    inputs = models.JSONField()
    cursor = models.JSONField()
    log = models.JSONField()
    breakpoints = models.JSONField(default=list)
    paused_at = models.CharField(max_length=100, db_default="")
    state = models.CharField(max_length=12)
    updated_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["workflow", "actor_id"], name="workflows_trial_one_per_person"),
        ]

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.state}"
