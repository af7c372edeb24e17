"""Spend and verdicts of one tenant (tenant schema). Money is integer micro-dollars; people and keys are plain ids."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.ai.enums import (
    BudgetAction,
    CallState,
    Decision,
    JudgeKind,
    Period,
    Purpose,
    ReservationState,
    Scope,
    Spending,
)
from apps.core.ids import new_id


class Budget(models.Model):
    """A cap somebody set. ``subject`` "*" binds each subject for itself. The ``plan`` row counts the tenant's month against
    its plan's entitlement and has no cap of its own."""

    scope = models.CharField(max_length=16, choices=Scope)
    subject = models.CharField(max_length=200, blank=True)
    period = models.CharField(max_length=8, choices=Period, default=Period.MONTH)
    cap_micros = models.BigIntegerField(null=True, blank=True, help_text="Millionths of a US dollar.")
    action = models.CharField(max_length=16, choices=BudgetAction, default=BudgetAction.STOP)
    is_plan = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["scope", "subject", "period", "is_plan"], name="ai_budget_one_per_subject"),
            models.CheckConstraint(
                condition=Q(cap_micros__gte=0) | Q(cap_micros=None), name="ai_budget_cap_not_negative"
            ),
            models.CheckConstraint(condition=~Q(scope=Scope.PLATFORM), name="ai_budget_platform_lives_elsewhere"),
            models.CheckConstraint(
                condition=Q(scope=Scope.TENANT, subject="") | ~Q(scope=Scope.TENANT) & ~Q(subject=""),
                name="ai_budget_subject_fits_scope",
            ),
            models.CheckConstraint(
                condition=Q(cap_micros=None) | Q(is_plan=False), name="ai_budget_plan_has_no_own_cap"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_scope_display()} {self.subject} {self.get_period_display()}".replace("  ", " ")


class BudgetCounter(models.Model):
    """What one subject of a budget has spent and set aside in one period. Only the gateway's statements write it."""

    budget = models.ForeignKey(Budget, on_delete=models.CASCADE, related_name="counters", db_index=False)
    scope = models.CharField(max_length=16, choices=Scope)
    subject = models.CharField(max_length=200, blank=True)
    rank = models.PositiveSmallIntegerField(help_text="Lock order: wider scopes first.")
    period_start = models.DateField()
    spent_micros = models.BigIntegerField(default=0)
    reserved_micros = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["budget", "subject", "period_start"], name="ai_budgetcounter_one_per_period"
            ),
            models.CheckConstraint(
                condition=Q(spent_micros__gte=0, reserved_micros__gte=0), name="ai_budgetcounter_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scope} {self.subject} from {self.period_start}"


class Reservation(models.Model):
    """Money set aside for one keyed call on every enclosing budget."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=ReservationState, default=ReservationState.OPEN)
    amount_micros = models.BigIntegerField()
    charged_micros = models.BigIntegerField(default=0)
    counter_ids = ArrayField(models.BigIntegerField(), help_text="Counters that hold the amount.")
    platform_ids = ArrayField(
        models.BigIntegerField(), default=list, help_text="Platform counters that hold the amount."
    )
    closed_reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    expires_at = models.DateTimeField(null=True, blank=True, help_text="When the sweep looks at it; empty once closed.")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(state=ReservationState.OPEN), name="ai_reservation_one_open_per_key"
            ),
            models.CheckConstraint(
                condition=Q(amount_micros__gte=0, charged_micros__gte=0), name="ai_reservation_not_negative"
            ),
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="ai_reservation_expiry"),
            models.Index(fields=["key", "-created_at"], name="ai_reservation_key"),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.state}"


class AICall(models.Model):
    """One request to a provider, paid or not. ``cost_micros`` NULL means the price is unknown; ``charged_micros`` is what
    budgets counted (the price, or the ceiling for unknown ones)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    reservation = models.ForeignKey(Reservation, on_delete=models.PROTECT, related_name="calls")
    key = models.CharField(max_length=200)
    ordinal = models.PositiveSmallIntegerField()
    purpose = models.CharField(max_length=8, choices=Purpose)
    role = models.CharField(max_length=16, help_text="first, retry, fallback, repair or vote.")
    state = models.CharField(max_length=8, choices=CallState)
    error_code = models.CharField(max_length=40, blank=True)
    provider = models.CharField(max_length=40)
    model = models.CharField(max_length=120)
    answered_by = models.CharField(max_length=120, blank=True, help_text="Model name the provider reported.")
    provider_request_id = models.CharField(max_length=120, blank=True)
    prompt_version = models.CharField(max_length=80, blank=True)
    task_type = models.CharField(max_length=64, blank=True)
    workflow = models.CharField(max_length=200, blank=True)
    run_id = models.UUIDField(null=True, blank=True)
    step_path = models.CharField(max_length=200, blank=True)
    user_id = models.BigIntegerField(null=True, blank=True)
    api_key_id = models.CharField(max_length=80, blank=True)
    prompt_tokens = models.PositiveIntegerField(default=0)
    cached_tokens = models.PositiveIntegerField(default=0)
    completion_tokens = models.PositiveIntegerField(default=0)
    reasoning_tokens = models.PositiveIntegerField(default=0)
    usage_estimated = models.BooleanField(
        default=False, help_text="The provider reported no token counts; these are counted by us."
    )
    cost_micros = models.BigIntegerField(null=True, blank=True)
    charged_micros = models.BigIntegerField(default=0)
    price_version = models.CharField(max_length=60, blank=True)
    latency_ms = models.PositiveIntegerField(default=0)
    finish_reason = models.CharField(max_length=40, blank=True)
    streamed = models.BooleanField(default=False)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name = "AI call"
        constraints = [
            models.UniqueConstraint(fields=["reservation", "ordinal"], name="ai_aicall_once_per_reservation"),
            models.CheckConstraint(
                condition=Q(cost_micros__gte=0) | Q(cost_micros=None), name="ai_aicall_cost_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(cost_micros=None) | Q(cost_micros=models.F("charged_micros")),
                name="ai_aicall_charge_is_the_known_cost",
            ),
        ]
        indexes = [
            models.Index(fields=["created_at"], name="ai_aicall_created"),
            models.Index(fields=["run_id"], name="ai_aicall_run"),
            models.Index(fields=["key"], name="ai_aicall_key"),
            models.Index(
                fields=["prompt_version", "created_at"], condition=~Q(prompt_version=""), name="ai_aicall_prompt"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.purpose} {self.state}"


class UsageDay(models.Model):
    """Calls of one closed day (UTC), added up by everything a person may ask about; computed from the calls, never counted up."""

    day = models.DateField()
    workflow = models.CharField(max_length=200, blank=True)
    model = models.CharField(max_length=120)
    spending = models.CharField(max_length=8, choices=Spending)
    task_type = models.CharField(max_length=64, blank=True)
    user_id = models.BigIntegerField(null=True, blank=True)
    calls = models.PositiveIntegerField()
    failed_calls = models.PositiveIntegerField()
    unpriced_calls = models.PositiveIntegerField()
    prompt_tokens = models.BigIntegerField()
    cached_tokens = models.BigIntegerField()
    completion_tokens = models.BigIntegerField()
    cost_micros = models.BigIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["day", "workflow", "model", "spending", "task_type", "user_id"],
                nulls_distinct=False,
                name="ai_usageday_once",
            ),
            models.CheckConstraint(condition=Q(cost_micros__gte=0), name="ai_usageday_cost_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model} {self.spending}"


class UsageMark(models.Model):
    """How far calls are added up: every day before ``rolled_until`` stands in ``UsageDay``. One row at most."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    rolled_until = models.DateField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="ai_usagemark_is_one_row")]

    def __str__(self) -> str:
        return f"until {self.rolled_until}"


class Review(models.Model):
    """A stored verdict. ``fingerprint`` identifies task, answer, rubric and judge, so that judging the same thing again leans
    on what was said before; ``votes`` keeps every single score."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=200, unique=True)
    fingerprint = models.CharField(max_length=64)
    task_type = models.CharField(max_length=64, blank=True)
    run_id = models.UUIDField(null=True, blank=True)
    step_path = models.CharField(max_length=200, blank=True)
    score = models.PositiveSmallIntegerField()
    threshold = models.PositiveSmallIntegerField()
    passed = models.BooleanField()
    decision = models.CharField(max_length=8, choices=Decision)
    judge = models.CharField(max_length=12, choices=JudgeKind)
    model = models.CharField(max_length=120, blank=True)
    judge_trusted = models.BooleanField()
    votes = models.JSONField(default=list)
    spread = models.PositiveSmallIntegerField(default=0)
    criteria = models.JSONField(default=list)
    checks = models.JSONField(default=list)
    flags = models.JSONField(default=list, help_text="Signs that a text tried to steer the judge.")
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(score__lte=100, threshold__lte=100, spread__lte=100), name="ai_review_scores_in_range"
            ),
        ]
        indexes = [
            models.Index(fields=["fingerprint", "-created_at"], name="ai_review_fingerprint"),
            models.Index(fields=["run_id"], name="ai_review_run"),
        ]

    def __str__(self) -> str:
        return f"{self.decision} {self.score}/100"


class ReviewLabel(models.Model):
    """What a person decided about a judged answer; the newest label of a review counts."""

    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="labels")
    approved = models.BooleanField()
    edited = models.BooleanField(default=False)
    reason = models.TextField(blank=True)
    user_id = models.BigIntegerField()
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["-created_at"], name="ai_reviewlabel_newest")]

    def __str__(self) -> str:
        return "approved" if self.approved else "rejected"
