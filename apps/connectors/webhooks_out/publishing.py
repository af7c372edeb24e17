"""From something that happened to a row for everybody who wants to know: written with the thing itself, handed on in order."""

import json
from collections.abc import Iterable, Sequence

from django.db import connection, transaction
from django.db.models.functions import Now

from apps.connectors.webhooks_out.contracts import HeardEvent, NewEvent
from apps.connectors.webhooks_out.enums import EndpointState
from apps.connectors.webhooks_out.models import EventInterest, OutEvent, WebhookDelivery, WebhookEndpoint
from apps.connectors.webhooks_out.registries import event_listeners, event_types
from apps.core.ids import new_id
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import NewWork
from apps.tenants.facade import current_tenant

HAND_ON = "events.hand_on"
SEND = "webhooks.send"
PAGE = 500
LOCK = 7_301_442
# One statement, and no row at all where nobody is interested: a workspace without webhooks pays one index look-up.
INSERT = """
INSERT INTO connectors_outevent (uid, type, object_key, data, occurred_at)
SELECT fresh.uid::uuid, fresh.type, fresh.object_key, fresh.data::jsonb, clock_timestamp()
FROM unnest(%(uids)s::text[], %(types)s::text[], %(objects)s::text[], %(data)s::text[]) WITH ORDINALITY
     AS fresh(uid, type, object_key, data, place)
WHERE EXISTS (SELECT 1 FROM connectors_eventinterest i WHERE i.types ? fresh.type OR i.types ? '*')
ORDER BY fresh.place
"""


def publish(events: Sequence[NewEvent]) -> int:
    """Write down what happens, in the caller's transaction; it is told after commit. Returns how many somebody wants to know of.

    Events about one object are told in the order of their transactions. Raises ``NotFound`` for an unregistered type.
    """
    if not events:
        return 0
    for event in events:
        event_types.get(event.type)
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            {
                "uids": [str(new_id()) for _ in events],
                "types": [event.type for event in events],
                "objects": [event.object_key[:120] for event in events],
                "data": [json.dumps(dict(event.data), default=str).replace("\\u0000", "") for event in events],
            },
        )
        stored = int(cursor.rowcount)
    if stored:
        enqueue_hand_on()
    return stored


def enqueue_hand_on() -> None:
    """Have a worker hand events on."""
    work = NewWork(kind=HAND_ON, ref="events", dedupe_key="events", again=True)
    dispatch.enqueue(tenant_id=current_tenant().id, work=work)


def hand_on() -> int:
    """Give every endpoint and listener its own row of what is new, in order; returns how many events were handed on.

    One worker at a time and workspace, since two at once could overtake each other; whoever comes second finds nothing to do.
    """
    handed = 0
    while page := _hand_on_page():
        handed += page
    return handed


def _hand_on_page() -> int:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(current_schema()))", [LOCK])
        events = list(OutEvent.objects.filter(handed_at__isnull=True).order_by("id")[:PAGE])
        if not events:
            return 0
        endpoints = list(WebhookEndpoint.objects.exclude(state=EndpointState.GONE))
        wanted = [
            WebhookDelivery(endpoint=endpoint, event=event, object_key=event.object_key)
            for event in events
            for endpoint in endpoints
            if wants(endpoint.types, event.type)
        ]
        WebhookDelivery.objects.bulk_create(wanted, ignore_conflicts=True)
        for event in events:
            heard = HeardEvent(
                uid=event.uid,
                type=event.type,
                object_key=event.object_key,
                data=event.data,
                occurred_at=event.occurred_at,
            )
            for listener in event_listeners:
                listener.hear(heard)
        OutEvent.objects.filter(pk__in=[event.pk for event in events]).update(handed_at=Now())
        enqueue_send({delivery.endpoint_id for delivery in wanted})
        return len(events)


def enqueue_send(endpoint_ids: Iterable[object], *, delay_s: float = 0) -> None:
    """Have workers send what is due to these endpoints."""
    tenant_id = current_tenant().id
    for endpoint_id in endpoint_ids:
        key = f"{endpoint_id}:{'later' if delay_s else 'now'}"
        work = NewWork(kind=SEND, ref=str(endpoint_id), dedupe_key=key, delay_s=delay_s, again=not delay_s)
        dispatch.enqueue(tenant_id=tenant_id, work=work)


def wants(types: Sequence[str], kind: str) -> bool:
    """Whether a filter lets a type through: ``*`` or the type itself."""
    return "*" in types or kind in types


def set_interest(*, subscriber: str, types: Sequence[str]) -> None:
    """Have events of these types kept for a subscriber; none ends its interest. Raises ``NotFound`` for an unknown type."""
    for kind in types:
        if kind != "*":
            event_types.get(kind)
    if types:
        EventInterest.objects.update_or_create(subscriber=subscriber, defaults={"types": sorted(set(types))})
    else:
        EventInterest.objects.filter(subscriber=subscriber).delete()
