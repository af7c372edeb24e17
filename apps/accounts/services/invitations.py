"""Invitations by e-mail: the token is in the mail only, a hash of it in the table, and it works once."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from apps.accounts import signals
from apps.accounts.errors import AlreadyMember, InvalidInvitation, WrongRecipient
from apps.accounts.mail import send_mail
from apps.accounts.models import Invitation, Membership, User
from apps.accounts.scope import current_tenant_id
from apps.accounts.services.members import add_member, require_may_grant
from apps.core.errors import InvalidInput

VALID_DAYS = 7
TOKEN_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class Invited:
    """A new invitation and its token, which is shown to nobody but the recipient."""

    invitation_id: int
    token: str

    def __repr__(self) -> str:
        return f"Invited(invitation_id={self.invitation_id}, token=****)"


def invite(
    *, email: str, role: str, actor: User, tenant_name: str, link: Callable[[str], str], now: datetime | None = None
) -> Invited:
    """Invite somebody to the current tenant; an open invitation of the same address is replaced.

    ``link`` makes the address in the mail from the token. Needs ``members.manage`` and every permission of the role; the
    caller checks capacity. Raises ``AlreadyMember`` and ``InvalidInput``.
    """
    require_may_grant(actor, role)
    address, tenant_id, moment = _address(email), current_tenant_id(), now or timezone.now()
    if Membership.objects.filter(tenant_id=tenant_id, user__email__iexact=address).exists():
        raise AlreadyMember(fields={"email": AlreadyMember.message})
    token = secrets.token_urlsafe(TOKEN_BYTES)
    with transaction.atomic():
        _open(tenant_id).filter(email__iexact=address).update(revoked_at=moment)
        row = Invitation.objects.create(
            tenant_id=tenant_id,
            email=address,
            role=role,
            token_hash=hash_token(token),
            invited_by=actor,
            expires_at=moment + timedelta(days=VALID_DAYS),
        )
        signals.invitation_sent.announce(
            signals.InvitationSent(tenant_id=tenant_id, invitation_id=row.pk, actor_id=actor.pk)
        )
        context = {"tenant": tenant_name, "inviter": actor.name or actor.email, "link": link(token), "days": VALID_DAYS}
        transaction.on_commit(lambda: send_mail(template="invitation", to=address, context=context))
    return Invited(invitation_id=row.pk, token=token)


def find_invitation(*, token: str, now: datetime | None = None) -> Invitation:
    """The open invitation behind a token. Raises ``InvalidInvitation``, the same for every reason."""
    row = (
        Invitation.objects.select_related("tenant", "invited_by")
        .filter(token_hash=hash_token(token), accepted_at=None, revoked_at=None, expires_at__gt=now or timezone.now())
        .filter(tenant__status="active").first()
    )  # fmt: skip
    if row is None:
        raise InvalidInvitation
    return row


def accept_invitation(*, token: str, person: User, now: datetime | None = None) -> Invitation:
    """Join the tenant; of two calls at once one wins. Only the invited address may accept.

    A person who is a member already keeps the role held, whatever the invitation offers.
    """
    moment = now or timezone.now()
    row = find_invitation(token=token, now=moment)
    if row.email.lower() != person.email.lower():
        raise WrongRecipient
    with transaction.atomic():
        won = Invitation.objects.filter(pk=row.pk, accepted_at=None, revoked_at=None).update(
            accepted_at=moment, accepted_by=person
        )
        if not won:
            raise InvalidInvitation
        if not Membership.objects.filter(tenant_id=row.tenant_id, user=person).exists():
            add_member(user_id=person.pk, tenant_id=row.tenant_id, role=row.role, actor_id=row.invited_by_id)
    return row


def revoke_invitation(*, invitation_id: int, actor: User, now: datetime | None = None) -> None:
    """Make an open invitation of the current tenant useless. Raises ``InvalidInvitation`` for foreign and unknown ids alike."""
    row = _open(current_tenant_id()).filter(pk=invitation_id).first()
    if row is None:
        raise InvalidInvitation
    require_may_grant(actor, row.role)
    _open(row.tenant_id).filter(pk=row.pk).update(revoked_at=now or timezone.now())


def list_open_invitations(*, tenant_id: int, now: datetime | None = None) -> list[Invitation]:
    """Invitations that still work, the latest first."""
    return list(_open(tenant_id).filter(expires_at__gt=now or timezone.now()).order_by("-id"))


def hash_token(token: str) -> str:
    """SHA-256 of a random token; tokens have 256 bits, so no salt or stretching is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def _open(tenant_id: int) -> QuerySet[Invitation]:
    return Invitation.objects.filter(tenant_id=tenant_id, accepted_at=None, revoked_at=None)


def _address(email: str) -> str:
    try:
        validate_email(email.strip())
    except ValidationError as error:
        raise InvalidInput(fields={"email": "Enter an e-mail address."}) from error
    return email.strip()
