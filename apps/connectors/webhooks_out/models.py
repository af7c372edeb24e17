"""What happened, who wants to know, and each event's way to each endpoint (tenant schema)."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from apps.connectors.webhooks_out.enums import DeliveryState, EndpointState
from apps.core.fields import EncryptedTextField
from apps.core.ids import new_id


class EventInterest(models.Model):
    """That somebody wants events of these types (``*`` = all). Without any interest in its type an event is not even stored."""

    subscriber = models.CharField(max_length=80, primary_key=True)
    types = models.JSONField(default=list)

    def __str__(self) -> str:
        return self.subscriber


class OutEvent(models.Model):
    """Something that happened, written in the transaction in which it did. ``id`` gives the order.

    Events of one ``object_key`` are told in this order. ``handed_at`` is set when every listener and endpoint has its own row.
    """

    id = models.BigAutoField(primary_key=True)
    uid = models.UUIDField(unique=True, default=new_id, editable=False)
    type = models.CharField(max_length=80)
    object_key = models.CharField(max_length=120)
    data = models.JSONField()
    occurred_at = models.DateTimeField(db_default=Now())
    handed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(type="") & ~Q(object_key=""), name="connectors_outevent_is_named")
        ]
        indexes = [models.Index(fields=["id"], condition=Q(handed_at__isnull=True), name="connectors_outevent_open")]

    def __str__(self) -> str:
        return f"{self.type} {self.object_key}"


class WebhookEndpoint(models.Model):
    """An address that is told about events. ``next_try_at`` is set while it fails: until then nothing but the oldest is tried."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=120)
    url = models.CharField(max_length=2048)
    types = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=EndpointState, default=EndpointState.ACTIVE)
    secret = EncryptedTextField()
    previous_secret = EncryptedTextField(blank=True, default="")
    previous_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="Failures in a row over all deliveries.")
    failing_since = models.DateTimeField(null=True)
    next_try_at = models.DateTimeField(null=True)
    succeeded_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True, default="")
    created_by = models.BigIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=EndpointState.values), name="connectors_webhookendpoint_state_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One event for one endpoint, once (constraint). ``leased_until`` keeps a second worker away while it is being sent."""

    id = models.BigAutoField(primary_key=True)
    endpoint = models.ForeignKey(WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", db_index=False)
    event = models.ForeignKey(OutEvent, on_delete=models.CASCADE, related_name="deliveries")
    object_key = models.CharField(max_length=120)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.PENDING)
    attempts = models.PositiveIntegerField(default=0)
    strikes = models.PositiveSmallIntegerField(default=0, help_text="Failures while the endpoint took others.")
    next_at = models.DateTimeField(db_default=Now())
    leased_until = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True)
    answer = models.CharField(max_length=500, blank=True, default="")
    problem = models.CharField(max_length=300, blank=True, default="")
    took_ms = models.PositiveIntegerField(null=True)
    created_at = models.DateTimeField(db_default=Now())
    tried_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["endpoint", "event"], name="connectors_webhookdelivery_once"),
            models.CheckConstraint(
                condition=Q(state="pending", done_at__isnull=True) | (~Q(state="pending") & Q(done_at__isnull=False)),
                name="connectors_webhookdelivery_done_when_final",
            ),
        ]
        indexes = [
            models.Index(
                fields=["endpoint", "object_key", "event"],
                condition=Q(state="pending"),
                name="connectors_delivery_pending",
            ),
            models.Index(fields=["endpoint", "-id"], name="connectors_delivery_latest"),
            models.Index(fields=["done_at"], condition=Q(done_at__isnull=False), name="connectors_delivery_done"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} to {self.endpoint_id}"
