"""Back office: spend, budgets and verdicts of a tenant, to be looked at; changes go through the services."""

from django.contrib import admin

from apps.ai.models import (
    AICall,
    Budget,
    BudgetCounter,
    Prompt,
    PromptCase,
    PromptChange,
    PromptTestResult,
    PromptTestRun,
    PromptVersion,
    Reservation,
    Review,
    ReviewLabel,
    UsageDay,
    UsageMark,
)
from apps.core.back_office import ReadOnly


@admin.register(AICall)
class AICallAdmin(ReadOnly):
    """Every request to a provider. An empty cost means that the price is unknown."""

    list_display = (
        "created_at",
        "model",
        "purpose",
        "role",
        "state",
        "error_code",
        "prompt_tokens",
        "completion_tokens",
        "cost_micros",
    )
    list_filter = ("state", "purpose", "model", "provider", "role")
    search_fields = ("key", "run_id", "error_code", "provider_request_id")
    date_hierarchy = "created_at"


@admin.register(Budget)
class BudgetAdmin(ReadOnly):
    """Caps people set."""

    list_display = ("scope", "subject", "period", "cap_micros", "action", "is_plan", "updated_at")
    list_filter = ("scope", "period", "action")


@admin.register(BudgetCounter)
class BudgetCounterAdmin(ReadOnly):
    """What is spent and set aside."""

    list_display = ("scope", "subject", "period_start", "spent_micros", "reserved_micros")
    list_filter = ("scope", "period_start")


@admin.register(Reservation)
class ReservationAdmin(ReadOnly):
    """Money set aside; open ones past their expiry are the sweep's."""

    list_display = ("key", "state", "amount_micros", "charged_micros", "created_at", "expires_at", "closed_reason")
    list_filter = ("state",)
    search_fields = ("key",)


@admin.register(Review)
class ReviewAdmin(ReadOnly):
    """Verdicts with their votes."""

    list_display = ("created_at", "task_type", "score", "threshold", "decision", "judge", "spread", "flags")
    list_filter = ("decision", "judge", "task_type")
    search_fields = ("key", "run_id")


@admin.register(ReviewLabel)
class ReviewLabelAdmin(ReadOnly):
    """What people decided."""

    list_display = ("created_at", "review", "approved", "edited", "user_id", "reason")
    list_filter = ("approved", "edited")
    list_select_related = ("review",)


@admin.register(UsageDay)
class UsageDayAdmin(ReadOnly):
    """Closed days, added up."""

    list_display = ("day", "workflow", "model", "spending", "task_type", "calls", "failed_calls", "cost_micros")
    list_filter = ("model", "spending", "task_type")
    date_hierarchy = "day"


@admin.register(UsageMark)
class UsageMarkAdmin(ReadOnly):
    """How far the calls are added up."""

    list_display = ("rolled_until",)


@admin.register(Prompt)
class PromptAdmin(ReadOnly):
    """Prompts of the workspace with their drafts."""

    list_display = ("slug", "title", "current", "revision", "archived_at", "updated_at")
    search_fields = ("slug", "title")
    list_select_related = ("current",)


@admin.register(PromptVersion)
class PromptVersionAdmin(ReadOnly):
    """Published wordings."""

    list_display = ("prompt", "number", "note", "created_by", "created_at")
    search_fields = ("prompt__slug",)
    list_select_related = ("prompt",)


@admin.register(PromptChange)
class PromptChangeAdmin(ReadOnly):
    """Which version was current when."""

    list_display = ("at", "prompt", "version", "kind", "user_id")
    list_filter = ("kind",)
    list_select_related = ("prompt", "version")


@admin.register(PromptCase)
class PromptCaseAdmin(ReadOnly):
    """What wordings must get right."""

    list_display = ("prompt", "name", "min_score", "created_at")
    search_fields = ("prompt__slug", "name")
    list_select_related = ("prompt",)


@admin.register(PromptTestRun)
class PromptTestRunAdmin(ReadOnly):
    """Runs of tests."""

    list_display = ("created_at", "prompt", "state", "model", "quality", "created_by", "ended_at")
    list_filter = ("state",)
    list_select_related = ("prompt",)


@admin.register(PromptTestResult)
class PromptTestResultAdmin(ReadOnly):
    """What each case gave."""

    list_display = ("run", "position", "name", "state", "score", "model", "cost_micros", "latency_ms")
    list_filter = ("state", "model")
    list_select_related = ("run",)
