"""``python -m tests.faults.mutants``: break the queue and the engine on purpose, one promise at a time, and see that a test notices.

Each mutant is applied in a pytest process of its own (this module is loaded as a plugin there). A mutant nobody
notices is a hole in the tests. Exit code 1 when one survives.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

INTERLEAVINGS = "tests/dispatch/test_interleavings.py"
CLOCKS = "tests/dispatch/test_clocks.py"
HOUSEKEEPING = "tests/dispatch/test_housekeeping.py"
LEASE = "tests/dispatch/test_lease.py"
FACADE = "tests/dispatch/test_facade.py"
RACES = "tests/workflows/test_races.py"


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One broken promise and the tests that should notice."""

    name: str
    apply: Callable[[], None]
    tests: tuple[str, ...]


def _swap(module: Any, name: str, *pairs: tuple[str, str]) -> None:
    text = getattr(module, name)
    for old, new in pairs:
        if old not in text:
            raise SystemExit(f"mutant does not fit any more: {old!r} is not in {module.__name__}.{name}")
        text = text.replace(old, new)
    setattr(module, name, text)


def _settle_without_fence() -> None:
    from apps.dispatch.sql import move

    _swap(move, "SETTLE", ("w.id = v.id AND w.fence = v.fence", "w.id = v.id"))


def _settle_without_state() -> None:
    from apps.dispatch.sql import move

    _swap(move, "SETTLE", ("AND w.fence = v.fence AND w.state || '' = 'running'", "AND w.fence = v.fence"))


def _settle_without_epoch() -> None:
    from apps.dispatch import tenancy
    from apps.dispatch.sql import move, worker

    _swap(move, "SETTLE", ("t.tenant_id = w.tenant_id AND t.epoch = w.epoch", "t.tenant_id = w.tenant_id"))
    _swap(worker, "VOID_EPOCHS", ("'ready', 'running', 'waiting', 'review'", "'ready', 'waiting', 'review'"))
    assert tenancy.worker is worker


def _sleep_on_old_news() -> None:
    from apps.dispatch.sql import move

    _swap(move, "SETTLE", ("w.nudges > w.seen_nudges", "false"))


def _review_on_old_news() -> None:
    from apps.dispatch.sql import move

    _swap(move, "SETTLE", ("v.target IN ('waiting', 'review') AND w.nudges", "v.target = 'waiting' AND w.nudges"))


def _sweep_by_stale_list() -> None:
    from apps.dispatch.sql import worker

    _swap(
        worker,
        "SWEEP",
        (" FOR UPDATE OF w SKIP LOCKED", ""),
        ("w.id = due.id AND w.state = 'running'", "w.id = due.id"),
    )


def _absent_owner_ignored() -> None:
    from apps.dispatch.sql import worker

    _swap(worker, "SWEEP", ("LEFT JOIN public.dispatch_worker", "JOIN public.dispatch_worker"))


def _sweep_keeps_the_fence() -> None:
    from apps.dispatch.sql import worker

    _swap(worker, "SWEEP", ("fence = w.fence + 1, owner = NULL", "owner = NULL"))


def _heartbeat_on_wall_clock() -> None:
    from apps.dispatch.lease import Lease
    from apps.dispatch.session import Session
    from apps.dispatch.sql import worker

    _swap(worker, "HEARTBEAT", ("lease_until = clock_timestamp() +", "lease_until = to_timestamp(%(wall)s) +"))
    run = Session.run

    def with_wall_clock(self: Session, sql: str, params: Any = None) -> Any:
        return run(self, sql, {**params, "wall": time.time()} if sql == worker.HEARTBEAT else params)

    Session.run = with_wall_clock
    assert Lease


def _expired_lease_renewed() -> None:
    from apps.dispatch.sql import worker

    _swap(worker, "HEARTBEAT", (" AND lease_until > clock_timestamp()", ""))


def _transaction_time() -> None:
    from apps.dispatch.sql import claim, move, schedule, worker

    for module in (claim, move, schedule, worker):
        for name, text in list(vars(module).items()):
            if name.isupper() and isinstance(text, str):
                setattr(module, name, text.replace("clock_timestamp()", "now()"))


def _worker_named_after_host() -> None:
    import socket
    from uuid import NAMESPACE_DNS, uuid5

    from apps.dispatch import identity

    identity.uuid4 = lambda: uuid5(NAMESPACE_DNS, socket.gethostname())


def _dedupe_by_fire_time() -> None:
    from apps.dispatch.sql import schedule

    _swap(schedule, "FIRE", ("to_char(d.next_at AT", "to_char(clock_timestamp() AT"))


def _beat_drifts() -> None:
    from apps.dispatch.sql import schedule

    _swap(schedule, "FIRE", ("next_at = d.next_at + d.every_s", "next_at = clock_timestamp() + d.every_s"))


def _cap_read_before_the_lock() -> None:
    from apps.dispatch.sql import claim

    claim.PREPARED["dispatch_take"] = (
        claim.PREPARED["dispatch_take"][0],
        claim.TAKE.replace("h.free - q.before", "q.wanted"),
    )


def _cancel_keeps_the_fence() -> None:
    from apps.dispatch.sql import move

    _swap(move, "CANCEL", ("fence = fence + 1, owner = NULL", "owner = NULL"))


def _late_children_forgotten() -> None:
    from apps.dispatch import facade as dispatch
    from apps.tenants.facade import current_tenant
    from apps.workflows.models import Run
    from apps.workflows.services import recovery

    def once(*, run_id: Any, reason: str) -> list[Any]:
        below = list(Run.objects.filter(parent_id=run_id, finished_at=None).values_list("pk", flat=True))
        stopped = [one for child in below for one in once(run_id=child, reason=reason)]
        dispatch.cancel(tenant_id=current_tenant().id, kind="workflows.run", ref=str(run_id), reason=reason)
        return [*stopped, run_id]

    recovery.stop_work = once


def _children_go_on_while_held() -> None:
    from apps.dispatch import facade as dispatch
    from apps.tenants.facade import current_tenant
    from apps.workflows.services import cancelling

    cancelling.stop_work = lambda *, run_id, reason: dispatch.cancel(
        tenant_id=current_tenant().id, kind="workflows.run", ref=str(run_id), reason=reason
    )


def _child_tells_the_first_try() -> None:
    from apps.workflows.engine import store

    _swap(store, "TELL_PARENTS", ("x.event || c.parent_attempt", "x.event || 1"))


def _cancelled_child_tells_nobody() -> None:
    from apps.workflows.services import recovery

    recovery.wake_parents = lambda **_: None


def _abandoned_unlocked() -> None:
    from apps.workflows.models import Effect

    Effect.objects.select_for_update = Effect.objects.all  # type: ignore[method-assign]


def _deadlock_taken_for_absence() -> None:
    from apps.workflows.engine import runner

    runner.is_contention = lambda error: False


MUTANTS = (
    Mutant(name="no fence on settle", apply=_settle_without_fence, tests=(INTERLEAVINGS,)),
    Mutant(name="no state on settle", apply=_settle_without_state, tests=(INTERLEAVINGS,)),
    Mutant(name="no epoch on settle", apply=_settle_without_epoch, tests=(INTERLEAVINGS,)),
    Mutant(name="asleep on old news", apply=_sleep_on_old_news, tests=(INTERLEAVINGS,)),
    Mutant(name="in review on old news", apply=_review_on_old_news, tests=(INTERLEAVINGS,)),
    Mutant(name="a doubt slept over", apply=_review_on_old_news, tests=(RACES,)),
    Mutant(name="late children of a cancel", apply=_late_children_forgotten, tests=(RACES,)),
    Mutant(name="children go on while held", apply=_children_go_on_while_held, tests=(RACES,)),
    Mutant(name="child tells the first try", apply=_child_tells_the_first_try, tests=(RACES,)),
    Mutant(name="cancelled child tells nobody", apply=_cancelled_child_tells_nobody, tests=(RACES,)),
    Mutant(name="abandoned without a lock", apply=_abandoned_unlocked, tests=(RACES,)),
    Mutant(name="deadlock taken for absence", apply=_deadlock_taken_for_absence, tests=(RACES,)),
    Mutant(name="sweep by stale list", apply=_sweep_by_stale_list, tests=(INTERLEAVINGS,)),
    Mutant(name="absent owner row ignored", apply=_absent_owner_ignored, tests=(INTERLEAVINGS,)),
    Mutant(name="sweep keeps the fence", apply=_sweep_keeps_the_fence, tests=(INTERLEAVINGS,)),
    Mutant(name="cancel keeps the fence", apply=_cancel_keeps_the_fence, tests=(INTERLEAVINGS,)),
    Mutant(name="heartbeat on wall clock", apply=_heartbeat_on_wall_clock, tests=(CLOCKS,)),
    Mutant(name="expired lease renewed", apply=_expired_lease_renewed, tests=(LEASE,)),
    Mutant(name="now() for clock_timestamp()", apply=_transaction_time, tests=(CLOCKS,)),
    Mutant(name="worker id = hostname", apply=_worker_named_after_host, tests=(CLOCKS,)),
    Mutant(name="dedupe by fire time", apply=_dedupe_by_fire_time, tests=(HOUSEKEEPING,)),
    Mutant(name="next instant from fire time", apply=_beat_drifts, tests=(HOUSEKEEPING,)),
    Mutant(name="cap not checked under the lock", apply=_cap_read_before_the_lock, tests=(FACADE,)),
)


def pytest_collection_modifyitems() -> None:
    """Plugin: break what the environment names, once Django is up and before the first test."""
    name = os.environ.get("DISPATCH_MUTANT")
    for mutant in MUTANTS:
        if mutant.name == name:
            mutant.apply()


def survivors(names: list[str]) -> list[str]:
    """Run every mutant (or those named); returns the names of those no test noticed."""
    alive = []
    for mutant in MUTANTS:
        if names and mutant.name not in names:
            continue
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "tests.faults.mutants", "--no-header", *mutant.tests],
            env={**os.environ, "DISPATCH_MUTANT": mutant.name},
            capture_output=True,
            text=True,
            check=False,
        )
        caught = done.returncode == 1
        if not caught:
            alive.append(mutant.name)
        by = next(
            (
                line.partition("::")[2].partition(" ")[0]
                for line in done.stdout.splitlines()
                if line.startswith("FAILED")
            ),
            "",
        )
        sys.stdout.write(
            f"{'caught  ' if caught else 'SURVIVED'} {mutant.name:<32} {time.monotonic() - started:5.1f} s  {by[:90]}\n"
        )
        sys.stdout.flush()
        if done.returncode not in (0, 1):
            sys.stdout.write(done.stdout[-2000:] + done.stderr[-2000:])
    return alive


if __name__ == "__main__":
    left = survivors(sys.argv[1:])
    sys.stdout.write(f"mutants killed {len(MUTANTS) - len(left)}/{len(MUTANTS)}\n")
    sys.exit(1 if left else 0)
