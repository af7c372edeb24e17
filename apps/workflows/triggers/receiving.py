"""Deliveries from outside: proven, stored with the run they start, answered; carried out by a worker, in any order, each once."""

import hashlib
import json
import logging
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.cache import caches
from django.db import transaction
from django.http import QueryDict

from apps.core.errors import InvalidInput, NotFound
from apps.workflows.engine.plain_json import UnstorableValue, storable
from apps.workflows.faultpoints import reach
from apps.workflows.models import Firing, Trigger
from apps.workflows.triggers import firing, store, verifying
from apps.workflows.triggers.enums import FiringState, TriggerKind
from apps.workflows.triggers.errors import (
    DeliveryRefused,
    DeliveryTooLarge,
    NotReplayable,
    TooManyDeliveries,
    UnsupportedBody,
)

logger = logging.getLogger(__name__)

LARGEST = 256 * 1024
RATE_PER_MINUTE = 120
WINDOW_S = 86_400
LONGEST_KEY = 64
KEPT_HEADERS = 30
PRIVATE = re.compile(r"auth|cookie|signature|token|secret|forwarded|api-?key", re.IGNORECASE)
Json = Any


def receive(
    trigger: Trigger, *, headers: Mapping[str, str], body: bytes, payload: Mapping[str, Json], largest: int = LARGEST
) -> tuple[UUID, bool]:
    """Take one delivery for the trigger ``find`` gave: the occasion's id, and whether it is new.

    ``payload`` is what was parsed, ``body`` the raw bytes the signature covers. Stored, with its run queued, before this returns.
    Raises ``TooManyDeliveries``, ``DeliveryRefused``, ``InvalidInput``.
    """
    if len(body) > largest:
        raise DeliveryTooLarge
    now = trigger.read_at
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
    trigger = store.trigger_at(key=key, kind=kind)
    if trigger is None:
        raise NotFound
    return trigger


def _require_pace(trigger: Trigger) -> None:
    """At most so many deliveries a minute and endpoint; forged ones count too."""
    limit = trigger.config.get("rate_per_minute", RATE_PER_MINUTE)
    key = f"trigger-rate:{trigger.pk}"
    cache = caches["tenant"]
    for _twice in range(2):
        try:
            count = cache.incr(key)
            break
        except ValueError:  # the first of this minute
            cache.add(key, 0, 60)
    else:  # it ran out between the two calls
        return
    if count > limit:
        raise TooManyDeliveries(retry_after=60)


def _identity(trigger: Trigger, headers: Mapping[str, str], body: bytes) -> str:
    """What makes two deliveries the same: the sender's id where there is one, else the body."""
    names = [trigger.config.get("dedupe_header", ""), "webhook-id", "x-github-delivery"]
    given = next((headers[name.lower()] for name in names if name and headers.get(name.lower())), "")
    return hashlib.sha256(b"id:" + given.encode() if given else b"body:" + body).hexdigest()


def _store(trigger: Trigger, payload: dict[str, Json], *, dedupe: str, now: datetime) -> tuple[UUID, bool]:
    window = timedelta(seconds=trigger.config.get("dedupe_window_s", WINDOW_S))
    with transaction.atomic():
        earlier = store.repeat_of(trigger=trigger, dedupe=dedupe, now=now, window=window)
        if earlier is not None:
            return earlier, False
        taken = Firing(trigger=trigger, dedupe=dedupe, state=FiringState.RECEIVED, payload=payload)
        if trigger.kind == TriggerKind.WEBHOOK and not trigger.config.get("task"):
            _begin_at_once(taken, trigger, now)
        store.insert(taken)
        reach("delivery.before_commit")
        if taken.state == FiringState.RECEIVED:
            firing.enqueue_begin(taken)
    reach("delivery.after_commit")
    return taken.pk, True


def _begin_at_once(taken: Firing, trigger: Trigger, now: datetime) -> None:
    """Queue the run in the transaction that stores the delivery; what fails unforeseen is left to a worker, delivery and all.

    The savepoint keeps a failed statement from taking the delivery with it; what was noted before it has not happened then.
    """
    try:
        with transaction.atomic():
            firing.decide(taken, trigger=trigger, now=now)
    except Exception:
        taken.state, taken.decided_at, taken.run_id = FiringState.RECEIVED, None, None
        taken.code = taken.problem = ""
        logger.exception("a delivery could not be begun at once", extra={"trigger": str(trigger.pk)})


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
