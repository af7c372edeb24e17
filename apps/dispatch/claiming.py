"""One worker's hand in the queue: what it claims, gives back and ends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from apps.dispatch import metrics
from apps.dispatch.conf import DispatchConf
from apps.dispatch.contracts import ClaimedWork
from apps.dispatch.fairness import Backlog, floor_tag, share_out
from apps.dispatch.session import Session
from apps.dispatch.sql import claim, move

REVERSED_EVERY = 16
"""Each so many claims the slowest queue chooses first, so a steady stream of urgent work cannot starve it for ever."""


@dataclass(frozen=True, kw_only=True)
class Room:
    """What the process can start right now: ``total`` items, per queue (see ``fairness.queue_limits``), per limited kind,
    ``job_limit`` items of all limited kinds together, and by queue at most ``tenant_limits`` of one tenant, of which it holds
    ``tenant_held`` already."""

    kinds: Sequence[str]
    total: int
    queue_limits: Mapping[str, int]
    kind_limits: Mapping[str, int] = field(default_factory=dict)
    job_limit: int | None = None
    tenant_limits: Mapping[str, int] = field(default_factory=dict)
    tenant_held: Mapping[tuple[int, str], int] = field(default_factory=dict)

    def places(self, tenant_id: int, queue: str) -> int:
        """How many more items of this tenant and queue the process takes."""
        return self.tenant_limits.get(queue, self.total) - self.tenant_held.get((tenant_id, queue), 0)


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """Result of one claim. ``backlog``: claimable work was seen. ``tried``: some of it was asked for, and what is missing was
    held by somebody else; when False, slots or caps left no room for it."""

    works: tuple[ClaimedWork, ...]
    backlog: bool
    tried: bool


NOTHING = Claimed(works=(), backlog=False, tried=False)


class Claimer:
    """Claims for one incarnation over its own session. Raises ``DatabaseAway``; a claim lost on the way is swept up later."""

    def __init__(self, *, incarnation: UUID, conf: DispatchConf, session: Session | None = None) -> None:
        self.incarnation = incarnation
        self._conf = conf
        self.session = session or Session(name="dispatch claim", prepared=claim.PREPARED)
        self._rounds = 0

    def claim(self, room: Room) -> Claimed:
        """Promote what has come due and take a fair batch of at most ``room.total`` items."""
        if room.total <= 0 or not room.kinds:
            return NOTHING
        self._rounds += 1
        rows = self.session.run(
            claim.PROMOTE_AND_SURVEY,
            {"page": self._conf.promote_page, "kinds": list(room.kinds), "queues": list(room.queue_limits)},
        )
        if not rows:
            return NOTHING
        floor = floor_tag(clock=float(rows[0][7] or 0), burst=self._conf.burst)
        backlogs = [
            Backlog(
                kind=kind,
                queue=queue,
                tenant_id=tenant_id,
                cost=cost,
                vtime=vtime,
                weight=weight,
                free=free,
                places=room.places(tenant_id, queue),
            )
            for kind, queue, tenant_id, cost, vtime, weight, free, _ in rows
        ]
        order = list(room.queue_limits)
        if self._rounds % REVERSED_EVERY == 0:
            order.reverse()
        quotas = share_out(
            backlogs=backlogs,
            floor=floor,
            queue_order=order,
            queue_limits=room.queue_limits,
            kind_limits=room.kind_limits,
            limited_total=room.job_limit,
            total=min(room.total, self._conf.claim_batch),
        )
        if not quotas:
            return Claimed(works=(), backlog=True, tried=False)
        taken = self.session.run(
            claim.HOLD_AND_TAKE,
            {
                "worker": str(self.incarnation),
                "tenants": [one.tenant_id for one in quotas],
                "kinds": [one.kind for one in quotas],
                "queues": [one.queue for one in quotas],
                "wanted": [one.wanted for one in quotas],
                "before": [one.before for one in quotas],
                "floor": floor,
                "grace": self._conf.deadline_grace_s,
            },
        )
        return Claimed(works=tuple(_work(row) for row in taken), backlog=True, tried=True)

    def release(self, strays: Mapping[int, int] | None = None) -> list[int]:
        """Give items back unfinished and uncounted: these (id to fence), or with None all this incarnation holds."""
        if strays is None:
            rows = self.session.run(move.RELEASE, {"worker": str(self.incarnation)})
        else:
            rows = self.session.run(
                move.RELEASE_THESE,
                {"worker": str(self.incarnation), "ids": list(strays), "fences": list(strays.values())},
            )
        return [row[0] for row in rows]


def _work(row: tuple[Any, ...]) -> ClaimedWork:
    metrics.CLAIMED.labels(row[4]).inc()
    metrics.WAITED.observe(max(0.0, row[14]))
    return ClaimedWork(
        id=row[0],
        tenant_id=row[1],
        schema_name=row[2],
        epoch=row[3],
        kind=row[4],
        ref=row[5],
        fence=row[6],
        attempt=row[7],
        losses=row[8],
        nudges=row[9],
        deadline_at=row[10],
        enqueued_at=row[11],
        queue=row[12],
        max_attempts=row[13],
    )
