"""What a mistake in a definition says, in the reader's language (the pure core speaks English only)."""

from collections.abc import Iterable
from dataclasses import replace

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.workflows.core.problems import CATALOGUE, Problem

# What each kind of problem is called on pages; answers of the API name it by its code.
TITLES: dict[str, str | Promise] = {
    "not_json": _("Not plain JSON"),
    "too_large": _("Too large"),
    "too_deep": _("Nested too deep"),
    "schema_violation": _("Against the schema"),
    "unknown_start": _("Unknown first step"),
    "missing_next": _("Leads to a step that is missing"),
    "unreachable_step": _("No way leads to this step"),
    "endless_cycle": _("A circle without an end"),
    "unknown_step_type": _("Unknown type of step"),
    "bad_config": _("A setting does not fit"),
    "misplaced_field": _("A field where none belongs"),
    "missing_field": _("A field is missing"),
    "missing_cases": _("A switch without cases"),
    "bad_join": _("Branches that never meet"),
    "step_shared_with_loop": _("A step inside and outside a loop"),
    "bad_inputs_schema": _("The inputs' schema is not valid"),
    "bad_default": _("A default does not fit"),
    "bad_reference": _("A reference that cannot be read"),
    "reference_never_set": _("Refers to what comes later"),
    "unknown_input": _("Unknown input"),
    "loop_outside": _("A loop's value outside a loop"),
    "bad_text": _("A placeholder that cannot be read"),
    "bad_condition": _("A condition that cannot be read"),
    "bad_expression": _("An expression that cannot be read"),
    "bad_secret": _("A secret that cannot be read"),
    "secret_not_allowed": _("No place for a secret"),
    "unknown_secret": _("Unknown secret"),
    "unknown_workflow": _("Unknown workflow"),
    "workflow_cycle": _("Workflows that call each other"),
    "tainted_value": _("Filled by a model or a stranger"),
    "untrusted_choice": _("Chosen by a model or a stranger"),
    "no_way_on_failure": _("No way for failures"),
    "nothing_to_say": _("Nothing is said to the model"),
    "unknown_prompt": _("Unknown prompt"),
    "prompt_not_published": _("Prompt without a version"),
    "prompt_archived": _("Archived prompt"),
    "prompt_value_missing": _("A value for the prompt is missing"),
    "unknown_prompt_variable": _("A value the prompt does not know"),
    "unknown_zone": _("Unknown time zone"),
    "exactly_one_rule": _("Not exactly one rule"),
    "ends_before_start": _("Ends before it begins"),
    "not_five_fields": _("Not five fields"),
    "not_cron": _("Not a cron expression"),
    "never_due": _("Never due"),
    "name_days": _("No days are named"),
    "not_a_time": _("Not a time"),
    "out_of_range": _("Out of range"),
    "not_a_moment": _("Not a date and time"),
    "no_steps": _("No steps"),
    "unknown_trigger_type": _("Unknown type of trigger"),
    "header_needed": _("A header is missing"),
    "unknown_event": _("Unknown event"),
    "trigger_loop": _("Started by its own runs"),
}


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
