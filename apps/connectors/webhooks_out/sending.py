"""Telling endpoints: signed, in order for each object, over days, without losing anything.

A delivery follows its own timetable. When an endpoint as a whole keeps failing, one delivery is tried from time to time, each in
turn, and none loses a chance by it, so an outage of any length costs nothing but time; after ``REST_AFTER`` the endpoint rests
until a person resumes it. A delivery is given up only when it failed through its whole timetable while the endpoint took others:
then it is the delivery that is wrong, and the next one about the same object may go on.
"""

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import httpx
from django.db import connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from apps.connectors.webhooks_out import publishing, signing
from apps.connectors.webhooks_out.enums import DeliveryState, EndpointState
from apps.connectors.webhooks_out.models import WebhookDelivery, WebhookEndpoint
from apps.core import outbound
from apps.core.errors import PlatformError

# Seconds after each failed attempt: the timetable of the Standard Webhooks specification, about 75.6 hours in all.
TIMETABLE = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
BREAKER = 3
PROBE_FIRST_S, PROBE_LAST_S = 30, 900
REST_AFTER = timedelta(hours=76)
TIMEOUT_S = 20.0
LEASE_S = 60
BATCH = 50
SOON_S = 5
ANSWER_CHARS = 500
LONGEST_PAUSE_S = 3_600
GONE = 410
# The oldest pending delivery of each object. A row is taken once: whoever sets the lease has it.
HEADS = """
SELECT DISTINCT ON (d.object_key) d.id, d.next_at, d.leased_until, d.event_id, d.tried_at
FROM connectors_webhookdelivery d WHERE d.endpoint_id = %(endpoint)s AND d.state = 'pending' ORDER BY d.object_key, d.event_id
"""
TAKE = f"""
WITH heads AS ({HEADS}), due AS (
    SELECT d.id FROM connectors_webhookdelivery d JOIN heads h ON h.id = d.id
    WHERE (h.next_at <= %(now)s OR %(probe)s) AND (h.leased_until IS NULL OR h.leased_until <= %(now)s) AND d.state = 'pending'
    ORDER BY CASE WHEN %(probe)s THEN h.tried_at END NULLS FIRST, h.event_id LIMIT %(limit)s FOR UPDATE OF d SKIP LOCKED
)
UPDATE connectors_webhookdelivery d SET leased_until = %(until)s FROM due
WHERE d.id = due.id AND (d.leased_until IS NULL OR d.leased_until <= %(now)s) RETURNING d.id
"""  # noqa: S608 - made of fixed texts
NEXT = f"SELECT min(greatest(next_at, coalesce(leased_until, next_at))) FROM ({HEADS}) heads"  # noqa: S608 - made of fixed texts


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back: the status (0 = nothing did), the beginning of the body, what the sender asks for."""

    status: int
    text: str = ""
    retry_after_s: float | None = None
    problem: str = ""
    took_ms: int = 0

    @property
    def is_success(self) -> bool:
        """Any 2xx."""
        return 200 <= self.status < 300


Transport = Callable[[str, bytes, Mapping[str, str]], Answer]
Clock = Callable[[], datetime]


def database_now() -> datetime:
    """The database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]  # type: ignore[no-any-return]


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
    """One attempt over the guarded client; never raises for what the other side does."""
    begun = datetime.now().timestamp()  # noqa: DTZ005 - a difference only

    def took() -> int:
        return round((datetime.now().timestamp() - begun) * 1000)  # noqa: DTZ005 - a difference only

    try:
        with outbound.client(purpose="webhooks", timeout=TIMEOUT_S, max_bytes=65_536) as client:
            answer = client.post(url, content=body, headers=dict(headers))
            text = answer.text[:ANSWER_CHARS].replace("\x00", "")
            return Answer(
                status=answer.status_code,
                text=text,
                retry_after_s=_seconds(answer.headers.get("retry-after")),
                took_ms=took(),
            )
    except PlatformError as error:
        return Answer(status=0, problem=error.text, took_ms=took())
    except httpx.HTTPError as error:
        return Answer(status=0, problem=type(error).__name__, took_ms=took())


def _seconds(value: str | None) -> float | None:
    return min(float(value), LONGEST_PAUSE_S) if value and value.isascii() and value.isdigit() else None


def send_due(
    *, endpoint_id: UUID | str, transport: Transport = post, clock: Clock = database_now, limit: int = 10_000
) -> int:
    """Send what is due to one endpoint until nothing is; returns how many attempts were made.

    Outside a transaction. Safe to run in several workers at once. ``transport`` and ``clock`` are for tests.
    """
    tried = 0
    while tried < limit:
        endpoint = WebhookEndpoint.objects.filter(pk=endpoint_id, state=EndpointState.ACTIVE).first()
        now = clock()
        if endpoint is None or (endpoint.next_try_at is not None and endpoint.next_try_at > now):
            break
        probing = endpoint.next_try_at is not None
        taken = _take(endpoint, now=now, limit=1 if probing else min(BATCH, limit - tried), probe=probing)
        if not taken:
            break
        for delivery in taken:
            tried += 1
            if not _attempt(endpoint, delivery, transport=transport, clock=clock):
                break
        _release(taken)
    _plan(endpoint_id, now=clock())
    return tried


def _take(endpoint: WebhookEndpoint, *, now: datetime, limit: int, probe: bool) -> list[WebhookDelivery]:
    with connection.cursor() as cursor:
        cursor.execute(
            TAKE,
            {
                "endpoint": str(endpoint.pk),
                "now": now,
                "until": now + timedelta(seconds=LEASE_S + TIMEOUT_S * limit),
                "limit": limit,
                "probe": probe,
            },
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(WebhookDelivery.objects.select_related("event").filter(pk__in=ids).order_by("event_id"))


def _release(taken: list[WebhookDelivery]) -> None:
    """Give back what was taken and not tried."""
    untried = [delivery.pk for delivery in taken if delivery.state == DeliveryState.PENDING]
    WebhookDelivery.objects.filter(pk__in=untried, state=DeliveryState.PENDING).update(leased_until=None)


def _attempt(endpoint: WebhookEndpoint, delivery: WebhookDelivery, *, transport: Transport, clock: Clock) -> bool:
    """Send one delivery and write down what came of it; False when the endpoint should be left alone for now."""
    started = clock()
    secrets = [str(endpoint.secret)]
    if endpoint.previous_until and endpoint.previous_until > started:
        secrets.append(str(endpoint.previous_secret))
    body = body_of(delivery)
    signed = signing.headers(
        message_id=str(delivery.event.uid), timestamp_s=int(started.timestamp()), body=body, secrets=secrets
    )
    answer = transport(endpoint.url, body, {"Content-Type": "application/json", **signed})
    now = clock()
    with transaction.atomic():
        _write(endpoint, delivery, answer, now=now)
        return _judge(endpoint, answer, now=now)


def body_of(delivery: WebhookDelivery) -> bytes:
    """The exact bytes: type, when it happened, data."""
    event = delivery.event
    told = {"type": event.type, "timestamp": event.occurred_at.isoformat(), "data": event.data}
    return json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()


def _write(endpoint: WebhookEndpoint, delivery: WebhookDelivery, answer: Answer, *, now: datetime) -> None:
    delivery.attempts += 1
    delivery.tried_at, delivery.took_ms = now, answer.took_ms
    delivery.status, delivery.answer, delivery.problem = answer.status or None, answer.text, answer.problem[:300]
    delivery.leased_until = None
    if answer.is_success:
        delivery.state, delivery.done_at = DeliveryState.DELIVERED, now
    else:
        delivery.strikes += 1 if endpoint.failures == 0 and endpoint.succeeded_at is not None else 0
        wait = _jittered(TIMETABLE[min(delivery.strikes, len(TIMETABLE)) - 1]) if delivery.strikes else SOON_S
        delivery.next_at = now + timedelta(seconds=max(wait, answer.retry_after_s or 0))
        if delivery.strikes > len(TIMETABLE):
            delivery.state, delivery.done_at = DeliveryState.FAILED, now
    delivery.save()


def _judge(endpoint: WebhookEndpoint, answer: Answer, *, now: datetime) -> bool:
    """What an attempt says about the endpoint as a whole; False when it should be left alone."""
    rows = WebhookEndpoint.objects.filter(pk=endpoint.pk, state=EndpointState.ACTIVE)
    if answer.is_success:
        endpoint.failures, endpoint.failing_since, endpoint.next_try_at, endpoint.succeeded_at = 0, None, None, now
        rows.update(failures=0, failing_since=None, next_try_at=None, succeeded_at=now, problem="")
        return True
    if answer.status == GONE:
        rows.update(state=EndpointState.GONE, problem=_("The receiver said that this address is gone (410)."))
        return False
    endpoint.failures += 1
    endpoint.failing_since = endpoint.failing_since or now
    problem = (answer.problem or f"HTTP {answer.status}")[:300]
    if now - endpoint.failing_since > REST_AFTER:
        rows.update(state=EndpointState.FAILING, failures=endpoint.failures, next_try_at=None, problem=problem)
        return False
    if answer.retry_after_s is not None or answer.status in (429, 502, 503, 504) or endpoint.failures >= BREAKER:
        doublings = min(max(endpoint.failures - BREAKER, 0), 10)
        wait = _jittered(min(PROBE_FIRST_S * 2**doublings, PROBE_LAST_S))
        endpoint.next_try_at = now + timedelta(seconds=max(wait, answer.retry_after_s or 0))
    rows.update(
        failures=F("failures") + 1,
        failing_since=endpoint.failing_since,
        next_try_at=endpoint.next_try_at,
        problem=problem,
    )
    return endpoint.next_try_at is None


def _plan(endpoint_id: UUID | str, *, now: datetime) -> None:
    """Have a worker come back when the next thing is due; the sweep would, too."""
    endpoint = WebhookEndpoint.objects.filter(pk=endpoint_id, state=EndpointState.ACTIVE).first()
    if endpoint is None:
        return
    earliest = next_due(endpoint)
    if earliest is None:
        return
    publishing.enqueue_send([endpoint.pk], delay_s=min(max((earliest - now).total_seconds(), 1.0), LONGEST_PAUSE_S))


def next_due(endpoint: WebhookEndpoint) -> datetime | None:
    """When something can be sent to the endpoint next; None when nothing waits."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT, {"endpoint": str(endpoint.pk)})
        earliest: datetime | None = cursor.fetchone()[0]
    if earliest is None or endpoint.next_try_at is None:
        return earliest
    return endpoint.next_try_at


def _jittered(seconds: float) -> float:
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311 - jitter, so that endpoints are not called in step
