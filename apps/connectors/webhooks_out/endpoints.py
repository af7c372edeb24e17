"""Endpoints as people handle them: create, change, pause, resume, rotate, replay, test. Nothing a person does loses an event."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from apps.connectors.webhooks_out import publishing, sending, signing
from apps.connectors.webhooks_out.enums import DeliveryState, EndpointState
from apps.connectors.webhooks_out.models import OutEvent, WebhookDelivery, WebhookEndpoint
from apps.connectors.webhooks_out.registries import event_types
from apps.core import outbound
from apps.core.errors import Conflict, InvalidInput, NotFound

TEST_EVENT = "webhook.test"
MOST_ENDPOINTS = 20
OVERLAP_HOURS = 24
KEPT = timedelta(days=30)


def create_endpoint(
    *, name: str, url: str, types: Sequence[str], user_id: int | None = None
) -> tuple[WebhookEndpoint, str]:
    """An endpoint and its secret, which is shown this once. Raises ``InvalidInput`` by field, ``OutboundRefused``, ``Conflict``."""
    _check(name=name, url=url, types=types)
    secret = signing.new_secret()
    with transaction.atomic():
        if WebhookEndpoint.objects.count() >= MOST_ENDPOINTS:
            raise Conflict(_("There can be at most %(n)d webhooks. Remove one first.") % {"n": MOST_ENDPOINTS})
        endpoint = WebhookEndpoint.objects.create(
            name=name.strip(), url=url.strip(), types=sorted(set(types)), secret=secret, created_by=user_id
        )
        publishing.set_interest(subscriber=_subscriber(endpoint), types=endpoint.types)
    return endpoint, secret


def change_endpoint(*, endpoint_id: UUID, name: str, url: str, types: Sequence[str]) -> WebhookEndpoint:
    """New name, address or filter; what waits goes to the new address."""
    _check(name=name, url=url, types=types)
    with transaction.atomic():
        endpoint = require(endpoint_id, lock=True)
        endpoint.name, endpoint.url, endpoint.types = name.strip(), url.strip(), sorted(set(types))
        endpoint.save(update_fields=["name", "url", "types"])
        publishing.set_interest(subscriber=_subscriber(endpoint), types=endpoint.types)
    return endpoint


def _check(*, name: str, url: str, types: Sequence[str]) -> None:
    fields: dict[str, str] = {}
    if not name.strip() or len(name) > 120:
        fields["name"] = _("1 to 120 characters.")
    unknown = [kind for kind in types if kind != "*" and kind not in event_types]
    if not types or unknown:
        fields["types"] = _("Choose at least one kind of event.")
    if fields:
        raise InvalidInput(fields=fields)
    outbound.check_url(url.strip())


def _subscriber(endpoint: WebhookEndpoint) -> str:
    return f"endpoint:{endpoint.pk}"


def require(endpoint_id: UUID, *, lock: bool = False) -> WebhookEndpoint:
    """The row. Raises ``NotFound``."""
    rows = WebhookEndpoint.objects.filter(pk=endpoint_id)
    endpoint = (rows.select_for_update() if lock else rows).first()
    if endpoint is None:
        raise NotFound
    return endpoint


def pause(*, endpoint_id: UUID) -> WebhookEndpoint:
    """Send nothing until it is resumed; events are kept for it meanwhile."""
    require(endpoint_id)
    WebhookEndpoint.objects.filter(pk=endpoint_id, state=EndpointState.ACTIVE).update(state=EndpointState.PAUSED)
    return require(endpoint_id)


def resume(*, endpoint_id: UUID) -> WebhookEndpoint:
    """Go on with the oldest event that waits, whoever paused it and for however long."""
    with transaction.atomic():
        endpoint = require(endpoint_id, lock=True)
        if endpoint.state == EndpointState.ACTIVE:
            return endpoint
        endpoint.state, endpoint.failures, endpoint.failing_since, endpoint.next_try_at = (
            EndpointState.ACTIVE,
            0,
            None,
            None,
        )
        endpoint.problem = ""
        endpoint.save(update_fields=["state", "failures", "failing_since", "next_try_at", "problem"])
        WebhookDelivery.objects.filter(endpoint=endpoint, state=DeliveryState.PENDING).update(next_at=Now())
        publishing.enqueue_send([endpoint.pk])
    return endpoint


def remove(*, endpoint_id: UUID) -> str:
    """Forget the endpoint and what waits for it; returns its name."""
    with transaction.atomic():
        endpoint = require(endpoint_id, lock=True)
        publishing.set_interest(subscriber=_subscriber(endpoint), types=[])
        endpoint.delete()
    return endpoint.name


def rotate_secret(*, endpoint_id: UUID) -> str:
    """A new secret, shown once; for a day both sign, so that the receiver can change over without losing anything."""
    with transaction.atomic():
        endpoint = require(endpoint_id, lock=True)
        endpoint.previous_secret, endpoint.secret = endpoint.secret, signing.new_secret()
        endpoint.previous_until = sending.database_now() + timedelta(hours=OVERLAP_HOURS)
        endpoint.save(update_fields=["previous_secret", "secret", "previous_until"])
        return str(endpoint.secret)


def send_test(*, endpoint_id: UUID) -> WebhookDelivery:
    """Send a test event right now and return what came of it. Makes a network call: not inside a transaction."""
    endpoint = require(endpoint_id)
    if endpoint.state == EndpointState.GONE:
        raise Conflict(_("Resume the webhook first."))
    event = OutEvent.objects.create(
        type=TEST_EVENT,
        object_key=f"test:{endpoint.pk}",
        data={"message": "This is a test."},
        handed_at=sending.database_now(),
    )
    event.refresh_from_db()
    delivery = WebhookDelivery(endpoint=endpoint, event=event, object_key=event.object_key, state=DeliveryState.FAILED)
    body, now = sending.body_of(delivery), sending.database_now()
    signed = signing.headers(
        message_id=str(event.uid), timestamp_s=int(now.timestamp()), body=body, secrets=[str(endpoint.secret)]
    )
    answer = sending.post(endpoint.url, body, {"Content-Type": "application/json", **signed})
    delivery.attempts, delivery.tried_at, delivery.done_at, delivery.took_ms = 1, now, now, answer.took_ms
    delivery.status, delivery.answer, delivery.problem = answer.status or None, answer.text, answer.problem[:300]
    delivery.state = DeliveryState.DELIVERED if answer.is_success else DeliveryState.FAILED
    delivery.save()
    return delivery


def replay(*, delivery_id: int) -> WebhookDelivery:
    """Send one finished delivery again, under the same id, so that the receiver can tell. Raises ``NotFound``."""
    with transaction.atomic():
        delivery = WebhookDelivery.objects.select_for_update(of=("self",)).filter(pk=delivery_id).first()
        if delivery is None:
            raise NotFound
        _again(WebhookDelivery.objects.filter(pk=delivery_id))
        publishing.enqueue_send([delivery.endpoint_id])
    delivery.refresh_from_db()
    return delivery


def replay_failed(*, endpoint_id: UUID, since: datetime) -> int:
    """Send everything that was given up since then again, oldest first; returns how many."""
    with transaction.atomic():
        endpoint = require(endpoint_id, lock=True)
        count = _again(
            WebhookDelivery.objects.filter(
                endpoint=endpoint, state=DeliveryState.FAILED, created_at__gte=since
            ).exclude(event__type=TEST_EVENT)
        )
        publishing.enqueue_send([endpoint.pk])
    return count


def _again(deliveries: object) -> int:
    return deliveries.exclude(state=DeliveryState.PENDING).update(  # type: ignore[attr-defined,no-any-return]
        state=DeliveryState.PENDING, attempts=0, strikes=0, next_at=Now(), done_at=None, leased_until=None
    )


def forget_old(*, now: datetime) -> int:
    """Remove what was delivered or given up more than ``KEPT`` ago, and events nobody waits for any more."""
    old = WebhookDelivery.objects.filter(done_at__lt=now - KEPT).order_by("done_at").values_list("pk", flat=True)[:5000]
    removed, _kinds = WebhookDelivery.objects.filter(pk__in=list(old)).delete()
    spent = OutEvent.objects.filter(handed_at__lt=now - KEPT, deliveries__isnull=True).values_list("pk", flat=True)[
        :5000
    ]
    OutEvent.objects.filter(pk__in=list(spent)).delete()
    return removed
