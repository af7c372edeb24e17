"""The pure rules: fair sharing, queue shares, backoff, pace, and the state table against the database's."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core.errors import Misconfigured
from apps.dispatch.backoff import full_jitter, retry_delay
from apps.dispatch.claiming import Claimed
from apps.dispatch.conf import DispatchConf
from apps.dispatch.enums import FINAL_STATES, LEGAL_MOVES, LIVE_STATES, WorkState
from apps.dispatch.fairness import Backlog, floor_tag, jain_index, queue_limits, share_out, start_tag, tenant_limits
from apps.dispatch.pace import Pace

SHARES = DispatchConf().queue_shares
QUEUES = [name for name, _ in SHARES]


def backlog(
    tenant_id: int,
    *,
    kind: str = "k",
    queue: str = "default",
    cost: float = 1.0,
    vtime: float = 0.0,
    weight: float = 1.0,
    free: int = 1000,
    places: int = 10_000,
) -> Backlog:
    return Backlog(
        kind=kind, queue=queue, tenant_id=tenant_id, cost=cost, vtime=vtime, weight=weight, free=free, places=places
    )


def divide(
    backlogs: list[Backlog],
    *,
    total: int,
    floor: float = 0.0,
    limits: dict[str, int] | None = None,
    kind_limits: dict[str, int] | None = None,
    limited_total: int | None = None,
) -> dict[int, int]:
    quotas = share_out(
        backlogs=backlogs,
        floor=floor,
        queue_order=QUEUES,
        queue_limits=limits or dict.fromkeys(QUEUES, total),
        kind_limits=kind_limits or {},
        limited_total=limited_total,
        total=total,
    )
    shares: dict[int, int] = {}
    for quota in quotas:
        assert quota.before == shares.get(quota.tenant_id, 0)
        shares[quota.tenant_id] = shares.get(quota.tenant_id, 0) + quota.wanted
    return shares


@given(tenants=st.integers(1, 40), total=st.integers(1, 200))
def test_equal_tenants_differ_by_at_most_one_item(tenants: int, total: int) -> None:
    shares = divide([backlog(number) for number in range(tenants)], total=total)
    assert sum(shares.values()) == total
    counts = [shares.get(number, 0) for number in range(tenants)]
    assert max(counts) - min(counts) <= 1


@given(weights=st.lists(st.floats(0.2, 8), min_size=2, max_size=8), cost=st.floats(0.5, 5))
def test_shares_follow_weights(weights: list[float], cost: float) -> None:
    total = 2000
    shares = divide(
        [backlog(number, weight=weight, cost=cost, free=total) for number, weight in enumerate(weights)], total=total
    )
    for number, weight in enumerate(weights):
        fair = total * weight / sum(weights)
        assert abs(shares.get(number, 0) - fair) <= len(weights) + fair * 0.02 + 1


@settings(max_examples=60)
@given(seed=st.integers(0, 10_000), idle_claims=st.integers(0, 60))
def test_a_returning_tenant_brings_no_more_than_the_burst(seed: int, idle_claims: int) -> None:
    rng, burst = random.Random(seed), 25.0
    vtimes, last, clock = {1: 0.0, 2: 0.0}, 0.0, 0.0
    served_back: list[int] = []
    for step in range(idle_claims + 40):
        awake = [1] if step < idle_claims else [1, 2]
        floor = floor_tag(clock=clock, burst=burst)
        for tenant, count in divide(
            [backlog(t, vtime=vtimes[t]) for t in awake], total=rng.randint(1, 20), floor=floor
        ).items():
            first = start_tag(vtime=vtimes[tenant], floor=floor)
            vtimes[tenant] = first + count
            last = first + count - 1
            clock = max(clock, last)
            if step >= idle_claims:
                served_back.extend([tenant] * count)
    ahead = served_back.count(2) - served_back.count(1)
    assert abs(ahead) <= burst + 21


@given(free=st.integers(0, 30), total=st.integers(1, 60))
def test_caps_hold_over_several_kinds_and_queues(free: int, total: int) -> None:
    mixed = [backlog(1, kind=kind, queue=queue, free=free) for kind in "ab" for queue in QUEUES]
    assert divide([*mixed, backlog(2)], total=total).get(1, 0) <= free


def test_one_tenant_leaves_places_for_the_next() -> None:
    limits = tenant_limits(slots=100, shares=SHARES, tenant_share=0.9)
    assert limits == {"interactive": 85, "default": 72, "bulk": 45}
    assert tenant_limits(slots=1, shares=SHARES, tenant_share=0.9) == dict.fromkeys(QUEUES, 1)
    alone = divide([backlog(1, places=72)], total=100)
    assert alone == {1: 72}
    assert divide([backlog(1, places=0), backlog(2, places=72)], total=8) == {2: 8}


def test_kinds_with_own_threads_share_their_limit() -> None:
    several = [backlog(tenant, kind=kind) for tenant in (1, 2) for kind in ("j1", "j2")]
    assert sum(divide(several, total=50, kind_limits={"j1": 3, "j2": 3}, limited_total=4).values()) == 4
    assert sum(divide(several, total=50, kind_limits={"j1": 1, "j2": 1}, limited_total=4).values()) == 2


@given(slots=st.integers(1, 300), held=st.lists(st.integers(0, 100), min_size=3, max_size=3), data=st.data())
def test_slower_queues_never_take_the_places_kept_for_faster_ones(
    slots: int, held: list[int], data: st.DataObject
) -> None:
    before = dict(zip(QUEUES, held, strict=True))
    limits = queue_limits(slots=slots, held=before, shares=SHARES)
    order = data.draw(st.permutations(QUEUES))
    total = max(0, slots - sum(held))
    quotas = share_out(
        backlogs=[backlog(1, queue=queue, kind=queue) for queue in QUEUES],
        floor=0,
        queue_order=order,
        queue_limits=limits,
        kind_limits={},
        total=total,
    )
    after = dict(before)
    for quota in quotas:
        after[quota.queue] += quota.wanted
    assert sum(after.values()) <= max(slots, sum(held))
    for place, (_, share) in enumerate(SHARES):
        slower, was = sum(after[name] for name in QUEUES[place:]), sum(before[name] for name in QUEUES[place:])
        assert slower <= max(was, slots * share, 1)


@given(attempt=st.integers(1, 200), seed=st.integers())
def test_backoff_stays_between_zero_and_its_ceiling(attempt: int, seed: int) -> None:
    delay = full_jitter(attempt=attempt, base_s=2, cap_s=900, rng=random.Random(seed))
    assert 0 <= delay <= min(900, 2 * 2 ** min(attempt - 1, 60))


@given(after=st.floats(0, 100_000), seed=st.integers())
def test_a_wish_to_wait_is_honoured_up_to_an_hour(after: float, seed: int) -> None:
    delay = retry_delay(
        attempt=1, retry_after=after, base_s=2, cap_s=900, retry_after_cap_s=3600, rng=random.Random(seed)
    )
    assert min(after, 3600) <= delay <= max(min(after, 3600), 2)


def test_jain_index_tells_equal_from_unequal() -> None:
    assert jain_index([3, 3, 3]) == pytest.approx(1)
    assert jain_index([9, 0, 0]) == pytest.approx(1 / 3)
    assert jain_index([]) == 1


def test_final_states_are_left_only_by_redrive() -> None:
    assert {state for state in FINAL_STATES if LEGAL_MOVES[state]} == {WorkState.DEAD}
    assert set(LIVE_STATES) | set(FINAL_STATES) == set(WorkState)


def test_code_and_database_know_the_same_legal_moves() -> None:
    migration = Path("apps/dispatch/migrations/0002_guard_moves.py").read_text()
    for source in WorkState:
        for target in WorkState:
            assert (f"'{source}>{target}'" in migration) == (target in LEGAL_MOVES[source]), (source, target)


def test_unsafe_constants_are_refused() -> None:
    with pytest.raises(Misconfigured):
        DispatchConf(self_fence_s=40).check()
    with pytest.raises(Misconfigured):
        DispatchConf(suicide_s=31).check()


def test_the_loop_looks_at_once_while_work_comes_and_ever_more_rarely_while_none_does() -> None:
    now = [100.0]
    pace = Pace(conf=DispatchConf(), clock=lambda: now[0])
    some = Claimed(works=(object(),), backlog=True, tried=True)  # type: ignore[arg-type]
    none = Claimed(works=(), backlog=False, tried=False)
    pace.claimed(some, partial=False)
    assert pace.is_due()
    waits = []
    for _ in range(12):
        pace.claimed(none, partial=False)
        waits.append(pace.pause(can_claim=True))
        now[0] += 10
    assert waits[0] < 0.3
    assert 1.5 < waits[-1] < 2.5
    pace.claimed(none, partial=False)
    pace.asked()
    assert pace.is_due()
