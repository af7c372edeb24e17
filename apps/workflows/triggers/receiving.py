"""Deliveries from outside: proven, stored, answered; carried out afterwards by a worker, in any order, each once."""

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.cache import caches
from django.db import connection, transaction
from django.db.models import F
from django.http import QueryDict

from apps.core.errors import InvalidInput, NotFound
from apps.workflows.engine.plain_json import UnstorableValue, storable
from apps.workflows.models import Firing, Trigger
from apps.workflows.triggers import firing, verifying
from apps.workflows.triggers.enums import FiringState
from apps.workflows.triggers.errors import (
    DeliveryRefused,
    DeliveryTooLarge,
    NotReplayable,
    TooManyDeliveries,
    UnsupportedBody,
)

LARGEST = 256 * 1024
RATE_PER_MINUTE = 120
WINDOW_S = 86_400
LONGEST_KEY = 64
KEPT_HEADERS = 30
PRIVATE = re.compile(r"auth|cookie|signature|token|secret|forwarded|api-?key", re.IGNORECASE)
Json = Any


def receive(
    trigger: Trigger, *, headers: Mapping[str, str], body: bytes, payload: Mapping[str, Json], largest: int = LARGEST
) -> tuple[Firing, bool]:
    """Take one delivery for the trigger ``find`` gave: the occasion, and whether it is new.

    ``payload`` is what was parsed, ``body`` the raw bytes the signature covers. Stored before this returns; carried out afterwards.
    Raises ``TooManyDeliveries``, ``DeliveryRefused``, ``InvalidInput``.
    """
    if len(body) > largest:
        raise DeliveryTooLarge
    now = firing.database_now()
    _require_pace(trigger)
    secrets = [trigger.secret]
    if trigger.previous_until and trigger.previous_until > now:
        secrets.append(trigger.previous_secret)
    if not verifying.is_genuine(
        config=trigger.config, headers=headers, body=body, secrets=secrets, now_s=now.timestamp()
    ):
        raise DeliveryRefused(detail=f"trigger {trigger.pk}")
    try:
        kept = json.loads(storable(dict(payload), limit=largest * 2))
    except UnstorableValue as problem:
        raise InvalidInput(fields={"body": str(problem)}) from None
    return _store(trigger, kept, dedupe=_identity(trigger, headers, body), now=now)


def find(*, key: str, kind: str) -> Trigger:
    """The trigger behind an address. Raises ``NotFound``, the same for unknown, switched off, set aside and archived."""
    rows = Trigger.objects.select_related("workflow").filter(address_key=key, kind=kind, removed_at__isnull=True)
    trigger = rows.filter(enabled=True, workflow__archived_at__isnull=True).first()
    if trigger is None:
        raise NotFound
    return trigger


def _require_pace(trigger: Trigger) -> None:
    """At most so many deliveries a minute and endpoint; forged ones count too."""
    limit = trigger.config.get("rate_per_minute", RATE_PER_MINUTE)
    key = f"trigger-rate:{trigger.pk}"
    cache = caches["tenant"]
    cache.add(key, 0, 60)
    try:
        count = cache.incr(key)
    except ValueError:  # it ran out between the two calls
        return
    if count > limit:
        raise TooManyDeliveries(retry_after=60)


def _identity(trigger: Trigger, headers: Mapping[str, str], body: bytes) -> str:
    """What makes two deliveries the same: the sender's id where there is one, else the body."""
    names = [trigger.config.get("dedupe_header", ""), "webhook-id", "x-github-delivery"]
    given = next((headers[name.lower()] for name in names if name and headers.get(name.lower())), "")
    return hashlib.sha256(b"id:" + given.encode() if given else b"body:" + body).hexdigest()


def _store(trigger: Trigger, payload: dict[str, Json], *, dedupe: str, now: datetime) -> tuple[Firing, bool]:
    window = timedelta(seconds=trigger.config.get("dedupe_window_s", WINDOW_S))
    with transaction.atomic():
        with connection.cursor() as cursor:
            # Two copies that arrive at the same moment take turns, so that the second sees the first.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{trigger.pk}:{dedupe}"])
        earlier = (
            Firing.objects.filter(trigger=trigger, dedupe=dedupe, replay_of__isnull=True, created_at__gt=now - window)
            .only("pk")
            .first()
        )
        if earlier is not None:
            Firing.objects.filter(pk=earlier.pk).update(repeats=F("repeats") + 1)
            return earlier, False
        taken = Firing.objects.create(trigger=trigger, dedupe=dedupe, state=FiringState.RECEIVED, payload=payload)
        firing.enqueue_begin(taken)
        return taken, True


def replay(*, firing_id: UUID) -> Firing:
    """Carry a kept delivery or event out once more, by today's version. Raises ``NotFound``, ``NotReplayable``."""
    with transaction.atomic():
        first = Firing.objects.select_related("trigger").filter(pk=firing_id, trigger__removed_at__isnull=True).first()
        if first is None:
            raise NotFound
        if first.state == FiringState.MISSED or first.scheduled_at is not None:
            raise NotReplayable
        again = Firing.objects.create(
            trigger=first.trigger,
            state=FiringState.RECEIVED,
            payload=first.payload,
            depth=first.depth,
            replay_of=first.pk,
        )
        firing.enqueue_begin(again)
        return again


def parsed(*, content_type: str, body: bytes, encoding: str = "utf-8") -> Json:
    """The body as JSON, a form's fields, or text. Raises ``UnsupportedBody``, ``InvalidInput``."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/json" or kind.endswith("+json"):
        try:
            return json.loads(body or b"null")
        except (ValueError, RecursionError):
            raise InvalidInput(fields={"body": "not JSON"}) from None
    if kind == "application/x-www-form-urlencoded":
        fields = QueryDict(body, encoding=encoding)
        return {name: values[0] if len(values) == 1 else values for name, values in fields.lists()}
    if kind.startswith("text/") or not kind:
        return body.decode("utf-8", "replace").replace("\x00", "")
    raise UnsupportedBody


def kept_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What a run may see of the headers: nothing that proves an identity."""
    shown = sorted((name.lower(), value[:300]) for name, value in headers.items() if not PRIVATE.search(name))
    return dict(shown[:KEPT_HEADERS])
