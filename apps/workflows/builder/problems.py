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


def pane_of(finding: Finding) -> str:
    """Which pane of the inspector shows a problem: a step's id, or the part's; empty for the whole workflow."""
    if finding.step:
        return finding.step
    part, _dot, rest = finding.place.partition(".")
    if part == "triggers" and rest:
        return f":trigger:{rest.partition('.')[0]}"
    if part == "inputs":
        inside, _dot, name = rest.partition(".")
        return f":input:{name.partition('.')[0]}" if inside == "properties" and name else ":inputs"
    return ":settings" if part == "settings" else ""


def named(findings: list[Finding], titles: Mapping[str, str]) -> list[dict[str, str]]:
    """Problems for a list: with the pane that shows each, and what the place is called."""
    return [
        {
            **{
                name: str(getattr(one, name)) for name in ("code", "severity", "step", "field", "message", "suggestion")
            },
            "pane": (pane := pane_of(one)),
            "name": titles.get(pane) or pane.lstrip(":").partition(":")[2] or part_title(pane),
        }
        for one in findings
    ]


def part_title(pane: str) -> str:
    """What a part of the workflow is called."""
    return {
        ":inputs": _("Inputs"),
        ":triggers": _("Triggers"),
        ":settings": _("Settings"),
        ":estimate": _("Before you run"),
    }.get(pane, "")
