"""Whether a task type's rubric and checks make sense, in the form the quality gate reads. No database here."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

MAX_CRITERIA = 12
WHOLE = 100
CHECK_KINDS = frozenset({
    "min_words", "max_words", "min_chars", "max_chars", "format", "bullet_count", "language", "required", "forbidden",
    "json_schema",
})  # fmt: skip


def problems_of(*, rubric: Any, checks: Any) -> dict[str, str]:
    """What is wrong, by field; an empty rubric means the default of clarity 30, accuracy 30, completeness 20, tone 20."""
    found = {"rubric": _rubric_problem(rubric), "checks": _checks_problem(checks)}
    return {name: text for name, text in found.items() if text}


def _rubric_problem(rubric: Any) -> str:
    if (
        not isinstance(rubric, list)
        or len(rubric) > MAX_CRITERIA
        or not all(isinstance(entry, Mapping) for entry in rubric)
    ):
        return _("Give a list of at most %(most)d criteria.") % {"most": MAX_CRITERIA}
    if not rubric:
        return ""
    for entry in rubric:
        texts = all(isinstance(entry.get(name), str) and entry[name].strip() for name in ("key", "title"))
        weight = entry.get("weight")
        if not texts or isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= WHOLE:
            return _("Every criterion has a key, a title and a whole weight from 0 to 100.")
        if set(entry) - {"key", "title", "weight", "guidance"} or not isinstance(entry.get("guidance", ""), str):
            return _("A criterion has key, title, weight and guidance, nothing else.")
    if len({entry["key"] for entry in rubric}) != len(rubric):
        return _("Every criterion has its own key.")
    if sum(entry["weight"] for entry in rubric) != WHOLE:
        return _("The weights add up to 100.")
    return ""


def _checks_problem(checks: Any) -> str:
    if not isinstance(checks, list) or not all(isinstance(entry, Mapping) for entry in checks):
        return _("Give a list of checks.")
    for entry in checks:
        if entry.get("kind") not in CHECK_KINDS or "value" not in entry or set(entry) - {"kind", "value", "blocking"}:
            return _("A check has kind, value and blocking. Kinds: %(kinds)s.") % {
                "kinds": ", ".join(sorted(CHECK_KINDS))
            }
    return ""
