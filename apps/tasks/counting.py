"""Counts that stay quick however much there is: exact up to a bound, "10,000+" beyond it."""

from __future__ import annotations

from typing import Self

from django.db import connection
from django.utils.formats import number_format

from apps.tasks.enums import TaskState

CAP = 10_000
COUNT = """
SELECT wanted.state, (SELECT count(*) FROM (SELECT 1 FROM tasks_task t WHERE t.state = wanted.state LIMIT %s) counted)
FROM unnest(%s) AS wanted(state)
"""


class AtMost(int):
    """A number that says "10,000+" once it is past the bound; sums of such numbers do the same."""

    is_capped = False

    def __new__(cls, value: int, *, is_capped: bool | None = None) -> Self:
        """``is_capped`` None: decided by the value."""
        made = super().__new__(cls, value)
        made.is_capped = value > CAP if is_capped is None else is_capped
        return made

    def __str__(self) -> str:
        if not self.is_capped:
            return int.__repr__(self)
        return f"{number_format(int(self) // CAP * CAP, use_l10n=True, force_grouping=True)}+"

    def __add__(self, other: int) -> AtMost:
        return AtMost(int(self) + int(other), is_capped=self.is_capped or getattr(other, "is_capped", False))

    __radd__ = __add__


def count_by_state() -> dict[str, int]:
    """Every state with its number of tasks, zeros included; counting stops past the bound. One query on one index."""
    with connection.cursor() as cursor:
        cursor.execute(COUNT, [CAP + 1, list(TaskState.values)])
        return {state: AtMost(count) for state, count in cursor.fetchall()}
