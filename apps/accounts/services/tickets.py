"""Carries a sign-in from the platform's host to a host that does not share its cookie."""

import secrets
from datetime import datetime, timedelta

from django.utils import timezone

from apps.accounts.errors import InvalidToken
from apps.accounts.models import SignInTicket, User
from apps.accounts.services.invitations import hash_token

VALID_SECONDS = 60


def issue_ticket(
    *, person: User, host: str, state: str, staff_access_id: int | None = None, now: datetime | None = None
) -> str:
    """A token that signs ``person`` in on ``host`` once, within a minute, in the browser that holds ``state``.

    ``staff_access_id`` makes it the way into a workspace for a member of staff whose stay is open.
    """
    moment = now or timezone.now()
    SignInTicket.objects.filter(expires_at__lt=moment - timedelta(days=1)).delete()
    token = secrets.token_urlsafe(32)
    SignInTicket.objects.create(
        token_hash=hash_token(f"{token}.{state}"),
        user=person,
        host=host,
        staff_access_id=staff_access_id,
        expires_at=moment + timedelta(seconds=VALID_SECONDS),
    )
    return token


def redeem_ticket(*, token: str, host: str, state: str, now: datetime | None = None) -> SignInTicket:
    """The ticket, with its person, for this host and browser. Of two calls at once one wins. Raises ``InvalidToken``."""
    moment, token_hash = now or timezone.now(), hash_token(f"{token}.{state}")
    fresh = SignInTicket.objects.filter(token_hash=token_hash, host=host, used_at=None, expires_at__gt=moment)
    if not fresh.filter(user__is_active=True).update(used_at=moment):
        raise InvalidToken
    return SignInTicket.objects.select_related("user").get(token_hash=token_hash)
