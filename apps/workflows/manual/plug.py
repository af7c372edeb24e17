"""The shelves workflows offers to the manual."""

from django.utils.translation import gettext_lazy as _

from apps.core.reference import Shelf
from apps.workflows.manual.definition import list_parts
from apps.workflows.manual.errors import list_errors
from apps.workflows.manual.expressions import about, list_expressions
from apps.workflows.manual.problems import list_problems
from apps.workflows.manual.steps import list_steps
from apps.workflows.manual.triggers import list_triggers

SHELVES = (
    Shelf(
        slug="steps",
        title=_("Steps"),
        summary=_("Every type of step: what it does, what it takes and gives, how it fails, and an example."),
        entries=list_steps,
        icon="box",
        order=10,
    ),
    Shelf(
        slug="triggers",
        title=_("Triggers"),
        summary=_("Everything that can start a workflow, with its settings and what a run is told."),
        entries=list_triggers,
        icon="zap",
        order=20,
    ),
    Shelf(
        slug="expressions",
        title=_("Expressions"),
        summary=_("Every function and operator, with an example and its result."),
        entries=list_expressions,
        about=about,
        icon="square-pen",
        order=30,
        on_one_page=True,
    ),
    Shelf(
        slug="problems",
        title=_("Problems of a workflow"),
        summary=_("What the builder's messages mean, with an example, and how to mend them."),
        entries=list_problems,
        icon="circle-alert",
        order=40,
    ),
    Shelf(
        slug="errors",
        title=_("Errors of a run"),
        summary=_("Every code a step can fail with, what it means and what to do."),
        entries=list_errors,
        icon="circle-x",
        order=50,
        on_one_page=True,
    ),
    Shelf(
        slug="definition",
        title=_("The definition"),
        summary=_("The document a workflow is, field by field, and its published JSON Schema."),
        entries=list_parts,
        icon="file-text",
        order=70,
    ),
)
