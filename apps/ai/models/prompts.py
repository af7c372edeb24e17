"""Prompts of a workspace (tenant schema): a draft people work on, versions that never change, test cases and what they gave."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.ai.enums import PromptChangeKind, Quality, TestRunState, TestState
from apps.core.ids import new_id


class Prompt(models.Model):
    """A prompt and its draft. ``current`` is the version that steps get when they name the prompt; without one it cannot be
    used. ``variables``: for each ``{{name}}`` of the draft what it is and whether it may be left out. ``revision`` rises with
    every change of the draft, so that nobody overwrites what they have not seen."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    slug = models.CharField(max_length=60, unique=True)
    title = models.CharField(max_length=120)
    description = models.CharField(max_length=300, db_default="")
    system = models.TextField(db_default="")
    user = models.TextField()
    variables = models.JSONField(default=list)
    revision = models.PositiveIntegerField(default=1)
    current = models.ForeignKey(
        "ai.PromptVersion", null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    archived_at = models.DateTimeField(null=True)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_by = models.BigIntegerField(null=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(slug__regex=r"^[a-z][a-z0-9-]*$"), name="ai_prompt_slug_is_plain"),
        ]

    def __str__(self) -> str:
        return self.title


class PromptVersion(models.Model):
    """One published wording. A database trigger refuses changes; calls name it as ``slug@number``."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    system = models.TextField()
    user = models.TextField()
    variables = models.JSONField()
    content_hash = models.CharField(max_length=64)
    note = models.CharField(max_length=300, db_default="")
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prompt", "number"], name="ai_promptversion_number_once"),
            models.UniqueConstraint(fields=["prompt", "content_hash"], name="ai_promptversion_content_once"),
        ]

    def __str__(self) -> str:
        return f"{self.prompt_id} v{self.number}"


class PromptChange(models.Model):
    """Which version became current when, and who made it so. Append-only (database trigger)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="changes", db_index=False)
    version = models.ForeignKey(PromptVersion, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField(max_length=12, choices=PromptChangeKind)
    user_id = models.BigIntegerField(null=True)
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["prompt", "-at"], name="ai_promptchange_newest")]

    def __str__(self) -> str:
        return f"{self.prompt_id} {self.kind}"


class PromptCase(models.Model):
    """One example a wording must get right: values for the variables and what the answer must fulfil. ``checks`` are mechanical
    (``contracts.Check`` as JSON); ``min_score`` also has the answer judged."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="cases", db_index=False)
    name = models.CharField(max_length=120)
    values = models.JSONField(default=dict)
    checks = models.JSONField(default=list)
    min_score = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["prompt", "name"], name="ai_promptcase_name_once"),
            models.CheckConstraint(
                condition=Q(min_score__lte=100) | Q(min_score=None), name="ai_promptcase_score_in_range"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class PromptTestRun(models.Model):
    """All cases tried on one wording with one choice of model. ``content_hash`` says which wording: that of a version, or of a
    draft that may become one; the results follow it there."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    prompt = models.ForeignKey(Prompt, on_delete=models.CASCADE, related_name="test_runs", db_index=False)
    content_hash = models.CharField(max_length=64)
    system = models.TextField()
    user = models.TextField()
    variables = models.JSONField()
    model = models.CharField(
        max_length=120, db_default="", help_text="Asked for by name; empty: the workspace's route."
    )
    quality = models.CharField(max_length=10, choices=Quality, default=Quality.STANDARD)
    state = models.CharField(max_length=10, choices=TestRunState, default=TestRunState.RUNNING)
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["prompt"], condition=Q(state=TestRunState.RUNNING), name="ai_prompttestrun_one_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(state=TestRunState.RUNNING, ended_at=None)
                | ~Q(state=TestRunState.RUNNING) & Q(ended_at__isnull=False),
                name="ai_prompttestrun_end_is_dated",
            ),
        ]
        indexes = [models.Index(fields=["prompt", "-created_at"], name="ai_prompttestrun_newest")]

    def __str__(self) -> str:
        return f"{self.prompt_id} {self.state}"


class PromptTestResult(models.Model):
    """What one case gave. Values and demands are copied, so that a later change of the case changes no result."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    run = models.ForeignKey(PromptTestRun, on_delete=models.CASCADE, related_name="results", db_index=False)
    position = models.PositiveSmallIntegerField()
    name = models.CharField(max_length=120)
    values = models.JSONField()
    checks = models.JSONField()
    min_score = models.PositiveSmallIntegerField(null=True)
    state = models.CharField(max_length=10, choices=TestState, default=TestState.WAITING)
    answer = models.TextField(db_default="")
    findings = models.JSONField(default=list, help_text="What each check found: key, passed, message.")
    score = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=500, db_default="")
    model = models.CharField(max_length=120, db_default="")
    cost_micros = models.BigIntegerField(
        null=True, help_text="Judging included. Empty: nothing was asked, or the price is unknown."
    )
    latency_ms = models.PositiveIntegerField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["run", "position"], name="ai_prompttestresult_position_once"),
            models.CheckConstraint(
                condition=Q(cost_micros__gte=0) | Q(cost_micros=None), name="ai_prompttestresult_cost_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.state}"

    @property
    def latency_s(self) -> float | None:
        """In seconds."""
        return None if self.latency_ms is None else self.latency_ms / 1000
