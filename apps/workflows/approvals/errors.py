"""What can go wrong when people decide."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict, InvalidInput, NotAllowed, NotFound


class UnknownApproval(NotFound):
    """No question by that id in this tenant."""

    code = "unknown_approval"
    message = _("There is no such approval, or it was removed.")


class PayloadChanged(Conflict):
    """The decision names other bytes than those that would be sent."""

    code = "payload_changed"
    message = _("What would be sent is not what you saw. Reload, read it again and decide anew.")


class ApprovalClosed(Conflict):
    """It was decided, or replaced, or nobody decided in time."""

    code = "approval_closed"
    message = _("This is decided already, or no longer waits. Reload to see what became of it.")


class ApprovalExpired(Conflict):
    """Its time is over: nothing happens."""

    code = "approval_expired"
    message = _("The time to decide is over, so nothing was sent. Retry the run to ask again.")


class AlreadyVoted(Conflict):
    """The person has said it, or somebody said it in their name."""

    code = "already_voted"
    message = _("You have decided about this already, or somebody did in your place.")


class MayNotDecide(NotAllowed):
    """Not among those who may decide about this one."""

    code = "may_not_decide"
    message = _("You may not decide about this one. The page says who may.")


class OwnRequest(NotAllowed):
    """Whoever started it may not approve it."""

    code = "own_request"
    message = _("You started this yourself, and here somebody else has to approve. The page says who may.")


class NotEditable(InvalidInput):
    """The step does not say how its request may be changed."""

    code = "not_editable"
    message = _("This act cannot be changed here. Refuse it and change the workflow instead.")
