"""Reusable filters of the task tables."""

from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import Q, QuerySet

from apps.tasks.lifecycle import OPEN

UUID_LENGTH = 36

if TYPE_CHECKING:
    from apps.tasks.models import Task, TaskType  # noqa: F401  (named in the base classes)


class TaskTypeQuerySet(QuerySet["TaskType"]):
    """Types are known by their slug."""

    def get_by_natural_key(self, slug: str) -> "TaskType":
        """The type by its slug, for fixtures."""
        return self.get(slug=slug)

    def active(self) -> "TaskTypeQuerySet":
        """Types that may be asked for."""
        return self.filter(is_active=True)


class TaskQuerySet(QuerySet["Task"]):
    """Tasks by state and text."""

    def open(self) -> "TaskQuerySet":
        """Neither done, failed nor cancelled."""
        return self.filter(state__in=OPEN)

    def matching(self, text: str) -> "TaskQuerySet":
        """Title, client or text contains it; ``#12`` and ``12`` also find the number, a task's id finds that task alone."""
        text = text.strip()
        if not text:
            return self
        if len(text) == UUID_LENGTH:
            with suppress(ValueError):
                return self.filter(pk=UUID(text))
        wanted = Q(title__icontains=text) | Q(client__icontains=text) | Q(body__icontains=text)
        digits = text.removeprefix("#")
        if digits.isdecimal() and len(digits) <= 9:
            wanted |= Q(number=int(digits))
        return self.filter(wanted)
