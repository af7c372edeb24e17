"""Words for stored choices on the task pages."""

from django import template

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
