"""What a mistake in a definition says, in the reader's language (the pure core speaks English only)."""

from collections.abc import Iterable
from dataclasses import replace

from django.utils.translation import gettext

from apps.workflows.core.problems import CATALOGUE, Problem


def told(problem: Problem) -> Problem:
    """The same problem with its message and suggestion in the active language."""
    kind = CATALOGUE[problem.code]
    message, suggestion = gettext(kind.message), gettext(kind.suggestion)
    if problem.params:
        message, suggestion = message % problem.params, suggestion % problem.params
    return replace(problem, message=message, suggestion=suggestion)


def told_all(problems: Iterable[Problem]) -> list[Problem]:
    """All of them, the gravest first, otherwise in the order of the document."""
    order = {"error": 0, "warning": 1, "info": 2}
    return sorted(map(told, problems), key=lambda one: order[one.severity])
