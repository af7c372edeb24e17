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


class UnknownVersion(NotFound):
    """The workflow has no version of that number."""

    code = "unknown_version"
    message = _("This workflow has no such version. Choose one from its list of versions.")


class WorkflowExists(Conflict):
    """The name in addresses is taken."""

    code = "workflow_exists"
    message = _("There is a workflow by this name already. Choose another name.")


class WorkflowArchived(Conflict):
    """Archived workflows start no runs and take no new versions."""

    code = "workflow_archived"
    message = _("This workflow is archived. Bring it back first.")


class VersionMoved(Conflict):
    """Somebody published or rolled back meanwhile."""

    code = "version_moved"
    message = _("Somebody published another version meanwhile. Look at it, then publish yours again.")


class UnknownSecret(NotFound):
    """No secret by that name."""

    code = "unknown_secret"
    message = _("There is no such secret. It may have been deleted.")


class SecretExists(Conflict):
    """Names of secrets are unique."""

    code = "secret_exists"
    message = _("There is a secret by this name already. Replace its value, or choose another name.")


class SecretInUse(Conflict):
    """A workflow still names it."""

    code = "secret_in_use"
    message = _("Workflows still use this secret. Take it out of them first.")


class SecretMissing(Conflict):
    """A version names a secret that was deleted."""

    code = "secret_missing"
    message = _("This version names a secret that was deleted: %(names)s. Add it again, then try once more.")


class TooManySecrets(Conflict):
    """A workspace keeps a bounded number."""

    code = "too_many_secrets"
    message = _("There are 500 secrets already. Delete one that nothing uses first.")


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
