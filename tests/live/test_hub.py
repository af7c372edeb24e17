"""Fan-out in memory: the right tenant, the right topics, each id once, and no growth for slow readers."""

import asyncio
import sys
from typing import Any

from apps.live.contracts import MAX_FLOWS, MAX_TOPICS, Change
from apps.live.hub import REMEMBERED, Hub, Listener, as_event


def change(number: int, *topics: str, **flows: dict[str, int]) -> Change:
    made = Change(id=number)
    made.add(topics, flows)
    return made


def run(coroutine: Any) -> Any:
    return asyncio.run(coroutine)


def listener(tenant_id: int = 1, *topics: str, after: int = 0) -> Listener:
    return Listener(tenant_id=tenant_id, user_id=1, topics=topics or ("runs",), after=after)


async def told(one: Listener) -> Change | None:
    return await one.next(timeout_s=0.01)


def test_a_listener_hears_its_own_tenant_and_topics_only() -> None:
    async def scene() -> None:
        hub, mine, other = Hub(), listener(1, "run:a"), listener(2, "run:a", "runs")
        hub.join(mine)
        hub.join(other)
        hub.publish(1, change(1, "run:a", "runs"))
        hub.publish(1, change(2, "run:b", "runs"))
        heard = await told(mine)
        assert heard is not None and list(heard.topics) == ["run:a"] and heard.id == 1
        assert await told(other) is None

    run(scene())


def test_what_a_slow_reader_misses_is_joined_and_does_not_grow() -> None:
    async def scene() -> None:
        hub, slow = Hub(), listener(1, "runs", "run:a")
        hub.join(slow)
        for number in range(1, 50_001):
            hub.publish(1, change(number, "runs", "run:a", f"run:{number}", answer={"running": 1}))
            if number == 1_000:
                before = sys.getsizeof(slow.__dict__) + len(as_event(slow._change))  # type: ignore[arg-type]
        heard = slow._change
        assert heard is not None
        assert set(heard.topics) == {"runs", "run:a"}
        assert heard.flows == {"answer": {"running": 50_000}}
        assert sys.getsizeof(slow.__dict__) + len(as_event(heard)) < before + 16
        assert len(hub._recent) == REMEMBERED

    run(scene())


def test_a_change_with_very_many_topics_is_bounded_and_reaches_everybody_it_may_concern() -> None:
    async def scene() -> None:
        big = change(1, *[f"run:{n}" for n in range(10_000)])
        for n in range(1_000):
            big.add((), {f"workflow-{n}": {"failed": 1}})
        assert len(big.topics) == MAX_TOPICS and len(big.flows) == MAX_FLOWS and big.more
        hub, late, whole = Hub(), listener(1, "run:9999"), listener(1, "tasks")
        hub.join(late)
        hub.join(whole)
        hub.publish(1, Change.from_json(1, big.to_json()))
        assert await told(late) is not None
        assert await told(whole) is None

    run(scene())


def test_an_id_that_was_published_before_or_that_the_page_knows_is_not_told_again() -> None:
    async def scene() -> None:
        hub, one, knows = Hub(), listener(), listener(after=5)
        hub.join(one)
        hub.join(knows)
        hub.publish(1, change(5, "runs"))
        hub.publish(1, change(5, "runs"))
        hub.publish(1, change(4, "runs"))
        heard = await told(one)
        assert heard is not None and heard.id == 5
        assert await told(one) is None
        assert await told(knows) is None

    run(scene())


def test_what_was_missed_is_remembered_up_to_the_moment_of_joining() -> None:
    hub = Hub()
    hub.begin_at(10)
    for number in range(11, 16):
        hub.publish(number % 2, change(number, "runs"))
    one = listener()
    hub.join(one)
    hub.publish(1, change(17, "runs"))
    assert [found.id for found in hub.recent(1, after=11, until=one.start)] == [13, 15]
    assert hub.remembers(10) and not hub.remembers(9)


def test_leaving_forgets_everything() -> None:
    hub, one = Hub(), listener()
    hub.join(one)
    assert (len(hub), hub.of_person(1)) == (1, 1)
    hub.leave(one)
    hub.leave(one)
    assert (len(hub), hub.of_person(1), hub._listeners) == (0, 0, {})
