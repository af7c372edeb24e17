"""JSON Web Tokens (RFC 7519) for first-party API clients: access 15 minutes, refresh 24 hours, rotated at each use.

A sign-in is a family: one ``ApiSession`` row naming the one refresh token that may be exchanged. Rotation is a single
conditional update, so of two exchanges of one token one wins; presenting a token that was exchanged before revokes the
family, because then it is in two hands (RFC 9700, 4.14.2). Tokens carry the tenant and its epoch and work nowhere else.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID, uuid4

from django.conf import settings
from django.utils import timezone
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

from apps.accounts.errors import InvalidToken
from apps.accounts.models import ApiSession, User
from apps.accounts.selectors import get_membership
from apps.core.errors import NotFound
from apps.core.ids import new_id

LONGEST_DAYS = 30
REUSED = "reuse"


@dataclass(frozen=True, kw_only=True)
class TokenPair:
    """What a client gets; lifetimes in seconds."""

    access: str
    refresh: str
    access_expires_in: int
    refresh_expires_in: int

    def __repr__(self) -> str:
        return "TokenPair(access=****, refresh=****)"


@dataclass(frozen=True, kw_only=True)
class Claims:
    """What a valid token says."""

    user_id: int
    tenant_id: int
    epoch: int
    family: UUID
    jti: str


def start_session(
    *, person: User, tenant_id: int, epoch: int, label: str = "", now: datetime | None = None
) -> TokenPair:
    """Start a family of tokens for one person in one tenant."""
    moment = now or timezone.now()
    claims = Claims(user_id=person.pk, tenant_id=tenant_id, epoch=epoch, family=new_id(), jti=uuid4().hex)
    ApiSession.objects.create(
        id=claims.family,
        user=person,
        tenant_id=tenant_id,
        current_jti=claims.jti,
        label=label[:200],
        expires_at=moment + _refresh_lifetime(),
    )
    return _pair(claims)


def refresh_session(*, refresh: str, tenant_id: int, epoch: int, now: datetime | None = None) -> TokenPair:
    """Exchange a refresh token for a new pair; the old one is spent.

    Raises ``InvalidToken`` for anything else, and revokes the family when the token was spent before.
    """
    moment = now or timezone.now()
    claims = _read(RefreshToken, refresh)
    if claims.tenant_id != tenant_id or claims.epoch != epoch:
        raise InvalidToken(detail="token of another tenant or epoch")
    following = uuid4().hex
    alive = ApiSession.objects.filter(
        pk=claims.family,
        tenant_id=tenant_id,
        user_id=claims.user_id,
        revoked_at=None,
        expires_at__gt=moment,
        created_at__gt=moment - timedelta(days=LONGEST_DAYS),
    )
    if not alive.filter(current_jti=claims.jti).update(
        current_jti=following, refreshed_at=moment, expires_at=moment + _refresh_lifetime()
    ):
        if alive.update(revoked_at=moment, revoked_reason=REUSED):
            raise InvalidToken(detail=f"family {claims.family} revoked: a spent refresh token came back")
        raise InvalidToken(detail="family unknown, revoked or expired")
    if get_membership(user_id=claims.user_id, tenant_id=tenant_id) is None:
        raise InvalidToken(detail="no membership any more")
    return _pair(Claims(**{**claims.__dict__, "jti": following}))


def revoke_session(*, refresh: str, tenant_id: int, now: datetime | None = None) -> None:
    """End the family of a refresh token, spent or not; tokens that are not valid here are ignored (RFC 7009, 2.2)."""
    try:
        claims = _read(RefreshToken, refresh)
    except InvalidToken:
        return
    ApiSession.objects.filter(pk=claims.family, tenant_id=tenant_id, revoked_at=None).update(
        revoked_at=now or timezone.now(), revoked_reason="client"
    )


def revoke_all_sessions(*, user_id: int, reason: str, now: datetime | None = None) -> int:
    """End every family of a person, for example after a new password; returns how many."""
    alive = ApiSession.objects.filter(user_id=user_id, revoked_at=None)
    return alive.update(revoked_at=now or timezone.now(), revoked_reason=reason[:40])


def read_access(*, token: str, tenant_id: int, epoch: int) -> Claims:
    """Claims of an access token that is valid for this tenant and whose family is not revoked. Raises ``InvalidToken``."""
    claims = _read(AccessToken, token)
    if claims.tenant_id != tenant_id or claims.epoch != epoch:
        raise InvalidToken(detail="token of another tenant or epoch")
    if not ApiSession.objects.filter(
        pk=claims.family, user_id=claims.user_id, tenant_id=tenant_id, revoked_at=None
    ).exists():
        raise InvalidToken(detail="family revoked")
    return claims


def _read(kind: type[AccessToken] | type[RefreshToken], raw: str) -> Claims:
    try:
        payload = kind(raw).payload  # type: ignore[arg-type]  # its stub knows tokens only, its code takes the text
        return Claims(
            user_id=int(payload["sub"]),
            tenant_id=int(payload["tid"]),
            epoch=int(payload["epo"]),
            family=UUID(payload["fam"]),
            jti=str(payload["jti"]),
        )
    except (TokenError, KeyError, TypeError, ValueError) as error:
        raise InvalidToken(detail=type(error).__name__) from None


def _pair(claims: Claims) -> TokenPair:
    access, refresh = AccessToken(), RefreshToken()
    body: dict[str, Any] = {
        "sub": str(claims.user_id),
        "tid": claims.tenant_id,
        "epo": claims.epoch,
        "fam": str(claims.family),
    }
    for token in (access, refresh):
        token.payload.update(body)
    refresh.payload["jti"] = claims.jti
    return TokenPair(
        access=str(access),
        refresh=str(refresh),
        access_expires_in=int(cast("timedelta", settings.SIMPLE_JWT["ACCESS_TOKEN_LIFETIME"]).total_seconds()),
        refresh_expires_in=int(_refresh_lifetime().total_seconds()),
    )


def _refresh_lifetime() -> timedelta:
    return cast("timedelta", settings.SIMPLE_JWT["REFRESH_TOKEN_LIFETIME"])


def revoke_own_session(*, session_id: UUID, user_id: int, now: datetime | None = None) -> None:
    """End one of a person's families. Raises ``NotFound`` for somebody else's and unknown ones alike."""
    own = ApiSession.objects.filter(pk=session_id, user_id=user_id, revoked_at=None)
    if not own.update(revoked_at=now or timezone.now(), revoked_reason="person"):
        raise NotFound
