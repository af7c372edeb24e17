"""What dispatch runs for outgoing webhooks: thin, safe to run twice."""

from django.db.models import Q
from django.db.models.functions import Now

from apps.connectors.webhooks_out import endpoints, publishing, sending
from apps.connectors.webhooks_out.enums import DeliveryState, EndpointState
from apps.connectors.webhooks_out.models import OutEvent, WebhookEndpoint
from apps.dispatch.contracts import JobContext

HAND_ON, SEND, SWEEP = publishing.HAND_ON, publishing.SEND, "webhooks.sweep"
AT_ONCE = 500


def hand_on(job: JobContext) -> None:
    """Something happened that somebody wants to know."""
    publishing.hand_on()


def send(job: JobContext) -> None:
    """Something is due for one endpoint; a long queue is worked off in several jobs, so that others get their turn."""
    if sending.send_due(endpoint_id=job.work.ref, limit=AT_ONCE) >= AT_ONCE:
        publishing.enqueue_send([job.work.ref])


def sweep(job: JobContext) -> None:
    """Catch up with what a lost work item left behind, and forget what is old."""
    if OutEvent.objects.filter(handed_at__isnull=True).exists():
        publishing.enqueue_hand_on()
    due = Q(deliveries__state=DeliveryState.PENDING, deliveries__next_at__lte=Now())
    ready = Q(next_try_at__isnull=True) | Q(next_try_at__lte=Now())
    waiting = (
        WebhookEndpoint.objects.filter(due & ready, state=EndpointState.ACTIVE).distinct().values_list("pk", flat=True)
    )
    publishing.enqueue_send(list(waiting))
    endpoints.forget_old(now=job.now())
