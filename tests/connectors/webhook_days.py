"""Days of outgoing webhooks in minutes: a receiver that is down, then flaps, and what it got in which order (goal M2)."""

import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from apps.connectors.webhooks_out import publishing, sending
from apps.connectors.webhooks_out.contracts import EventType, NewEvent
from apps.connectors.webhooks_out.models import WebhookDelivery, WebhookEndpoint
from apps.connectors.webhooks_out.registries import event_types

SIMULATED = EventType(type="simulated.changed", title="Simulated", group="test", schema={"type": "object"})
CALL_S = 0.05


@dataclass
class Receiver:
    """Answers by the simulated time: down, then flapping, then well; what it took stays in ``order`` once for each id."""

    starts: datetime
    down_until: datetime
    flapping_until: datetime
    rng: random.Random
    now: datetime
    calls: int = 0
    repeats: int = 0
    taken: dict[str, tuple[str, int]] = field(default_factory=dict)
    order: dict[str, list[int]] = field(default_factory=dict)

    def clock(self) -> datetime:
        """The simulated time."""
        return self.now

    def answer(self, url: str, body: bytes, headers: dict[str, str]) -> sending.Answer:
        """One call, which takes its time."""
        self.calls += 1
        self.now += timedelta(seconds=CALL_S)
        if self.now < self.down_until:
            return self.rng.choice(
                [sending.Answer(status=0, problem="refused"), sending.Answer(status=503, text="down")]
            )
        flapping = self.now < self.flapping_until
        if flapping and int((self.now - self.down_until).total_seconds()) % 300 >= 180:
            return sending.Answer(status=502)
        if flapping and self.rng.random() < 0.05:
            return sending.Answer(status=500)
        self._take(headers["webhook-id"], json.loads(body)["data"])
        if flapping and self.rng.random() < 0.03:
            return sending.Answer(status=0, problem="the answer was lost")
        return sending.Answer(status=204)

    def _take(self, message_id: str, data: dict[str, object]) -> None:
        if message_id in self.taken:
            self.repeats += 1
            return
        self.taken[message_id] = (str(data["object"]), int(str(data["number"])))
        self.order.setdefault(str(data["object"]), []).append(int(str(data["number"])))


def play(
    *, events: int, objects: int, seed: int = 3, hours_down: float = 48, hours_flapping: float = 6, chunks: int = 300
) -> dict[str, float | int]:
    """Publish evenly over the outage and the flapping, send all the while; figures of what arrived."""
    rng = random.Random(seed)
    endpoint = WebhookEndpoint.objects.create(
        name="sim", url="https://receiver.example/", types=["*"], secret="whsec_" + "QUJD" * 11
    )
    publishing.set_interest(subscriber=f"endpoint:{endpoint.pk}", types=["*"])
    starts = sending.database_now() + timedelta(seconds=1)
    down_until = starts + timedelta(hours=hours_down)
    receiver = Receiver(
        starts=starts,
        down_until=down_until,
        flapping_until=down_until + timedelta(hours=hours_flapping),
        rng=rng,
        now=starts,
    )
    numbers = dict.fromkeys(range(objects), 0)
    span, published, chunk = receiver.flapping_until - starts, 0, max(1, events // chunks)
    with event_types.temporarily(SIMULATED):
        while True:
            wanted = min(events, int(events * ((receiver.now - starts) / span)) + 1)
            while published < wanted:
                new = []
                for _ in range(min(chunk, events - published)):
                    name = rng.randrange(objects)
                    numbers[name] += 1
                    data = {"object": str(name), "number": numbers[name]}
                    new.append(NewEvent(type="simulated.changed", object_key=f"object:{name}", data=data))
                publishing.publish(new)
                published += len(new)
                publishing.hand_on()
            sending.send_due(endpoint_id=endpoint.pk, transport=receiver.answer, clock=receiver.clock)
            endpoint.refresh_from_db()
            due = sending.next_due(endpoint) if endpoint.state == "active" else None
            arrival = starts + span * (published / events) if published < events else None
            moments = [moment for moment in (due, arrival) if moment is not None]
            if not moments:
                break
            receiver.now = max(receiver.now + timedelta(seconds=1), min(moments))
    return {
        "events": published, "delivered": len(receiver.taken), "lost": published - len(receiver.taken),
        "out_of_order": sum(found != sorted(found) for found in receiver.order.values()),
        "attempts": receiver.calls, "repeats": receiver.repeats,
        "not_done": WebhookDelivery.objects.filter(endpoint=endpoint).exclude(state="delivered").count(),
        "simulated_h": round((receiver.now - starts).total_seconds() / 3600, 1),
    }  # fmt: skip
