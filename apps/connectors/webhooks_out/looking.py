"""Reads for the pages and notices about outgoing webhooks."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from apps.connectors.webhooks_out.enums import DeliveryState, EndpointState
from apps.connectors.webhooks_out.models import WebhookDelivery, WebhookEndpoint
from apps.core.dashboard import Notice
from apps.core.errors import NotFound

LATEST = 50


def list_endpoints() -> "QuerySet[WebhookEndpoint, Any]":
    """All endpoints by name, with how many events wait and were given up."""
    return WebhookEndpoint.objects.annotate(
        waiting=Count("deliveries", filter=Q(deliveries__state=DeliveryState.PENDING)),
        given_up=Count("deliveries", filter=Q(deliveries__state=DeliveryState.FAILED)),
    ).order_by("name", "id")


def list_deliveries(endpoint_id: UUID, *, limit: int = LATEST) -> list[WebhookDelivery]:
    """The latest deliveries to an endpoint, newest first, with their events."""
    return find_deliveries(endpoint_id=endpoint_id, limit=limit)


def find_deliveries(
    *, endpoint_id: UUID | None = None, state: str = "", kind: str = "", before: int | None = None, limit: int = LATEST
) -> list[WebhookDelivery]:
    """Deliveries with an id below ``before``, newest first, with their events. One query."""
    rows = WebhookDelivery.objects.select_related("event")
    if endpoint_id is not None:
        rows = rows.filter(endpoint_id=endpoint_id)
    if state:
        rows = rows.filter(state=state)
    if kind:
        rows = rows.filter(event__type=kind)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    return list(rows.order_by("-id")[:limit])


def get_delivery(delivery_id: int) -> WebhookDelivery:
    """One delivery with its event. Raises ``NotFound``."""
    row = WebhookDelivery.objects.select_related("event").filter(pk=delivery_id).first()
    if row is None:
        raise NotFound
    return row


def counts(endpoint_id: UUID) -> Mapping[str, int]:
    """How many wait, arrived and were given up, as far as they are kept."""
    rows = WebhookDelivery.objects.filter(endpoint_id=endpoint_id).values_list("state").annotate(n=Count("id"))
    return dict.fromkeys(DeliveryState.values, 0) | dict(rows)


def stopped(limit: int) -> list[Notice]:
    """Endpoints that stopped by themselves and need a person. One query."""
    rows = WebhookEndpoint.objects.filter(state__in=[EndpointState.FAILING, EndpointState.GONE]).order_by("name")
    return [
        Notice(
            title=_("The webhook %(name)s stopped") % {"name": row.name},
            text=row.problem,
            url=reverse("webhooks:webhook_detail", args=[row.pk]),
            icon="webhook",
            at=row.failing_since,
            tone="bad",
        )
        for row in rows[:limit]
    ]
