"""Coded errors every door understands.

Raise one of the families below (or a subclass with its own ``code``) for anything a caller can act on. Doors turn it into
problem+json, a form error or a command's exit code; anything else is a bug and becomes a 500 with a request id.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Text = str | Promise


class PlatformError(Exception):
    """Base of all expected errors.

    ``code`` is stable and machine-readable, ``message`` says what to do next in the reader's language, ``fields`` names the
    inputs at fault, ``retryable`` says whether the same call may succeed later and ``retry_after`` when (seconds).
    ``detail`` is for logs only and never leaves the process.
    """

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    message: Text = _("Something went wrong. Try again, or contact support with the request id.")

    def __init__(
        self,
        message: Text | None = None,
        *,
        fields: Mapping[str, Text] | None = None,
        detail: str = "",
        retry_after: float | None = None,
        **params: Any,
    ) -> None:
        if message is not None:
            self.message = message
        self.params = params
        self.fields = dict(fields or {})
        self.detail = detail
        self.retry_after = retry_after
        super().__init__(detail or self.text)

    @property
    def text(self) -> str:
        """The message with its parameters filled in, translated for the active language."""
        message = str(self.message)
        return message % self.params if self.params else message

    def __repr__(self) -> str:
        return f"<{type(self).__name__} code={self.code} fields={sorted(self.fields)}>"


class InvalidInput(PlatformError):
    """The request cannot be accepted as it stands."""

    code = "invalid_input"
    status = 400
    message = _("Some of the input is not valid. Correct the marked fields and send it again.")


class NotAllowed(PlatformError):
    """The caller is known but may not do this."""

    code = "not_allowed"
    status = 403
    message = _("You do not have permission to do this. Ask an owner or admin of the workspace.")


class NotFound(PlatformError):
    """Nothing by that id is visible to the caller; foreign and unknown ids give the same answer."""

    code = "not_found"
    status = 404
    message = _("This does not exist or is not visible to you.")


class Conflict(PlatformError):
    """The state changed in between, or the same thing exists already."""

    code = "conflict"
    status = 409
    message = _("This was changed by somebody else in the meantime. Reload and try again.")


class LimitReached(PlatformError):
    """A quota, budget or rate limit refuses the call."""

    code = "limit_reached"
    status = 429
    message = _("A limit of the workspace is reached. Wait, or ask an owner to raise it.")


class Unavailable(PlatformError):
    """Something outside our control is down; the same call may work later."""

    code = "unavailable"
    status = 503
    retryable = True
    message = _("A service this needs is not available right now. It will be tried again.")


class Misconfigured(PlatformError):
    """The installation's settings are wrong; the message says which and how to mend them."""

    code = "misconfigured"
    status = 500
    message = _("The installation is not configured correctly.")
