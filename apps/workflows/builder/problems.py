"""A draft's problems as the builder shows them: which step, which field, what to do about it."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.workflows.core.problems import ERROR, Problem
from apps.workflows.services.definitions import validate_definition

Json = Any
Finding = Problem


def list_problems(document: Mapping[str, Json], *, slug: str = "") -> list[Finding]:
    """Everything that keeps a draft from being published, and what is only advice; the gravest first."""
    if not document.get("steps"):
        text = _("There are no steps yet. Add the first one.")
        return [Problem(code="no_steps", place="steps", message=text)]
    return validate_definition(dict(document), workflow=slug)


def errors_of(findings: list[Finding]) -> list[Finding]:
    """Those that forbid publishing."""
    return [finding for finding in findings if finding.severity == ERROR]
