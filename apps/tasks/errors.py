"""Coded errors of the task queue."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict, InvalidInput, NotFound


class UnknownTask(NotFound):
    """No task by that id in this workspace."""

    code = "unknown_task"
    message = _("There is no such task in this workspace.")


class UnknownTaskType(InvalidInput):
    """The task type does not exist here or is switched off."""

    code = "unknown_task_type"
    message = _("There is no task type %(slug)s here. Use one of: %(known)s.")


class InvalidRequest(InvalidInput):
    """The request's text, target or dates cannot be accepted."""

    code = "invalid_task"


class MediaRefused(InvalidInput):
    """An attachment is of a kind, size or length that is not accepted; nothing was spent on it."""

    code = "media_refused"
    message = _("An attachment cannot be accepted.")


class IdempotencyKeyReused(Conflict):
    """The same key came with different content."""

    code = "idempotency_key_reused"
    message = _("This idempotency key was used for a different request. Send the same content again, or use a new key.")


class IllegalMove(Conflict):
    """The task is not in a state that allows this."""

    code = "illegal_task_state"
    message = _("This task is %(state)s, so it cannot be changed this way. Reload to see where it stands.")


class AlreadyDecided(Conflict):
    """Somebody else decided first; their decision stands."""

    code = "already_decided"
    message = _("Somebody has decided this already. Reload to see the decision.")
