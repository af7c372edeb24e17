"""Every mistake a definition can have: a stable code, how bad it is, what it says and what to do about it.

The texts are English here, because this package knows no language; ``apps.workflows.problem_texts`` says them in a person's.
"""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

ERROR, WARNING, INFO = "error", "warning", "info"


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogues without translating it."""
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class ProblemKind:
    """One line of the catalogue; ``message`` and ``suggestion`` have named places for the problem's ``params``."""

    severity: str
    message: str
    suggestion: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One mistake. ``place`` is a dotted path into the definition, ``step`` and ``field`` its two halves where it is in a step.

    ``severity`` is ``error`` (may not be published), ``warning`` or ``info``.
    """

    code: str
    place: str
    message: str
    severity: str = ERROR
    step: str = ""
    field: str = ""
    suggestion: str = ""
    params: Mapping[str, str] = dataclasses.field(default_factory=dict)


def problem(code: str, place: str, **params: object) -> Problem:
    """A problem out of the catalogue."""
    kind = CATALOGUE[code]
    said = {name: str(value)[:300] for name, value in params.items()}
    parts = place.split(".")
    inside = len(parts) > 1 and parts[0] == "steps"
    return Problem(
        code=code,
        place=place,
        message=kind.message % said if said else kind.message,
        severity=kind.severity,
        step=parts[1] if inside else "",
        field=".".join(parts[2:]) if inside else place,
        suggestion=kind.suggestion % said if said else kind.suggestion,
        params=said,
    )


def errors(problems: "list[Problem]") -> "list[Problem]":
    """Those that keep a definition from being published."""
    return [one for one in problems if one.severity == ERROR]


def _error(message: str, suggestion: str) -> ProblemKind:
    return ProblemKind(severity=ERROR, message=message, suggestion=suggestion)


def _warning(message: str, suggestion: str) -> ProblemKind:
    return ProblemKind(severity=WARNING, message=message, suggestion=suggestion)


_ = gettext_noop
CATALOGUE: Mapping[str, ProblemKind] = {
    "not_json": _error(
        _("The definition is not plain JSON: %(detail)s"),
        _("Use objects, lists, texts, numbers, true, false and null only."),
    ),
    "too_large": _error(
        _("The definition has more than %(limit)s bytes."),
        _("Move long texts into inputs, or parts of it into a sub-workflow."),
    ),
    "too_deep": _error(
        _("The definition is nested more than %(limit)s levels deep."), _("Flatten the deepest settings.")
    ),
    "schema_violation": _error(_("%(detail)s"), _("Compare this place with the published schema of definitions.")),
    "unknown_start": _error(
        _("There is no step “%(target)s” to begin with."), _("Choose one of the steps as the start.")
    ),
    "missing_next": _error(
        _("There is no step “%(target)s”."), _("Lead this way to a step that exists, or end it here.")
    ),
    "unreachable_step": _error(_("No path leads to this step."), _("Connect it to another step, or remove it.")),
    "endless_cycle": _error(
        _("From here the workflow can never end."), _("Add a condition that leads out of the circle.")
    ),
    "unknown_step_type": _error(
        _("There is no step type “%(type)s”."),
        _("Choose a type from the palette; a connector may not be installed here."),
    ),
    "bad_config": _error(_("%(detail)s"), _("Correct this setting; the step's description says what it takes.")),
    "misplaced_field": _error(
        _("A step of type “%(type)s” has no “%(name)s”."), _("Remove it, or choose another type of step.")
    ),
    "missing_field": _error(_("A step of type “%(type)s” needs “%(name)s”."), _("Fill it in.")),
    "missing_cases": _error(_("A switch needs at least one case."), _("Add a case, or use a condition step.")),
    "bad_join": _error(
        _("A parallel step needs branches and a join step."), _("Add a join step and name it under “join”.")
    ),
    "step_shared_with_loop": _error(
        _("This step is inside the loop “%(loop)s” and can also be reached from outside it."),
        _("End the loop's body before it, and lead on from the loop's “next”."),
    ),
    "bad_inputs_schema": _error(
        _("The schema of the inputs is not valid: %(detail)s"), _("Use JSON Schema, draft 2020-12.")
    ),
    "bad_default": _error(_("The default of “%(name)s” does not fit: %(detail)s"), _("Correct it, or leave it empty.")),
    "bad_reference": _error(_("%(detail)s"), _("Write a path such as inputs.name or steps.<step>.output.<field>.")),
    "reference_never_set": _error(
        _("Step “%(step)s” cannot have run before this one."),
        _("Refer to an earlier step, or move this one behind it."),
    ),
    "unknown_input": _warning(
        _("“%(name)s” is not among the workflow's inputs."),
        _("Add it under Inputs, or take something else; a run that does not bring it fails here."),
    ),
    "loop_outside": _warning(
        _("“%(path)s” exists only inside a loop."),
        _("Move the step into the body of a loop, or refer to something else."),
    ),
    "bad_text": _error(_("%(detail)s"), _("Write {{inputs.name}} where a value belongs.")),
    "bad_condition": _error(_("%(detail)s"), _("Build the condition again, or write an expression.")),
    "bad_expression": _error(_("%(detail)s"), _("Functions and operators are listed in the guide to expressions.")),
    "bad_secret": _error(_("%(detail)s"), _("Choose a secret by its name.")),
    "secret_not_allowed": _error(
        _("A secret may not stand here."), _("Use secrets only in settings marked for them, such as a header's value.")
    ),
    "unknown_secret": _error(
        _("There is no secret “%(name)s” in this workspace."), _("Add it under Secrets, or choose another.")
    ),
    "unknown_workflow": _error(
        _("There is no published workflow “%(name)s”."), _("Publish it first, or choose another.")
    ),
    "workflow_cycle": _error(
        _("These workflows would call each other for ever: %(path)s."), _("Remove one of the calls.")
    ),
    "nothing_to_say": _error(
        _("The step has to say something to the model: a prompt of the library, or messages, and not both."),
        _("Choose a prompt, or write messages."),
    ),
    "unknown_prompt": _error(
        _("The library has no prompt or version “%(name)s”."),
        _("Write it under Prompts and publish it, or choose another. The nearest names: %(near)s."),
    ),
    "prompt_not_published": _error(
        _("The prompt “%(name)s” was never published."), _("Publish it under Prompts, or choose another.")
    ),
    "prompt_value_missing": _error(
        _("The prompt “%(prompt)s” needs a value for “%(name)s”."),
        _("Fill it in, or say in the prompt that it may be left out."),
    ),
    "unknown_prompt_variable": _warning(
        _("The prompt “%(prompt)s” has no variable “%(name)s”; what stands here is never said."),
        _("Remove it, or give it the name of a variable. The nearest: %(near)s."),
    ),
    "prompt_archived": _warning(
        _("The prompt “%(name)s” is archived."),
        _("It goes on working. Bring it back under Prompts, or choose another."),
    ),
    "tainted_value": _warning(
        _("“%(field)s” (%(kind)s) may be filled by what a model or a stranger wrote: %(source)s."),
        _(
            "Choose from fixed values with a classification or a switch; otherwise each run waits for a person's approval."
        ),
    ),
    "untrusted_choice": _error(
        _("“%(field)s” may be chosen by what a model or a stranger wrote: %(source)s."),
        _("Write it out, or choose from fixed values with a classification or a switch."),
    ),
    "no_way_on_failure": ProblemKind(
        severity=INFO,
        message=_("Each item of this loop ends the whole run when it fails."),
        suggestion=_("Give the steps inside an error path if the others should go on."),
    ),
}
