"""Work for the dispatch scenario. Each accepted settlement writes one line of history in its own transaction."""

import random
import time
from collections.abc import Collection, Sequence
from typing import Any

from django.db import connection, transaction

from apps.dispatch import facade
from apps.dispatch.contracts import ClaimedWork, EngineKind, Finished, JobKind, Lanes, Settlement
from apps.dispatch.enums import WorkState
from apps.dispatch.errors import LeaseLost

LEASE_S = 3.0
DISPATCH = {
    "lease_s": LEASE_S,
    "heartbeat_s": 0.5,
    "self_fence_s": 2.0,
    "suicide_s": LEASE_S,
    "sweep_s": 0.5,
    "deadline_grace_s": 2.0,
    "slots": 24,
    "claim_batch": 12,
    "shutdown_grace_s": 2.0,
    "backoff_base_s": 0.1,
    "backoff_cap_s": 1.0,
    "max_losses": 100,
}
HISTORY = """
CREATE TABLE IF NOT EXISTS public.fault_history (id bigserial PRIMARY KEY, work_id bigint, fence bigint, what text, at timestamptz
    DEFAULT clock_timestamp());
CREATE TABLE IF NOT EXISTS public.fault_news (ref text PRIMARY KEY);
"""


def note(work: ClaimedWork, what: str) -> None:
    """One line of history."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO public.fault_history (work_id, fence, what) VALUES (%s, %s, %s)", [work.id, work.fence, what]
        )


class CallEngine:
    """A call on a lane, then history and settlement in one transaction; now and then a retry or a longer stay."""

    def start(self, batch: Sequence[ClaimedWork], lanes: Lanes) -> None:
        for work in batch:
            lanes.submit(work, lambda: time.sleep(random.uniform(0, 0.03)), work.id)

    def resume(self, finished: Sequence[Finished], lanes: Lanes) -> None:
        with transaction.atomic():
            accepted = facade.settle([self._outcome(one) for one in finished])
            for one in finished:
                if one.work.id in accepted and one.error is None:
                    note(one.work, "done" if self._is_done(one.work) else "again")
        lanes.release([one.work.id for one in finished])

    def settle_lost(self, work_ids: Collection[int]) -> None:
        pass

    def _is_done(self, work: ClaimedWork) -> bool:
        return work.attempt > 1 or work.id % 7 != 0

    def _outcome(self, one: Finished) -> Settlement:
        if isinstance(one.error, LeaseLost):
            return Settlement(work_id=one.work.id, fence=one.work.fence, to=WorkState.READY, count_attempt=False)
        to = WorkState.DONE if self._is_done(one.work) else WorkState.READY
        return Settlement(work_id=one.work.id, fence=one.work.fence, to=to)


class WaitEngine:
    """Sleeps until there is news about its ref; a lost wake-up would leave it asleep for ever."""

    def start(self, batch: Sequence[ClaimedWork], lanes: Lanes) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT ref FROM public.fault_news WHERE ref = ANY(%s)", [[work.ref for work in batch]])
            known = {row[0] for row in cursor.fetchall()}
        time.sleep(random.uniform(0, 0.01))
        with transaction.atomic():
            accepted = facade.settle(
                [
                    Settlement(
                        work_id=work.id, fence=work.fence, to=WorkState.DONE if work.ref in known else WorkState.WAITING
                    )
                    for work in batch
                ]
            )
            for work in batch:
                if work.id in accepted and work.ref in known:
                    note(work, "done")
        lanes.release([work.id for work in batch])

    def resume(self, finished: Sequence[Finished], lanes: Lanes) -> None:
        raise AssertionError("nothing was submitted")

    def settle_lost(self, work_ids: Collection[int]) -> None:
        pass


def job(context: Any) -> None:
    """A job that completes inside its own transaction, with history."""
    time.sleep(random.uniform(0, 0.02))
    with transaction.atomic():
        note(context.work, "done")
        context.complete_in_transaction()


KINDS = (
    EngineKind(name="fault.call", engine=CallEngine),
    EngineKind(name="fault.wait", engine=WaitEngine),
    JobKind(name="fault.job", handler=job, timeout_s=5, max_attempts=1000, max_parallel=3),
)
