"""Visitors' messages and listening browsers in the back office."""

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from apps.core.back_office import ReadOnly
from apps.portal import models


@admin.register(models.ContactMessage)
class ContactMessageAdmin(ModelAdmin):
    """What visitors wrote; only the date of the answer is ours to set."""

    list_display = ("topic", "email", "created_at", "mailed_at", "answered_at")
    list_filter = ("topic", "answered_at")
    search_fields = ("email", "text")
    readonly_fields: ClassVar[tuple[str, ...]] = ("topic", "email", "text", "language", "created_at", "mailed_at")
    fields = (*readonly_fields, "answered_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Visitors write them."""
        return False


@admin.register(models.PushSubscription)
class PushSubscriptionAdmin(ReadOnly):
    """Which people have notifications on; addresses and keys stay out of sight."""

    list_display = ("id", "user", "tenant_id", "language", "created_at", "sent_at", "failures")
    search_fields = ("user__email",)
    fields = list_display


@admin.register(models.PlatformKey)
class PlatformKeyAdmin(ReadOnly):
    """Public halves of the platform's own keys."""

    list_display = ("purpose", "public_key", "created_at")
    search_fields = ("purpose",)
    fields = list_display


@admin.register(models.Outage)
class OutageAdmin(ReadOnly):
    """Times in which a part did not work."""

    list_display = ("part", "began_at", "ended_at")
    list_filter = ("part",)


@admin.register(models.StandingWatch)
class StandingWatchAdmin(ReadOnly):
    """Since when, and when last, the probes were looked at."""

    list_display = ("began_at", "looked_at")
