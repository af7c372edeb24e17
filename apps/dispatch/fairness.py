"""Fair sharing between tenants: start-time fair queueing (Goyal, Vin, Cheng, "Start-time Fair Queueing", SIGCOMM 1996).

Each item of a tenant starts at the tenant's virtual time and moves it on by cost / weight; the item with the smallest start tag
goes first. A tenant that comes back from idling starts at the clock (the largest tag served so far) less a small burst, so
credit cannot be hoarded. Pure: rows in, quotas out.
"""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """One tenant's claimable work of one kind and queue.

    ``free`` is what the tenant's cap leaves, shared by its backlogs; ``places`` what this worker leaves the tenant in this queue,
    shared by its backlogs there.
    """

    kind: str
    queue: str
    tenant_id: int
    cost: float
    vtime: float
    weight: float
    free: int
    places: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Quota:
    """Take ``wanted`` items of this backlog; ``before`` counts what the tenant's other quotas of this claim may take."""

    kind: str
    queue: str
    tenant_id: int
    wanted: int
    before: int


def floor_tag(*, clock: float, burst: float) -> float:
    """Virtual time below which no tenant starts: the clock less the burst a returning tenant may bring."""
    return max(0.0, clock - burst)


def start_tag(*, vtime: float, floor: float) -> float:
    """Where a tenant's next item starts."""
    return max(vtime, floor)


def share_out(
    *,
    backlogs: Sequence[Backlog],
    floor: float,
    queue_order: Sequence[str],
    queue_limits: Mapping[str, int],
    kind_limits: Mapping[str, int],
    total: int,
    limited_total: int | None = None,
) -> list[Quota]:
    """Divide ``total`` free slots: queues in order, within a queue the smallest start tag first.

    ``queue_limits`` runs from the fastest queue to the slowest; each limit counts the queue and all slower ones. A
    kind gets at most its limit (absent = no limit; all limited kinds together at most ``limited_total``), a tenant at most what
    its cap leaves.
    """
    tags = {one.tenant_id: start_tag(vtime=one.vtime, floor=floor) for one in backlogs}
    free = {one.tenant_id: one.free for one in backlogs}
    places = {(one.tenant_id, one.queue): one.places for one in backlogs}
    kinds = dict(kind_limits)
    limits = dict(queue_limits)
    jobs = total if limited_total is None else limited_total
    wanted: dict[tuple[str, str, int], int] = {}
    for queue in queue_order:
        outer = _this_and_faster(limits, queue)
        room = min([total, *(limits[name] for name in outer)])
        heap = [(tags[one.tenant_id], index) for index, one in enumerate(backlogs) if one.queue == queue]
        heapq.heapify(heap)
        while heap and room > 0:
            tag, index = heapq.heappop(heap)
            one = backlogs[index]
            if min(free[one.tenant_id], places[one.tenant_id, queue]) <= 0 or (
                one.kind in kinds and min(jobs, kinds[one.kind]) <= 0
            ):
                continue
            if tag < tags[one.tenant_id]:
                heapq.heappush(heap, (tags[one.tenant_id], index))
                continue
            key = (one.kind, one.queue, one.tenant_id)
            wanted[key] = wanted.get(key, 0) + 1
            tags[one.tenant_id] = tag + one.cost / one.weight
            free[one.tenant_id] -= 1
            places[one.tenant_id, queue] -= 1
            if one.kind in kinds:
                kinds[one.kind] -= 1
                jobs -= 1
            for name in outer:
                limits[name] -= 1
            room -= 1
            total -= 1
            heapq.heappush(heap, (tags[one.tenant_id], index))
    return _quotas(wanted)


def _this_and_faster(limits: Mapping[str, int], queue: str) -> list[str]:
    names = list(limits)
    return names[: names.index(queue) + 1] if queue in limits else []


def _quotas(wanted: Mapping[tuple[str, str, int], int]) -> list[Quota]:
    taken: dict[int, int] = {}
    quotas = []
    for (kind, queue, tenant_id), count in wanted.items():
        before = taken.get(tenant_id, 0)
        quotas.append(Quota(kind=kind, queue=queue, tenant_id=tenant_id, wanted=count, before=before))
        taken[tenant_id] = before + count
    return quotas


def queue_limits(*, slots: int, held: Mapping[str, int], shares: Sequence[tuple[str, float]]) -> dict[str, int]:
    """Free places for each queue when ``held`` items are in flight: faster queues always find places slower ones may not take.

    ``shares`` runs from the fastest to the slowest queue; a queue and all slower ones together fill at most its share, and
    every queue may hold at least one item while slots are left.
    """
    left = max(0, slots - sum(held.values()))
    limits = {}
    for place, (queue, share) in enumerate(shares):
        slower = sum(held.get(name, 0) for name, _ in shares[place:])
        limits[queue] = min(left, max(int(slots * share), 1) - slower)
    return {queue: max(0, limit) for queue, limit in limits.items()}


def tenant_limits(*, slots: int, shares: Sequence[tuple[str, float]], tenant_share: float) -> dict[str, int]:
    """Most items of one tenant this worker holds in each queue; at least one."""
    return {queue: max(1, int(slots * share * tenant_share)) for queue, share in shares}


def jain_index(values: Sequence[float]) -> float:
    """Jain's fairness index: 1.0 when all are equal, 1/n when one has all. Empty or all-zero input counts as fair."""
    squares = sum(value * value for value in values)
    return 1.0 if not squares else sum(values) ** 2 / (len(values) * squares)
