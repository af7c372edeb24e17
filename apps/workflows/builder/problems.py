"""A draft's problems as the builder shows them: which step, which field, what to do about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from apps.workflows.catalogue import config_validators
from apps.workflows.core.validate import Problem, validate

Json = Any


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One problem. ``field`` is the dotted place inside the step (or the workflow when ``step`` is empty)."""

    code: str
    severity: str
    step: str
    field: str
    message: str
    suggestion: str


def list_problems(document: Mapping[str, Json]) -> list[Finding]:
    """Everything that keeps a draft from being published, and what is only advice; errors first, step by step."""
    if not document.get("steps"):
        text = _("There are no steps yet. Add the first one.")
        return [Finding(code="no_steps", severity="error", step="", field="steps", message=text, suggestion="")]
    found = [_finding(problem) for problem in validate(dict(document), types=config_validators())]
    return sorted(found, key=lambda one: ("error", "warning", "info").index(one.severity))


def _finding(problem: Problem) -> Finding:
    place = problem.place
    head, _dot, rest = place.partition(".")
    step, field = "", place
    if head == "steps" and rest:
        step, _dot, field = rest.partition(".")
    return Finding(
        code=problem.code,
        severity=str(getattr(problem, "severity", "error")),
        step=str(getattr(problem, "step", "") or step),
        field=field,
        message=str(problem.message),
        suggestion=str(getattr(problem, "suggestion", "") or ""),
    )


def errors_of(findings: list[Finding]) -> list[Finding]:
    """Those that forbid publishing."""
    return [finding for finding in findings if finding.severity == "error"]
