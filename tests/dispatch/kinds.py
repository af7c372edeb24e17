"""Small engines and jobs that tests, benches and the fault kit run for real."""

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace

from apps.dispatch import facade
from apps.dispatch.contracts import ClaimedWork, EngineKind, Finished, JobKind, Lanes, Settlement, TenantGate
from apps.dispatch.enums import WorkState
from apps.dispatch.registries import schedules, tenant_gate, work_kinds


class NoopEngine:
    """Settles every item as done at once, a batch with one statement."""

    def start(self, batch: Sequence[ClaimedWork], lanes: Lanes) -> None:
        facade.settle([Settlement(work_id=work.id, fence=work.fence, to=WorkState.DONE) for work in batch])
        lanes.release([work.id for work in batch])

    def resume(self, finished: Sequence[Finished], lanes: Lanes) -> None:
        raise AssertionError("nothing was submitted")

    def settle_lost(self, work_ids: Collection[int]) -> None:
        pass


class SleepEngine:
    """Each item is one call of ``seconds`` on a lane, as a model call would be."""

    def __init__(self, seconds: float = 0.05) -> None:
        self.seconds = seconds

    def start(self, batch: Sequence[ClaimedWork], lanes: Lanes) -> None:
        for work in batch:
            lanes.submit(work, lambda: time.sleep(self.seconds), work.id)

    def resume(self, finished: Sequence[Finished], lanes: Lanes) -> None:
        facade.settle(
            [
                Settlement(
                    work_id=one.work.id,
                    fence=one.work.fence,
                    to=WorkState.READY if one.error else WorkState.DONE,
                    count_attempt=False,
                )
                for one in finished
            ]
        )
        lanes.release([one.work.id for one in finished])

    def settle_lost(self, work_ids: Collection[int]) -> None:
        pass


@contextmanager
def open_gate(tenant_id: int, epoch: int) -> Iterator[SimpleNamespace]:
    """A gate for tests below the tenants app: no schema is entered."""
    yield SimpleNamespace(id=tenant_id, epoch=epoch)


GATE = TenantGate(name="open", enter=open_gate)
NOOP = EngineKind(name="test.noop", engine=NoopEngine)
SLEEP = EngineKind(name="test.sleep", engine=SleepEngine)
SLOW = EngineKind(name="test.slow", engine=lambda: SleepEngine(2.0))
IDLE_JOB = JobKind(name="test.job", handler=lambda context: None, max_parallel=4)


@contextmanager
def registered(*kinds: EngineKind | JobKind) -> Iterator[None]:
    """These kinds and the open gate, and no schedules, instead of what the apps registered, for the length of a ``with`` block."""
    registries = (tenant_gate, work_kinds, schedules)
    before = [registry._entries for registry in registries]
    for registry in registries:
        registry._entries = {}
    try:
        with tenant_gate.temporarily(GATE), work_kinds.temporarily(NOOP, SLEEP, SLOW, IDLE_JOB, *kinds):
            yield
    finally:
        for registry, entries in zip(registries, before, strict=True):
            registry._entries = entries
