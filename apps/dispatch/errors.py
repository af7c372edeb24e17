"""Errors of dispatch."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict, InvalidInput, NotFound, Unavailable


class InvalidWork(InvalidInput):
    """A work item, settlement or schedule with impossible values."""

    code = "invalid_work"


class UnknownQueue(NotFound):
    """The tenant has no queue: it was never registered or its registration was removed."""

    code = "unknown_tenant_queue"
    message = _("This workspace is not set up for background work. Contact support with the request id.")


class UnknownWork(NotFound):
    """No such work item."""

    code = "unknown_work"


class IllegalMove(Conflict):
    """The work item is not in a state that allows this."""

    code = "illegal_move"
    message = _("This work item is %(state)s now, so this is not possible. Reload to see its current state.")


class TooLateToUndo(Conflict):
    """The act has taken effect, or is not this person's."""

    code = "too_late_to_undo"
    message = _("It is too late to take this back: the decision has taken effect.")


class LeaseLost(Unavailable):
    """This process has not reached the database for too long and may not start anything new."""

    code = "lease_lost"


class WorkLost(Conflict):
    """The item was taken away (fenced out or cancelled); whatever was done for it must not be recorded."""

    code = "work_lost"


class DatabaseForbidden(RuntimeError):
    """A call on an effect lane touched the database: lanes wait on the network and own no connection."""
