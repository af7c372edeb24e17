"""Errors of triggers."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict, InvalidInput, LimitReached, NotAllowed, NotFound


class UnknownTrigger(NotFound):
    """No such trigger, or it belongs to another workspace or a version that is not current."""

    code = "unknown_trigger"
    message = _("There is no such trigger, or the workflow's current version does not have it.")


class InvalidTrigger(InvalidInput):
    """The configuration of a trigger is refused; ``fields`` names what is wrong."""

    code = "invalid_trigger"
    message = _("The trigger's settings have mistakes. Correct the marked fields.")


class DeliveryRefused(NotAllowed):
    """The sender did not prove who it is."""

    code = "signature_refused"
    message = _("The signature or token does not fit this address. Check the secret at the sender.")


class DeliveryTooLarge(InvalidInput):
    """The body is larger than a webhook may be."""

    code = "too_large"
    status = 413
    message = _("The body is too large. Send at most 256 KB.")


class UnsupportedBody(InvalidInput):
    """Neither JSON, form nor text."""

    code = "unsupported_media_type"
    status = 415
    message = _("Send JSON, a form or plain text.")


class TooManyDeliveries(LimitReached):
    """The endpoint takes no more for the moment."""

    code = "too_many_deliveries"
    message = _("This address takes no more calls for the moment. Send it again later.")


class NotReplayable(Conflict):
    """Nothing was kept of this occasion that could be started again."""

    code = "not_replayable"
    message = _("Only a delivery that was received can be replayed.")
