"""Errors of connections and of Notion, each in a family of the kernel."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import (
    Conflict,
    InvalidInput,
    LimitReached,
    Misconfigured,
    NotAllowed,
    NotFound,
    Unavailable,
)


class ConnectionUnknown(NotFound):
    """No such connection in this workspace."""

    code = "connection_unknown"


class CredentialsRefused(NotAllowed):
    """The outside service does not accept our credentials any more."""

    code = "credentials_refused"
    message = _("The service refused the stored credentials. Connect again with a valid token.")


class AccessMissing(NotAllowed):
    """The credentials are fine but do not reach the object."""

    code = "connector_access_missing"
    message = _(
        "The integration may not do this. In Notion, share the page with the integration and check its capabilities."
    )


class RemoteNotFound(NotFound):
    """The object is gone or not shared with us."""

    code = "remote_not_found"
    message = _("This is not there any more, or is not shared with the integration.")


class RemoteRefused(InvalidInput):
    """The service understood the request and found it wrong."""

    code = "remote_refused"
    message = _("The service did not accept the request: %(reason)s")


class RemoteConflict(Conflict):
    """The service says the object changed meanwhile; the same call may be made again."""

    code = "remote_conflict"
    retryable = True


class RateLimited(LimitReached):
    """Their budget or ours is used up for now; ``retry_after`` says until when."""

    code = "connector_rate_limited"
    retryable = True
    message = _("The service's request limit is reached. It will be tried again shortly.")


class RequestsBlocked(LimitReached):
    """The service blocks this connection; trying again makes it worse."""

    code = "connector_blocked"
    message = _("The service has blocked requests of this connection. Contact its support, then test the connection.")


class RemoteUnavailable(Unavailable):
    """Down, overloaded or unreachable. ``harmless``: it is certain that nothing was changed over there."""

    code = "remote_unavailable"
    harmless: bool = False


class OutcomeUnknown(Unavailable):
    """The request may or may not have been carried out: look before repeating."""

    code = "remote_outcome_unknown"
    committed_id: str = ""


class PayloadInvalid(Unavailable):
    """The answer is not what the protocol says: broken JSON, HTML, missing parts, far too big."""

    code = "remote_payload_invalid"
    message = _("The service sent an answer that cannot be read. It will be tried again.")


class TokenExpired(Unavailable):
    """The access token has run out and its renewal is under way."""

    code = "connector_token_expired"
    message = _("The sign-in with the service is being renewed. It will be tried again in a moment.")


class SignInFailed(NotAllowed):
    """The service did not let the person, or us, in."""

    code = "connector_sign_in_failed"
    message = _("%(service)s did not complete the sign-in: %(reason)s")


class SignInExpired(Conflict):
    """The answer of the service does not belong to a sign-in that is under way here."""

    code = "connector_sign_in_expired"
    message = _("This sign-in was started elsewhere, took too long or was finished already. Start it again.")


class SignInUnavailable(Misconfigured):
    """The operator has not registered this installation with the service."""

    code = "connector_sign_in_unavailable"
    message = _("Sign-in with %(service)s is not set up on this installation. Its operator must set %(variables)s.")


class ConnectorPaused(Unavailable):
    """Too many failures in a row: calls rest until ``retry_after``."""

    code = "connector_paused"
    message = _("Calls to this service rest for a while after repeated failures. They resume by themselves.")


class ConnectionOnHold(Unavailable):
    """A person paused the connection; what is to be sent waits."""

    code = "connection_on_hold"
    message = _("This connection is paused. Resume it, then try again.")


class SetupRunning(Conflict):
    """Another process is setting the databases up."""

    code = "notion_setup_running"
    retryable = True
    message = _("The databases are being set up right now. Try again in a minute.")


class DatabaseMissing(NotFound):
    """The database was never set up, or is gone from Notion."""

    code = "notion_database_missing"
    message = _("The Notion database “%(title)s” is missing. Run the set-up of the connection to create it again.")


class SchemaDrift(Conflict):
    """Columns of the database were deleted or changed type."""

    code = "notion_schema_drift"
    message = _(
        "Columns of “%(title)s” were changed in Notion: %(columns)s. Run the set-up of the connection to mend them."
    )


class WindowTooDense(Conflict):
    """More rows share one minute than Notion lets anybody list."""

    code = "notion_window_too_dense"
    message = _(
        "More than 10,000 rows carry the same minute; Notion cannot list them. Edit some of them again, in smaller lots."
    )


class WebhookRefused(NotAllowed):
    """The delivery does not carry a valid signature."""

    code = "webhook_refused"
    message = _("The signature of this delivery is not valid.")
