"""The loop as one worker would run it: in this process, on a real database, ended by ``until_empty`` or ``stop``."""

import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.db import connection, transaction

from apps.core.errors import InvalidInput, NotFound, Unavailable
from apps.dispatch import facade, wakeups
from apps.dispatch.contracts import (
    ClaimedWork,
    EngineKind,
    Finished,
    JobContext,
    JobKind,
    Lanes,
    NewWork,
    Settlement,
    TenantGate,
)
from apps.dispatch.enums import WorkState
from apps.dispatch.errors import DatabaseForbidden, LeaseLost, WorkLost
from apps.dispatch.loop import Loop
from apps.dispatch.registries import tenant_gate, work_kinds
from tests.dispatch.ground import Ground
from tests.dispatch.kinds import NoopEngine, SleepEngine

QUICK = {
    "lease_s": 3.0,
    "heartbeat_s": 0.2,
    "self_fence_s": 2.0,
    "suicide_s": 3.0,
    "sweep_s": 0.3,
    "shutdown_grace_s": 1.0,
    "backoff_base_s": 0.01,
    "backoff_cap_s": 0.02,
    "poll_busy_s": 0.05,
    "poll_idle_s": 0.2,
}


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "_silent", True)


@contextmanager
def running(ground: Ground, **conf: object) -> Iterator[Loop]:
    loop = Loop(conf=replace(ground.conf, **{**QUICK, **conf}))
    thread = threading.Thread(target=loop.run)
    thread.start()
    try:
        yield loop
    finally:
        loop.stop()
        thread.join(timeout=15)
        assert not thread.is_alive()


def eventually(condition: Callable[[], object], seconds: float = 10) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.02)
    return False


def done(ground: Ground, *ids: int) -> Callable[[], bool]:
    return lambda: all(ground.row(work_id, "state") == "done" for work_id in ids)


def engine(name: str, build: Callable[[], object]) -> EngineKind:
    return EngineKind(name=name, engine=build)  # type: ignore[arg-type]


def job(handler: Callable[[JobContext], None], **rest: object) -> JobKind:
    return JobKind(name="test.own", handler=handler, **rest)


def test_engines_calls_and_jobs_are_done_and_the_loop_ends_when_nothing_is_left(ground: Ground) -> None:
    tenants = [ground.tenant() for _ in range(3)]
    ids = [
        work_id
        for tenant_id in tenants
        for kind in ("test.noop", "test.sleep", "test.job")
        for work_id in facade.enqueue_many(
            tenant_id=tenant_id, works=[NewWork(kind=kind, ref=str(n)) for n in range(15)]
        )
    ]
    loop = Loop(conf=replace(ground.conf, **QUICK), until_empty=True)
    loop.run()
    assert done(ground, *ids)()
    assert not loop.held
    assert ground.one("SELECT lease_until <= clock_timestamp() FROM dispatch_worker")


def test_never_more_in_hand_than_can_start(ground: Ground) -> None:
    tenant_id = ground.tenant()
    facade.enqueue_many(tenant_id=tenant_id, works=[NewWork(kind="test.sleep", ref=str(n)) for n in range(60)])
    seen = []
    with running(ground, slots=10):
        while ground.one("SELECT count(*) FROM dispatch_workitem WHERE state = 'ready'"):
            seen.append(ground.one("SELECT count(*) FROM dispatch_workitem WHERE state = 'running'"))
    assert max(seen) <= 10


def test_a_call_may_not_use_the_database_and_its_error_reaches_the_engine(ground: Ground) -> None:
    answers: list[Finished] = []

    def touch() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")

    class Engine(SleepEngine):
        def start(self, batch: Sequence[ClaimedWork], lanes: Lanes) -> None:
            for work in batch:
                lanes.submit(work, touch, "token")

        def resume(self, finished: Sequence[Finished], lanes: Lanes) -> None:
            answers.extend(finished)
            facade.settle(
                [Settlement(work_id=one.work.id, fence=one.work.fence, to=WorkState.DONE) for one in finished]
            )
            lanes.release([one.work.id for one in finished])

    with work_kinds.temporarily(engine("test.own", Engine)):
        work_id = ground.item(ground.tenant(), kind="test.own")
        with running(ground):
            assert eventually(done(ground, work_id))
    assert isinstance(answers[0].error, DatabaseForbidden)
    assert answers[0].token == "token"


def test_an_engine_that_raises_gets_its_items_back_later_and_the_loop_goes_on(ground: Ground) -> None:
    calls = []

    class Engine(NoopEngine):
        def start(self, batch: Sequence[ClaimedWork], lanes: Lanes) -> None:
            calls.append(len(batch))
            if len(calls) < 3:
                raise ZeroDivisionError
            super().start(batch, lanes)

    with work_kinds.temporarily(engine("test.own", Engine)):
        tenant_id = ground.tenant()
        ids = [ground.item(tenant_id, kind="test.own"), ground.item(tenant_id, kind="test.noop")]
        with running(ground):
            assert eventually(done(ground, *ids))
    assert ground.row(ids[0], "attempt") == 3


def test_a_cancelled_item_is_taken_from_the_engine_and_its_late_answer_is_dropped(ground: Ground) -> None:
    lost: list[int] = []
    resumed: list[Finished] = []
    let_go = threading.Event()

    class Engine(SleepEngine):
        def start(self, batch: Sequence[ClaimedWork], lanes: Lanes) -> None:
            for work in batch:
                lanes.submit(work, lambda: let_go.wait(10), None)

        def resume(self, finished: Sequence[Finished], lanes: Lanes) -> None:
            resumed.extend(finished)

        def settle_lost(self, work_ids: Collection[int]) -> None:
            lost.extend(work_ids)

    with work_kinds.temporarily(engine("test.own", Engine)):
        tenant_id = ground.tenant()
        work_id = ground.item(tenant_id, kind="test.own")
        with running(ground) as loop:
            assert eventually(lambda: ground.row(work_id, "state") == "running")
            facade.cancel(tenant_id=tenant_id, kind="test.own", ref="r1", reason="test")
            assert eventually(lambda: lost == [work_id])
            assert not loop.held
            let_go.set()
            time.sleep(0.2)
    assert resumed == []


def test_what_the_database_calls_ours_but_we_do_not_hold_is_given_back(ground: Ground) -> None:
    with work_kinds.temporarily(engine("test.own", NoopEngine)):
        work_id = ground.item(ground.tenant(), kind="test.own", delay_s=3600)
        with running(ground) as loop:
            assert eventually(lambda: ground.one("SELECT count(*) FROM dispatch_worker"))
            ground.set(
                work_id,
                state="running",
                parked=False,
                fence=1,
                attempt=1,
                owner=str(loop.identity.incarnation),
                deadline_at=ground.one("SELECT clock_timestamp() + interval '1 hour'"),
            )
            assert eventually(done(ground, work_id))


def test_shutdown_lets_work_finish_and_gives_the_rest_back_uncounted(ground: Ground) -> None:
    let_go = threading.Event()
    begun: list[str] = []

    def quick_work() -> None:
        begun.append("quick")
        time.sleep(0.3)

    def slow_work() -> None:
        begun.append("slow")
        let_go.wait(10)

    class Engine(SleepEngine):
        def start(self, batch: Sequence[ClaimedWork], lanes: Lanes) -> None:
            for work in batch:
                lanes.submit(work, quick_work if work.ref == "quick" else slow_work, None)

    with work_kinds.temporarily(engine("test.own", Engine)):
        tenant_id = ground.tenant()
        quick, slow = (
            ground.item(tenant_id, kind="test.own", ref="quick"),
            ground.item(tenant_id, kind="test.own", ref="slow"),
        )
        with running(ground):
            assert eventually(lambda: len(begun) == 2)
        let_go.set()
    assert ground.row(quick, "state") == "done"
    assert ground.row(slow, "state", "attempt", "owner") == ("ready", 0, None)


def test_nothing_new_starts_while_draining(ground: Ground) -> None:
    with running(ground) as loop:
        assert eventually(loop.may_start)
        loop.stop()
        assert not loop.may_start()


@pytest.mark.parametrize(("error", "state"), [
    (InvalidInput(), "dead"), (NotFound(), "dead"), (Unavailable(), "done"), (ZeroDivisionError(), "done"),
    (Unavailable(retry_after=0.05), "done"),
])  # fmt: skip
def test_a_jobs_error_decides_between_giving_up_and_another_try(ground: Ground, error: Exception, state: str) -> None:
    calls = []

    def handler(context: JobContext) -> None:
        calls.append(context.attempt)
        if len(calls) < 3:
            raise error

    with work_kinds.temporarily(job(handler)):
        work_id = ground.item(ground.tenant(), kind="test.own")
        with running(ground):
            assert eventually(lambda: ground.row(work_id, "state") == state)
    assert calls == ([1] if state == "dead" else [1, 2, 3])


def test_a_job_completes_inside_its_own_transaction(ground: Ground) -> None:
    seen: dict[str, object] = {}

    def handler(context: JobContext) -> None:
        seen["now"], seen["tenant"] = context.now(), context.tenant.id
        with pytest.raises(RuntimeError):
            context.complete_in_transaction()
        with transaction.atomic():
            context.complete_in_transaction()
            seen["outside"] = ground.row(context.work.id, "state")

    with work_kinds.temporarily(job(handler)):
        tenant_id = ground.tenant()
        work_id = ground.item(tenant_id, kind="test.own")
        with running(ground):
            assert eventually(done(ground, work_id))
    assert (seen["tenant"], seen["outside"]) == (tenant_id, "running")


def test_a_job_whose_transaction_rolls_back_is_not_done(ground: Ground) -> None:
    calls = []

    def handler(context: JobContext) -> None:
        calls.append(context.attempt)
        with transaction.atomic():
            context.complete_in_transaction()
            if len(calls) == 1:
                raise Unavailable

    with work_kinds.temporarily(job(handler)):
        work_id = ground.item(ground.tenant(), kind="test.own")
        with running(ground):
            assert eventually(done(ground, work_id))
    assert calls == [1, 2]


def test_a_job_that_lost_its_item_writes_nothing(ground: Ground) -> None:
    caught = []

    def handler(context: JobContext) -> None:
        facade.cancel(tenant_id=context.work.tenant_id, kind="test.own", ref="r1", reason="test")
        assert eventually(context.is_lost)
        try:
            with transaction.atomic():
                context.complete_in_transaction()
        except WorkLost as error:
            caught.append(error)
            raise

    with work_kinds.temporarily(job(handler)):
        work_id = ground.item(ground.tenant(), kind="test.own")
        with running(ground):
            assert eventually(lambda: caught)
    assert ground.row(work_id, "state") == "cancelled"


def test_a_job_of_a_vanished_tenant_is_cancelled_and_of_a_suspended_one_waits(ground: Ground) -> None:
    from apps.core.errors import NotAllowed

    gone, asleep = ground.tenant(), ground.tenant()

    @contextmanager
    def gate(tenant_id: int, epoch: int) -> Iterator[None]:
        raise NotFound if tenant_id == gone else NotAllowed
        yield

    before = tenant_gate._entries
    tenant_gate._entries = {}
    try:
        with (
            tenant_gate.temporarily(TenantGate(name="strict", enter=gate)),
            work_kinds.temporarily(job(lambda context: None)),
        ):
            ids = ground.item(gone, kind="test.own"), ground.item(asleep, kind="test.own")
            with running(ground):
                assert eventually(lambda: ground.row(ids[0], "state") == "cancelled" and ground.row(ids[1], "parked"))
            assert ground.row(ids[1], "state", "attempt") == ("ready", 0)
    finally:
        tenant_gate._entries = before


def test_a_broken_connection_costs_time_and_nothing_else(ground: Ground) -> None:
    tenant_id = ground.tenant()
    ids = facade.enqueue_many(
        tenant_id=tenant_id,
        works=[NewWork(kind=kind, ref=str(n)) for n in range(40) for kind in ("test.sleep", "test.job")],
    )
    with running(ground, slots=6):
        for _ in range(5):
            time.sleep(0.1)
            ground.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                "AND pid <> pg_backend_pid()"
            )
        connection.close()
        assert eventually(done(ground, *ids), seconds=20)


def test_calls_whose_turn_comes_after_the_lease_went_stale_are_not_made() -> None:
    from apps.dispatch.bell import Bell
    from apps.dispatch.lanes import LanePool

    made = []
    pool = LanePool(size=2, bell=Bell(), may_start=lambda: False, release=lambda ids: None)
    work = ClaimedWork(
        id=1,
        tenant_id=1,
        schema_name="s",
        epoch=1,
        kind="k",
        ref="r",
        fence=1,
        attempt=1,
        losses=0,
        nudges=0,
        deadline_at=None,
        enqueued_at=None,
    )  # type: ignore[arg-type]
    pool.submit(work, lambda: made.append(1), None)
    answers: list[Finished] = []
    assert eventually(lambda: answers.extend(pool.collect()) or answers)
    assert isinstance(answers[0].error, LeaseLost)
    assert made == []
    pool.close()
