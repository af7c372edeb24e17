"""Why a call to the outside did not happen, or did not come back."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput, Unavailable


class OutboundRefused(InvalidInput):
    """The address may not be reached from here; nothing was sent. ``fields["url"]`` says what is wrong with it."""

    code = "outbound_refused"
    message = _("This address cannot be called from here. Use a public https address without credentials in it.")


class OutboundFailed(Unavailable):
    """The address was called, or tried, and no complete answer came back."""

    code = "outbound_failed"
    message = _("The other side could not be reached or did not answer completely. It will be tried again.")


class OutboundTimedOut(OutboundFailed):
    """The answer was not complete within the allowed time; what the other side did is unknown."""

    code = "outbound_timed_out"
    message = _("The other side did not answer in time. It will be tried again.")


class CalledInTransaction(RuntimeError):
    """A bug in the caller: a network call would hold a database transaction open."""
