"""Words for stored choices on the task pages."""

from django import template
from django.utils.translation import gettext as _

from apps.tasks.enums import ReviewReason, TaskSource

register = template.Library()


@register.filter
def source_label(value: str) -> str:
    """Where a task came from, in the reader's language."""
    return str(TaskSource(value).label) if value in TaskSource.values else value


@register.filter
def reason_label(value: str) -> str:
    """Why an answer waits for a person, in one sentence."""
    return str(ReviewReason(value).label) if value in ReviewReason.values else value


@register.filter
def held_label(decision: str) -> str:
    """What was decided and is about to take effect."""
    return {
        "approve": _("Approved, takes effect in a moment:"),
        "revise": _("Sent back, takes effect in a moment:"),
        "reject": _("Rejected, takes effect in a moment:"),
    }.get(decision, decision)
