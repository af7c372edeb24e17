"""Back office of a tenant's tasks: lists to look things up; what changes something goes through services."""

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin, TabularInline

from apps.core.back_office import LookedAt
from apps.core.errors import PlatformError
from apps.tasks import models
from apps.tasks.services import recovery


class EventInline(LookedAt, TabularInline):
    """The task's own timeline."""

    model = models.TaskEvent
    fields = ("at", "kind", "detail", "actor_id")
    ordering = ("at",)
    extra = 0


class AttachmentInline(LookedAt, TabularInline):
    """What came with it."""

    model = models.Attachment
    fields = ("name", "kind", "media_type", "size", "duration_s", "sha256")
    extra = 0


@admin.register(models.Task)
class TaskAdmin(ModelAdmin):
    """Tasks."""

    list_display = (
        "number",
        "title",
        "type",
        "state",
        "source",
        "score",
        "cost_micros",
        "model",
        "created_at",
        "finished_at",
    )
    list_filter = ("state", "type", "source", "priority")
    list_select_related = ("type",)
    search_fields = ("=number", "title", "client", "error_code")
    ordering = ("-number",)
    inlines: ClassVar[list[Any]] = [EventInline, AttachmentInline]
    actions: ClassVar[list[str]] = ["start_again"]

    @admin.action(description=_("Start failed tasks again"))
    def start_again(self, request: HttpRequest, queryset: QuerySet[models.Task]) -> None:
        """Retry each chosen task in the name of the signed-in person, who must be a member with the permission."""
        try:
            answers = recovery.replay_dead(task_ids=[task.id for task in queryset], user_id=request.user.pk)
        except PlatformError as error:
            self.message_user(request, error.text, messages.ERROR)
            return
        started = sum(not problem for problem in answers.values())
        self.message_user(
            request, gettext("%(started)d of %(all)d started.") % {"started": started, "all": len(answers)}
        )


@admin.register(models.TaskType)
class TaskTypeAdmin(ModelAdmin):
    """Task types."""

    list_display = ("slug", "name", "threshold", "max_revisions", "workflow", "quality", "is_builtin", "is_active")
    list_filter = ("is_active", "is_builtin")
    search_fields = ("slug", "name")
    ordering = ("slug",)


@admin.register(models.ReviewItem)
class ReviewItemAdmin(ModelAdmin):
    """The person queue and its past."""

    list_display = ("created_at", "task", "reason", "score", "state", "decision", "decided_by", "decided_at")
    list_filter = ("state", "reason", "decision")
    list_select_related = ("task",)
    ordering = ("-created_at",)


@admin.register(models.JobMetric)
class JobMetricAdmin(ModelAdmin):
    """Figures per day, type and client."""

    list_display = (
        "day",
        "task_type",
        "client",
        "submitted",
        "done",
        "failed",
        "to_person",
        "tokens",
        "cost_micros",
        "score_avg",
    )
    list_filter = ("task_type",)
    search_fields = ("client",)
    ordering = ("-day", "task_type", "client")


@admin.register(models.NotionRow)
class NotionRowAdmin(ModelAdmin):
    """Which Notion row became which task."""

    list_display = ("page_id", "task", "generation", "is_ticked_again", "updated_at")
    list_select_related = ("task",)
    search_fields = ("page_id",)
    ordering = ("-updated_at",)


@admin.register(models.Attachment)
class AttachmentAdmin(ModelAdmin):
    """Files."""

    list_display = ("created_at", "name", "kind", "media_type", "size", "duration_s", "task")
    list_filter = ("kind",)
    list_select_related = ("task",)
    search_fields = ("name", "sha256")
    ordering = ("-created_at",)


@admin.register(models.TaskEvent)
class TaskEventAdmin(ModelAdmin):
    """Timelines."""

    list_display = ("at", "task", "kind", "detail", "actor_id")
    list_filter = ("kind",)
    list_select_related = ("task",)
    ordering = ("-at",)


@admin.register(models.NotionClient)
class NotionClientAdmin(ModelAdmin):
    """Clients as Notion names them."""

    list_display = ("name", "email", "is_active", "page_id")
    search_fields = ("name", "email")
    ordering = ("name",)


@admin.register(models.TaskCounter)
class TaskCounterAdmin(ModelAdmin):
    """The last number given."""

    list_display = ("last_number",)
    ordering = ("id",)


@admin.register(models.HeldDecision)
class HeldDecisionAdmin(ModelAdmin):
    """Decisions that may still be taken back."""

    list_display = ("review", "decision", "decided_by", "effective_at")
    list_select_related = ("review",)
    ordering = ("effective_at",)


@admin.register(models.Conversation)
class ConversationAdmin(ModelAdmin):
    """That a person talked with the assistant, never what about: a conversation belongs to that person alone."""

    list_display = ("id", "user_id", "created_at", "touched_at")
    exclude = ("title",)
    ordering = ("-touched_at",)


@admin.register(models.ConversationTurn)
class ConversationTurnAdmin(ModelAdmin):
    """How an answer came about and what it cost, never its text."""

    list_display = ("id", "role", "wording", "cost_micros", "is_finished", "created_at")
    list_filter = ("role", "wording", "is_finished")
    exclude = ("text", "sources", "note")
    ordering = ("-created_at",)
