"""Back office: what open pages were told of lately."""

from django.contrib import admin

from apps.core.back_office import ReadOnly
from apps.live.models import Notice


@admin.register(Notice)
class NoticeAdmin(ReadOnly):
    """Kept for a quarter of an hour."""

    list_display = ("id", "tenant_id", "at")
    list_filter = ("tenant_id",)
