"""Requests, what became of them, and who decided (tenant schema).

Users, runs and tenants are plain id columns: no foreign key leaves the schema or reaches into another app's tables.
"""

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.core.ids import new_id
from apps.tasks import rubrics
from apps.tasks.enums import (
    Decision,
    EventKind,
    MediaKind,
    Priority,
    ReviewReason,
    ReviewState,
    TaskSource,
    TaskState,
)
from apps.tasks.querysets import TaskQuerySet, TaskTypeQuerySet

CLOSED_STATES = (TaskState.DONE, TaskState.FAILED, TaskState.CANCELLED)


class TaskType(models.Model):
    """What kind of work this is, which workflow answers it and when an answer is good enough.

    ``rubric`` is a list of ``{key, title, weight, guidance}`` whose weights add up to 100; ``checks`` a list of
    mechanical checks in the form the quality gate reads.
    """

    slug = models.SlugField(max_length=40, unique=True)
    name = models.CharField(max_length=80)
    description = models.CharField(max_length=300, blank=True)
    instructions = models.TextField(
        blank=True, help_text="Added to the model's instructions for every task of this type."
    )
    rubric = models.JSONField(default=list, help_text="Criteria with weights that add up to 100.")
    threshold = models.PositiveSmallIntegerField(default=80, help_text="Score from which an answer passes by itself.")
    borderline = models.PositiveSmallIntegerField(
        default=8, help_text="Half width of the band in which extra votes are asked."
    )
    max_votes = models.PositiveSmallIntegerField(default=3)
    checks = models.JSONField(default=list, blank=True, help_text="Mechanical checks; they cost nothing and run first.")
    max_revisions = models.PositiveSmallIntegerField(default=2)
    max_output_tokens = models.PositiveIntegerField(default=2000)
    quality = models.CharField(max_length=16, default="standard")
    workflow = models.SlugField(max_length=80, default="answer")
    is_builtin = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    objects = TaskTypeQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(threshold__gte=1, threshold__lte=100), name="tasks_tasktype_threshold_is_1_to_100"
            ),
            models.CheckConstraint(
                condition=Q(max_revisions__lte=10), name="tasks_tasktype_max_revisions_is_at_most_10"
            ),
            models.CheckConstraint(
                condition=Q(max_votes__gte=1, max_votes__lte=9), name="tasks_tasktype_max_votes_is_1_to_9"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def natural_key(self) -> tuple[str]:
        return (self.slug,)

    def clean(self) -> None:
        """Refuse a rubric or checks that the quality gate would refuse in the middle of a run."""
        problems = rubrics.problems_of(rubric=self.rubric, checks=self.checks)
        if problems:
            raise ValidationError(problems)


class TaskCounter(models.Model):
    """One row per tenant: the last task number. Submitting locks it, so numbers have no gaps and never collide."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    last_number = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="tasks_taskcounter_is_one_row")]

    def __str__(self) -> str:
        return f"#{self.last_number}"


class Task(models.Model):
    """One request and its answer. States move by conditional updates; a trigger refuses an illegal move."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.PositiveIntegerField(unique=True)
    title = models.CharField(max_length=200)
    body = models.TextField(blank=True)
    type = models.ForeignKey(TaskType, on_delete=models.PROTECT, related_name="tasks")
    state = models.CharField(max_length=16, choices=TaskState, default=TaskState.NEW)
    source = models.CharField(max_length=16, choices=TaskSource)
    source_ref = models.JSONField(
        default=dict, blank=True, help_text="Where the answer goes back to; ids, never secrets."
    )
    requested_by = models.BigIntegerField(null=True, blank=True, help_text="User id.")
    client = models.CharField(max_length=120, blank=True)
    priority = models.CharField(max_length=16, choices=Priority, default=Priority.NORMAL)
    due_on = models.DateField(null=True, blank=True)
    qa_target = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Pass score the requester asked for.")
    target = models.PositiveSmallIntegerField(
        help_text="Score from which the answer passes, frozen when its run starts."
    )
    idempotency_key = models.CharField(max_length=200, blank=True)
    request_hash = models.CharField(max_length=64, blank=True)

    attempt = models.PositiveIntegerField(default=1, help_text="Rises when a person or a rule starts it again.")
    auto_retries = models.PositiveSmallIntegerField(default=0)
    retry_at = models.DateTimeField(null=True, blank=True)
    run_id = models.UUIDField(null=True, blank=True)
    workflow = models.SlugField(max_length=80, blank=True)
    workflow_version = models.PositiveIntegerField(null=True, blank=True)
    prompt_version = models.CharField(max_length=80, blank=True)
    model = models.CharField(max_length=120, blank=True)
    revision = models.CharField(max_length=80, blank=True, help_text="Code revision that did the work.")

    draft = models.TextField(blank=True, help_text="Latest answer of the model, before it is delivered.")
    result = models.TextField(blank=True)
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    criteria = models.JSONField(default=list, blank=True)
    checks = models.JSONField(default=list, blank=True)
    reasons = models.TextField(blank=True)
    votes = models.PositiveSmallIntegerField(null=True, blank=True)
    spread = models.PositiveSmallIntegerField(null=True, blank=True)
    revisions = models.PositiveSmallIntegerField(default=0)
    review_key = models.CharField(
        max_length=120, blank=True, help_text="Key under which the quality gate judged the draft."
    )
    tokens = models.PositiveIntegerField(default=0)
    tokens_in = models.PositiveIntegerField(default=0, help_text="Of these, read by models.")
    cost_micros = models.BigIntegerField(default=0, help_text="Millionths of a US dollar, every call included.")
    is_billed = models.BooleanField(default=False, help_text="Cost and tokens are final for the present run.")
    error_code = models.CharField(max_length=64, blank=True)
    error = models.TextField(blank=True)

    created_at = models.DateTimeField(db_default=Now())
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    touched_at = models.DateTimeField(db_default=Now(), help_text="Last change of state or progress.")

    objects = TaskQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["idempotency_key"], condition=~Q(idempotency_key=""), name="tasks_task_idempotency_key_once"
            ),
            models.CheckConstraint(
                condition=Q(state__in=CLOSED_STATES, finished_at__isnull=False)
                | (~Q(state__in=CLOSED_STATES) & Q(finished_at__isnull=True)),
                name="tasks_task_finished_when_closed",
            ),
            models.CheckConstraint(
                condition=Q(score__isnull=True) | Q(score__lte=100), name="tasks_task_score_is_0_to_100"
            ),
            models.CheckConstraint(
                condition=Q(qa_target__isnull=True) | Q(qa_target__gte=1, qa_target__lte=100),
                name="tasks_task_qa_target_is_1_to_100",
            ),
            models.CheckConstraint(
                condition=~Q(state=TaskState.FAILED) | ~Q(error_code=""), name="tasks_task_failed_says_why"
            ),
            models.CheckConstraint(condition=Q(cost_micros__gte=0), name="tasks_task_cost_is_not_negative"),
        ]
        indexes = [
            models.Index(fields=["state", "-number"], name="tasks_task_by_state"),
            models.Index(fields=["touched_at"], condition=~Q(state__in=CLOSED_STATES), name="tasks_task_open_by_touch"),
            models.Index(fields=["retry_at"], condition=Q(retry_at__isnull=False), name="tasks_task_by_retry"),
            models.Index(fields=["finished_at"], name="tasks_task_by_finish"),
            models.Index(fields=["created_at"], name="tasks_task_by_creation"),
            models.Index(
                fields=["finished_at"],
                condition=Q(is_billed=False, finished_at__isnull=False),
                name="tasks_task_unbilled",
            ),
            models.Index(fields=["run_id"], condition=Q(run_id__isnull=False), name="tasks_task_by_run"),
        ]

    def __str__(self) -> str:
        return f"#{self.number} {self.title}"


class Attachment(models.Model):
    """A file a request came with, checked by its first bytes before anything was spent."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="attachments")
    name = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=MediaKind)
    media_type = models.CharField(max_length=100)
    size = models.BigIntegerField(help_text="Bytes.")
    duration_s = models.FloatField(null=True, blank=True)
    sha256 = models.CharField(max_length=64)
    path = models.CharField(max_length=300, help_text="Name in the tenant's storage.")
    text = models.TextField(blank=True, help_text="What a model can read of it.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(size__gt=0), name="tasks_attachment_is_not_empty")]

    def __str__(self) -> str:
        return self.name


class ReviewItem(models.Model):
    """An answer that waits for a person, with the reason. Decided once: the first decision stands."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="reviews")
    run_id = models.UUIDField()
    step_path = models.CharField(max_length=200)
    reason = models.CharField(max_length=32, choices=ReviewReason)
    why = models.TextField()
    answer = models.TextField(blank=True)
    score = models.PositiveSmallIntegerField(null=True, blank=True)
    state = models.CharField(max_length=16, choices=ReviewState, default=ReviewState.OPEN)
    decision = models.CharField(max_length=16, choices=Decision, blank=True)
    edited_text = models.TextField(blank=True)
    note = models.TextField(blank=True)
    decided_by = models.BigIntegerField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["task"], condition=Q(state=ReviewState.OPEN), name="tasks_reviewitem_one_open_per_task"
            ),
            models.UniqueConstraint(fields=["run_id", "step_path"], name="tasks_reviewitem_once_per_step"),
            models.CheckConstraint(
                condition=~Q(state=ReviewState.DECIDED) | (~Q(decision="") & Q(decided_at__isnull=False)),
                name="tasks_reviewitem_decided_says_how",
            ),
        ]
        indexes = [models.Index(fields=["state", "created_at"], name="tasks_reviewitem_by_state")]

    def __str__(self) -> str:
        return f"{self.task_id} · {self.reason}"


class TaskEvent(models.Model):
    """An entry of the task's own timeline. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task = models.ForeignKey(Task, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=16, choices=EventKind)
    detail = models.TextField(blank=True)
    actor_id = models.BigIntegerField(null=True, blank=True, help_text="User id; empty for the platform itself.")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["task", "at"], name="tasks_taskevent_by_task")]

    def __str__(self) -> str:
        return self.kind
