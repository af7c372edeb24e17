"""Back office of the queue: read, redrive, cancel; schedules can be switched off or slowed down."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.admin import ModelAdmin

from apps.core.back_office import ReadOnly
from apps.core.errors import PlatformError
from apps.dispatch import services
from apps.dispatch.models import Firing, ScheduleEntry, TenantQueue, Worker, WorkItem


@admin.register(WorkItem)
class WorkItemAdmin(ReadOnly):
    """Work items, newest first."""

    list_display = ("id", "tenant_id", "kind", "ref", "queue", "state", "attempt", "losses", "run_at", "error_code")
    list_filter = ("state", "queue", "kind")
    search_fields = ("=ref", "=id")
    ordering = ("-id",)
    show_full_result_count = False
    actions = ("redrive_selected", "cancel_selected")

    @admin.action(description=_("Give dead items another chance"))
    def redrive_selected(self, request: HttpRequest, queryset: QuerySet[WorkItem]) -> None:
        """Redrive each selected dead item."""
        self._each(
            request,
            queryset,
            lambda item: services.redrive(work_id=item.pk, reason="back office", actor=str(request.user)),
        )

    @admin.action(description=_("Cancel live items"))
    def cancel_selected(self, request: HttpRequest, queryset: QuerySet[WorkItem]) -> None:
        """Cancel each selected live item."""
        self._each(
            request,
            queryset,
            lambda item: services.cancel_one(work_id=item.pk, reason="back office", actor=str(request.user)),
        )

    def _each(self, request: HttpRequest, queryset: QuerySet[WorkItem], act: Callable[[WorkItem], None]) -> None:
        done = 0
        for item in queryset:
            try:
                act(item)
                done += 1
            except PlatformError as error:
                self.message_user(request, f"{item.pk}: {error.text}", messages.ERROR)
        if done:
            self.message_user(
                request, ngettext("%(count)s item changed.", "%(count)s items changed.", done) % {"count": done}
            )


@admin.register(Worker)
class WorkerAdmin(ReadOnly):
    """Boots of workers."""

    list_display = ("host", "pid", "started_at", "beat_at", "lease_until", "in_flight", "slots", "draining", "revision")
    list_filter = ("draining",)
    ordering = ("-beat_at",)


@admin.register(TenantQueue)
class TenantQueueAdmin(ReadOnly):
    """Shares and caps of tenants."""

    list_display = ("tenant_id", "schema_name", "epoch", "weight", "max_in_flight", "paused_at", "is_operator")
    search_fields = ("=tenant_id", "schema_name")
    ordering = ("tenant_id",)


@admin.register(ScheduleEntry)
class ScheduleEntryAdmin(ModelAdmin):  # type: ignore[misc]
    """Schedules: interval and switch are the staff's, the rest is the code's."""

    list_display = ("name", "kind", "scope", "queue", "every_s", "enabled")
    list_filter = ("enabled", "scope")
    readonly_fields = ("name", "kind", "scope", "queue", "default_every_s", "overlap", "timeout_s")
    ordering = ("name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Firing)
class FiringAdmin(ReadOnly):
    """Due times."""

    list_display = ("schedule", "tenant_id", "next_at", "fired_for")
    list_filter = ("schedule",)
    list_select_related = ("schedule",)
    ordering = ("next_at",)
