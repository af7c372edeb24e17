"""``python -m tests.bench.dispatch``: how fast the queue moves, how soon it wakes, how fairly it shares (E4).

Real worker processes, a PostgreSQL with fsync on, one run. The ratio to pgbench compares the loop with the same three statements
(enqueue, claim, settle in batches) driven by a C client on the same server.
"""

import argparse
import contextlib
import random
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.report import Target, record
from tests.bench.setting import Place, setting
from tests.faults.kit import Fleet, wait_until

FIRST = 700_001
FINISHED_ROWS = 1_000_000


def _query(sql: str, params: object = None) -> list[tuple]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return cursor.fetchall() if cursor.description else []


def _quantile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def _wipe() -> None:
    _query(
        "TRUNCATE dispatch_workitem; DELETE FROM dispatch_worker; DELETE FROM dispatch_firing; DELETE FROM dispatch_tenantqueue"
    )


def _tenants(count: int, *, max_in_flight: int = 400) -> list[int]:
    from apps.dispatch import facade

    ids = [FIRST + number for number in range(count)]
    for tenant_id in ids:
        facade.register_tenant(
            tenant_id=tenant_id, schema_name=f"t_{tenant_id:012d}", epoch=1, max_in_flight=max_in_flight
        )
    return ids


def _enqueue(tenant_ids: list[int], each: int, *, kind: str = "test.noop") -> float:
    from apps.dispatch import facade
    from apps.dispatch.contracts import NewWork

    started = time.perf_counter()
    for tenant_id in tenant_ids:
        for first in range(0, each, 500):
            facade.enqueue_many(
                tenant_id=tenant_id,
                works=[NewWork(kind=kind, ref=str(first + number)) for number in range(min(500, each - first))],
            )
    return len(tenant_ids) * each / (time.perf_counter() - started)


@contextlib.contextmanager
def _workers(count: int, *, entry: str = "plain") -> Iterator[None]:
    def booted() -> set[int]:
        return {
            row[0]
            for row in _query("SELECT pid FROM dispatch_worker WHERE lease_until > clock_timestamp() AND NOT draining")
        }

    entries = [f"tests.bench.dispatch_worker:{entry}"] * count
    with Fleet(entries, rng=random.Random(1), booted=booted, env={"LOG_LEVEL": "ERROR"}):
        if not wait_until(lambda: len(booted()) == count, seconds=120):
            raise RuntimeError("workers did not start")
        yield


def _drain_rate(items: int, workers: int) -> float:
    """Items a second between 10 % and 90 % of a full queue's drain."""
    _wipe()
    tenants = _tenants(5)
    for tenant_id in tenants:
        _query("UPDATE dispatch_tenantqueue SET paused_at = now() WHERE tenant_id = %s", [tenant_id])
    _enqueue(tenants, items // 5)
    with _workers(workers):
        _query("UPDATE dispatch_tenantqueue SET paused_at = NULL")
        assert wait_until(
            lambda: (
                not _query("SELECT 1 FROM dispatch_workitem WHERE kind LIKE 'test.%' AND finished_at IS NULL LIMIT 1")
            ),
            seconds=180,
        )
    (seconds,) = _query(
        "SELECT extract(epoch FROM percentile_disc(0.9) WITHIN GROUP (ORDER BY finished_at) "
        "- percentile_disc(0.1) WITHIN GROUP (ORDER BY finished_at))::float8 FROM dispatch_workitem"
    )[0]
    return 0.8 * items / seconds


def _wake(count: int) -> dict[str, float]:
    """Milliseconds from the commit of one item to its claim while the worker is idle, woken through the broker."""
    from apps.dispatch import facade
    from apps.dispatch.contracts import NewWork

    _wipe()
    (tenant_id,) = _tenants(1)
    rng = random.Random(2)
    with _workers(1, entry="under_celery"):
        time.sleep(3)
        for number in range(count):
            facade.enqueue(tenant_id=tenant_id, work=NewWork(kind="test.noop", ref=str(number)))
            time.sleep(rng.uniform(0.2, 0.5))
        wait_until(
            lambda: (
                not _query("SELECT 1 FROM dispatch_workitem WHERE kind LIKE 'test.%' AND finished_at IS NULL LIMIT 1")
            ),
            seconds=20,
        )
    waits = [
        row[0]
        for row in _query("SELECT extract(epoch FROM claimed_at - enqueued_at)::float8 * 1000 FROM dispatch_workitem")
    ]
    return {"wake_p50_ms": round(_quantile(waits, 0.5), 1), "wake_p95_ms": round(_quantile(waits, 0.95), 1)}


def _claim_with_history(rows: int) -> dict[str, float]:
    """Milliseconds of one claim of 20 while ``rows`` finished rows lie around."""
    from apps.dispatch.claiming import Claimer, Room
    from apps.dispatch.conf import dispatch_conf
    from apps.dispatch.identity import new_identity
    from apps.dispatch.session import Session
    from apps.dispatch.sql import worker

    _wipe()
    tenants = _tenants(20)
    _query(
        "INSERT INTO dispatch_workitem (tenant_id, epoch, kind, ref, queue, priority, state, parked, fence, timeout_s, attempt, "
        "max_attempts, losses, nudges, seen_nudges, again, dedupe_key, cost, error_code, evidence, finished_at) "
        "SELECT %s + n %% 20, 1, 'test.noop', n::text, 'default', 100, 'done', false, 1, 60, 1, 8, 0, 0, 0, false, '', 1, '', "
        "'{}', clock_timestamp() FROM generate_series(1, %s) n",
        [FIRST, rows],
    )
    _query("VACUUM ANALYZE dispatch_workitem")
    _enqueue(tenants, 500)
    who = new_identity()
    Session(name="bench").run(
        worker.BOOT,
        {
            "worker": str(who.incarnation),
            "host": "bench",
            "place": "bench",
            "pid": 1,
            "pid_started": 1,
            "lease": 600,
            "revision": "",
            "kinds": "[]",
            "slots": 1,
        },
    )
    claimer = Claimer(incarnation=who.incarnation, conf=dispatch_conf())
    times = []
    for _ in range(300):
        started = time.perf_counter()
        claimed = claimer.claim(
            Room(kinds=["test.noop"], total=20, queue_limits={"interactive": 20, "default": 20, "bulk": 20})
        )
        times.append((time.perf_counter() - started) * 1000)
        from apps.dispatch.contracts import Settlement
        from apps.dispatch.facade import settle

        settle([Settlement(work_id=work.id, fence=work.fence, to="done") for work in claimed.works])
    claimer.session.close()
    return {"claim_p50_ms": round(_quantile(times, 0.5), 2), "claim_p99_ms": round(_quantile(times, 0.99), 2)}


def _fairness() -> dict[str, float]:
    """X queues 10,000, Y one task, again and again; then 50 tenants with equal backlogs."""
    from apps.dispatch import facade
    from apps.dispatch.contracts import NewWork
    from apps.dispatch.fairness import jain_index

    _wipe()
    x, y = _tenants(2, max_in_flight=400)
    _enqueue([x], 10_000, kind="test.slow")
    waits = []
    with _workers(1):
        time.sleep(1)
        for number in range(40):
            work_id = facade.enqueue(tenant_id=y, work=NewWork(kind="test.sleep", ref=str(number)))
            time.sleep(0.1)
            waits.append(work_id)
        wait_until(
            lambda: not _query("SELECT 1 FROM dispatch_workitem WHERE tenant_id = %s AND claimed_at IS NULL", [y]),
            seconds=60,
        )
        backlog_left = _query("SELECT count(*) FROM dispatch_workitem WHERE tenant_id = %s AND state = 'ready'", [x])[
            0
        ][0]
    starts = [
        row[0]
        for row in _query(
            "SELECT extract(epoch FROM claimed_at - enqueued_at)::float8 FROM dispatch_workitem WHERE tenant_id = %s",
            [y],
        )
    ]
    _wipe()
    tenants = _tenants(50)
    _enqueue(tenants, 400)
    with _workers(2):
        assert wait_until(
            lambda: _query("SELECT count(*) FROM dispatch_workitem WHERE state = 'done'")[0][0] >= 6000,
            seconds=60,
            every=0.02,
        )
        shares = dict(
            _query(
                "SELECT tenant_id, count(*) FROM dispatch_workitem WHERE claimed_at IS NOT NULL AND id IN "
                "(SELECT id FROM dispatch_workitem WHERE claimed_at IS NOT NULL ORDER BY claimed_at LIMIT 5000) GROUP BY 1"
            )
        )
    return {
        "y_start_p99_s": round(_quantile(starts, 0.99), 3),
        "x_left_meanwhile": backlog_left,
        "jain_50_tenants": round(jain_index([shares.get(tenant_id, 0) for tenant_id in tenants]), 4),
    }


def _in_flight(calls: int = 200, rounds: int = 5) -> dict[str, float]:
    """Calls of 2 s each, ``calls`` at a time in one process: share of the ideal rate, memory for each call in flight (E3)."""
    _wipe()
    (tenant_id,) = _tenants(1, max_in_flight=calls)
    with _workers(1):
        (pid,) = _query("SELECT pid FROM dispatch_worker WHERE lease_until > clock_timestamp()")[0]
        before = _resident_mib(pid)
        _enqueue([tenant_id], calls * rounds, kind="test.slow")
        wait_until(
            lambda: _query("SELECT count(*) FROM dispatch_workitem WHERE state = 'running'")[0][0] >= calls, seconds=10
        )
        most = _query("SELECT count(*) FROM dispatch_workitem WHERE state = 'running'")[0][0]
        time.sleep(1)
        grown = _resident_mib(pid) - before
        wait_until(lambda: not _query("SELECT 1 FROM dispatch_workitem WHERE finished_at IS NULL LIMIT 1"), seconds=120)
    (seconds,) = _query("SELECT extract(epoch FROM max(finished_at) - min(claimed_at))::float8 FROM dispatch_workitem")[
        0
    ]
    return {
        "in_flight": most,
        "in_flight_share_of_ideal": round(2.0 * rounds / seconds, 3),
        "mib_per_call_in_flight": round(grown / calls, 3),
    }


def _resident_mib(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


# The loop's own cycle in SQL: a claim of a batch and its settlement by fence, each one transaction.
PGBENCH = """
WITH picked AS (SELECT id FROM dispatch_workitem WHERE state = 'ready' AND NOT parked AND kind = 'test.noop' AND queue = 'default'
                AND tenant_id = 700001 ORDER BY tenant_id, priority, run_at, id LIMIT 100 FOR UPDATE SKIP LOCKED)
UPDATE dispatch_workitem w SET state = 'running', fence = fence + 1, owner = '00000000-0000-4000-8000-000000000000',
    attempt = attempt + 1, claimed_at = clock_timestamp(), deadline_at = clock_timestamp() + interval '75 seconds'
FROM picked p WHERE w.id = p.id;
WITH mine AS (SELECT id, fence FROM dispatch_workitem WHERE state = 'running' ORDER BY deadline_at LIMIT 100 FOR UPDATE SKIP LOCKED)
UPDATE dispatch_workitem w SET state = 'done', owner = NULL, deadline_at = NULL, finished_at = clock_timestamp()
FROM mine m WHERE w.id = m.id AND w.fence = m.fence;
"""


def _pgbench_rate(place: Place) -> float:
    """Items a second that pgbench moves with two clients, batches of 100."""
    _wipe()
    _tenants(1)
    _enqueue([FIRST], 150_000)
    _query("VACUUM ANALYZE dispatch_workitem")
    seconds = 4
    place.pgbench(PGBENCH, clients=2, seconds=seconds)
    return _query("SELECT count(*) FROM dispatch_workitem WHERE state = 'done'")[0][0] / seconds


def main() -> int:
    """Measure everything; exit code 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--finished-rows", type=int, default=FINISHED_ROWS)
    options = parser.parse_args()
    with setting() as place:
        from tests.dispatch.kinds import registered

        with registered():
            one, two = _drain_rate(options.items, 1), _drain_rate(options.items, 2)
            _wipe()
            enqueue = _enqueue(_tenants(1), 20_000)
            single = _single_rate()
            bare = _pgbench_rate(place)
            figures = {
                "noop_items_per_s_1_process": round(one),
                "noop_items_per_s_2_processes": round(two),
                "enqueue_many_per_s": round(enqueue),
                "enqueue_one_per_s": round(single),
                "pgbench_items_per_s": round(bare),
                "ratio_to_pgbench": round(max(one, two) / bare, 3),
                **_claim_with_history(options.finished_rows),
                "finished_rows": options.finished_rows,
                **_wake(60),
                **_fairness(),
                **_in_flight(),
            }
    return (
        0
        if record(
            goal="E4",
            figures=figures,
            targets={
                "y_start_p99_s": Target(at_most=1),
                "jain_50_tenants": Target(at_least=0.95),
                "in_flight": Target(at_least=200),
                "in_flight_share_of_ideal": Target(at_least=0.9),
                "mib_per_call_in_flight": Target(at_most=1),
            },
            note="server, workers, driver share two cores; fsync on; batches of 100; pgbench: claim + settle of the same rows",
        )
        else 1
    )


def _single_rate(count: int = 1000) -> float:
    from apps.dispatch import facade
    from apps.dispatch.contracts import NewWork

    started = time.perf_counter()
    for number in range(count):
        facade.enqueue(tenant_id=FIRST, work=NewWork(kind="test.noop", ref=f"one-{number}"))
    return count / (time.perf_counter() - started)


if __name__ == "__main__":
    sys.exit(main())
