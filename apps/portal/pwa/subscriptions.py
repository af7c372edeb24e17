"""Which browsers want to hear that a review waits, and until when: the end of the sign-in they belong to."""

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts.facade import permissions_of
from apps.core.errors import InvalidInput
from apps.core.outbound import check_url
from apps.portal.models import PushSubscription
from apps.portal.pwa.encryption import read_receiver

PER_PERSON = 10
LONGEST_ENDPOINT = 1000


def subscribe(*, tenant_id: int, user_id: int, session_key: str, data: Any, language: str) -> UUID:
    """Keep a browser's subscription as ``PushSubscription.toJSON()`` gives it; a second call renews it.

    A person keeps the latest ``PER_PERSON``. Raises ``InvalidInput`` naming the field, ``OutboundRefused`` for an address this
    platform does not call.
    """
    endpoint, keys = _read(data)
    check_url(endpoint)
    mark = hashed(endpoint)
    with transaction.atomic():
        PushSubscription.objects.filter(endpoint_hash=mark).delete()
        row = PushSubscription(
            tenant_id=tenant_id,
            user_id=user_id,
            session_hash=hashed(session_key),
            endpoint_hash=mark,
            endpoint=endpoint,
            public_key=keys["p256dh"],
            auth_secret=keys["auth"],
            language=language,
        )
        row.save(force_insert=True)
        mine = PushSubscription.objects.filter(tenant_id=tenant_id, user_id=user_id).order_by("-created_at", "-id")
        PushSubscription.objects.filter(pk__in=list(mine.values_list("pk", flat=True)[PER_PERSON:])).delete()
    return row.pk


def unsubscribe(*, user_id: int, endpoint: str) -> bool:
    """Forget one browser of this person. False when it was not known."""
    return bool(PushSubscription.objects.filter(user_id=user_id, endpoint_hash=hashed(endpoint)).delete()[0])


def end_session(session_key: str) -> int:
    """Forget what a sign-in had subscribed. Returns how many."""
    return PushSubscription.objects.filter(session_hash=hashed(session_key)).delete()[0]


def forget_person(*, user_id: int, tenant_id: int) -> int:
    """Forget a person's browsers in one workspace: they left it. Returns how many."""
    return PushSubscription.objects.filter(user_id=user_id, tenant_id=tenant_id).delete()[0]


def has_subscription(*, tenant_id: int, user_id: int) -> bool:
    """Whether any browser of this person listens here."""
    return PushSubscription.objects.filter(tenant_id=tenant_id, user_id=user_id).exists()


def listeners(*, tenant_id: int) -> list[UUID]:
    """Subscriptions of people who may decide reviews in this workspace, by sign-ins that still last; the others are forgotten."""
    rows = list(PushSubscription.objects.filter(tenant_id=tenant_id).only("id", "user_id", "session_hash"))
    alive = _living_sessions({row.user_id for row in rows})
    may = {user_id: "tasks.review" in permissions_of(user_id, tenant_id) for user_id in {row.user_id for row in rows}}
    ended = [row.pk for row in rows if row.session_hash not in alive]
    if ended:
        PushSubscription.objects.filter(pk__in=ended).delete()
    return [row.pk for row in rows if row.session_hash in alive and may[row.user_id]]


def hashed(text: str) -> str:
    """How an address or a session is found again without being kept."""
    return hashlib.sha256(text.encode()).hexdigest()


def _living_sessions(user_ids: Iterable[int]) -> set[str]:
    keys = UserSession.objects.filter(user_id__in=list(user_ids))
    return {hashed(key) for key in keys.values_list("session_key", flat=True)}


def _read(data: Any) -> tuple[str, dict[str, str]]:
    wrong: dict[str, str] = {}
    given = data if isinstance(data, dict) else {}
    endpoint, keys = given.get("endpoint"), given.get("keys")
    if not isinstance(endpoint, str) or not 10 < len(endpoint) <= LONGEST_ENDPOINT:
        wrong["endpoint"] = _("The browser's address for messages is missing or too long.")
    keys = keys if isinstance(keys, dict) else {}
    try:
        read_receiver(p256dh=str(keys.get("p256dh", "")), auth=str(keys.get("auth", "")))
    except ValueError:
        wrong["keys"] = _("The browser's keys are missing or damaged. Switch notifications off and on again.")
    if wrong:
        raise InvalidInput(fields=wrong)
    return str(endpoint), {"p256dh": str(keys["p256dh"]), "auth": str(keys["auth"])}
