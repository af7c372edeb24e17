"""Errors of drafts."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict, InvalidInput
from apps.workflows.builder.patches import PatchRefused

TEXTS = {
    "patches_count": _("Send 1 to %(limit)s changes at once."),
    "unknown_patch": _("“%(op)s” is not a change a workflow knows."),
    "no_such_step": _("There is no step “%(step)s” (any more)."),
    "no_such_place": _("This step has no way out called “%(place)s”."),
    "bad_position": _("A position is a pair of numbers."),
    "bad_type": _("Name the kind of step."),
    "too_many_steps": _("A workflow has at most %(limit)s steps. Move a part into a workflow of its own."),
    "bad_step_id": _("A name begins with a letter and has small letters, digits, - and _ only, at most 60."),
    "step_exists": _("There is already a step “%(step)s”. Choose another name."),
    "bad_path": _("There is no such setting in this step."),
    "use_connect": _("Ways out of a step are changed by connecting steps."),
    "bad_input_name": _("A name begins with a letter and has letters, digits, - and _ only, at most 60."),
    "no_such_input": _("There is no input “%(name)s” (any more)."),
    "input_exists": _("There is already an input “%(name)s”. Choose another name."),
    "too_many_inputs": _("A workflow has at most %(limit)s inputs. Use an object for what belongs together."),
    "bad_part": _("This part of a workflow cannot be changed here."),
    "bad_text": _("Write at most %(limit)s characters."),
    "not_an_object": _("This must be an object."),
    "bad_shape": _("This does not have the form of a workflow."),
    "too_large": _("The workflow would grow beyond 256 KB. Move a part into a workflow of its own."),
}


class InvalidPatch(InvalidInput):
    """A change to a draft that does not fit it; nothing was changed."""

    code = "invalid_patch"
    message = _("This change does not fit the workflow as it stands. Nothing was changed.")

    @classmethod
    def of(cls, refusal: PatchRefused) -> "InvalidPatch":
        """The coded error for a refused patch."""
        text: Any = TEXTS[refusal.code]
        words = str(text) % refusal.params if refusal.params else text
        return cls(str(words), fields={refusal.place or "patches": words}, detail=refusal.code)


class DraftChanged(Conflict):
    """Somebody changed the draft after the revision this change was made for."""

    code = "draft_changed"
    message = _("Somebody else changed this workflow meanwhile. Look at what changed, then choose which to keep.")


class NothingToUndo(Conflict):
    """There is no change of one's own left to take back or to repeat."""

    code = "nothing_to_undo"
    message = _("There is nothing left to undo.")


class UndoDoesNotFit(Conflict):
    """What should be taken back was changed by somebody since."""

    code = "undo_does_not_fit"
    message = _("Somebody changed the same place since, so this cannot be undone by itself.")
