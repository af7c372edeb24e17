"""Errors of workflows."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict, InvalidInput, NotFound


class UnknownWorkflow(NotFound):
    """No workflow by that slug in this tenant."""

    code = "unknown_workflow"
    message = _("There is no such workflow. Check its name.")


class UnknownRun(NotFound):
    """No run by that id in this tenant."""

    code = "unknown_run"
    message = _("There is no such run, or it was removed.")


class UnknownEffect(NotFound):
    """No outside effect by that id in this tenant."""

    code = "unknown_effect"
    message = _("There is no such step waiting for a decision, or it was removed.")


class InvalidDefinition(InvalidInput):
    """The workflow's definition is refused; ``fields`` maps places in it to what is wrong there."""

    code = "invalid_definition"
    message = _("The workflow has mistakes. Correct the marked places and save it again.")


class InvalidRunInput(InvalidInput):
    """The inputs of a run do not fit the workflow's declared inputs, or are not plain JSON."""

    code = "invalid_run_input"
    message = _("The inputs do not fit this workflow. Correct the marked fields.")


class RunHasEnded(Conflict):
    """There is nothing left to cancel."""

    code = "run_has_ended"
    message = _("This run has ended already, so there is nothing to cancel.")


class NotWaiting(Conflict):
    """The run does not wait for this event (any more)."""

    code = "run_not_waiting"
    message = _("This run is not waiting for that answer any more. Reload to see where it stands.")


class AlreadyDecided(Conflict):
    """Somebody answered first; the first answer counts."""

    code = "already_decided"
    message = _("Somebody else answered this first. Reload to see their decision.")


class RunNotRetryable(Conflict):
    """Only a failed run, or one that waits for a person because an effect's outcome is unknown, can be tried again."""

    code = "run_not_retryable"
    message = _("Only a failed run can be tried again. Start a new run, or replay this one.")
