"""Words for stored choices on the task pages."""

from django import template

from apps.tasks.enums import TaskSource

register = template.Library()


@register.filter
def source_label(value: str) -> str:
    """Where a task came from, in the reader's language."""
    return str(TaskSource(value).label) if value in TaskSource.values else value
