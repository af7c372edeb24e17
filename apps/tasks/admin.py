"""Back office: lists to look things up; changes go through the services."""

from django.contrib import admin
from unfold.admin import ModelAdmin

from apps.tasks.models import Attachment, JobMetric, NotionClient, NotionRow, ReviewItem, Task, TaskEvent, TaskType


class ReadOnly(ModelAdmin):
    """Rows that only the product writes."""

    def has_add_permission(self, request, obj=None) -> bool:
        return False

    def has_change_permission(self, request, obj=None) -> bool:
        return False

    def has_delete_permission(self, request, obj=None) -> bool:
        return False
