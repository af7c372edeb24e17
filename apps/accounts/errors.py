"""Errors of people, roles and sign-in."""

from django.utils.translation import gettext_lazy as _

from apps.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, Unavailable
from apps.core.problems import NotSignedIn

__all__ = [
    "AccessNotPossible",
    "AlreadyMember",
    "InvalidCredentials",
    "InvalidInvitation",
    "InvalidRole",
    "InvalidToken",
    "LastOwner",
    "NotSignedIn",
    "ProviderUnusable",
    "SecondFactorRequired",
    "StaffMayNot",
    "UnknownMember",
    "WrongRecipient",
]


class LastOwner(Conflict):
    """A workspace keeps at least one owner."""

    code = "last_owner"
    message = _("A workspace needs at least one owner. Make somebody else an owner first.")


class AlreadyMember(Conflict):
    """The person belongs to the workspace already."""

    code = "already_member"
    message = _("This person belongs to the workspace already.")


class UnknownMember(NotFound):
    """No such member in this workspace."""

    code = "unknown_member"
    message = _("This person does not belong to the workspace.")


class InvalidInvitation(NotFound):
    """Unknown, used, revoked and expired invitations give the same answer."""

    code = "invalid_invitation"
    message = _("This invitation is no longer valid. Ask the person who invited you for a new one.")


class WrongRecipient(NotAllowed):
    """The invitation was sent to another address."""

    code = "wrong_recipient"
    message = _("This invitation was sent to another address. Sign in with that address to accept it.")


class InvalidRole(InvalidInput):
    """Not a role."""

    code = "invalid_role"
    message = _("Choose one of the roles.")


class InvalidToken(NotSignedIn):
    """The token is malformed, expired, revoked, of another workspace or used before."""

    code = "invalid_token"
    message = _("The token is not valid here. Sign in again to get a new one.")


class InvalidCredentials(NotSignedIn):
    """Address, password or code do not fit; it is not said which."""

    code = "invalid_credentials"
    message = _("The sign-in details are not right. Check them and try again.")


class SecondFactorRequired(NotSignedIn):
    """Address and password fit, and the person has a second factor."""

    code = "second_factor_required"
    message = _("Send the six digits of your authenticator app as `code`.")


class StaffMayNot(NotAllowed):
    """Staff inside a workspace asked for something that is kept for its own people."""

    code = "staff_may_not"
    message = _("Support may look and help here, but this is kept for the workspace's own people.")


class AccessNotPossible(Conflict):
    """The person cannot be acted as: no member, or staff."""

    code = "access_not_possible"
    message = _("Choose an active member of the workspace who is not staff.")


class ProviderUnusable(Unavailable):
    """The service a person signs in with does not answer, or says nothing that can be used."""

    code = "provider_unusable"
    message = _("The service you sign in with does not answer as it should. Try again later, or sign in another way.")
