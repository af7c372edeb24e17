"""E2 and E3: five-step runs a second, durable steps, latency, and calls in flight.

``python -m tests.bench.engine [--runs 8000] [--calls 200]``. Real worker processes (``manage.py worker``), a PostgreSQL with fsync on, one tenant.
"""

import argparse
import contextlib
import os
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.bench._engine_sql import runs_per_second
from tests.bench.report import Target, record
from tests.bench.setting import DATABASE, FOLDER, Place, setting
from tests.faults.kit import Fleet
from tests.servers import effects

PURE = {
    "schema": 1, "start": "a",
    "steps": {
        "a": {"type": "set", "with": {"n": {"$ref": "inputs.n"}, "who": "Ada"}, "next": "b"},
        "b": {"type": "transform", "with": {"from": {"$ref": "steps.a.output"}, "rename": {"name": "who"}}, "next": "c"},
        "c": {"type": "switch", "cases": [{"when": {"op": "gte", "left": {"$ref": "steps.a.output.n"}, "right": 0}, "next": "d"}]},
        "d": {"type": "set", "with": {"text": {"$text": "Hello {{steps.b.output.name}}, number {{inputs.n}}"}}, "next": "e"},
        "e": {"type": "log", "with": {"message": {"$ref": "steps.d.output.text"}}},
    },
    "output": {"text": {"$ref": "steps.d.output.text"}},
}  # fmt: skip
CALL = {
    "schema": 1,
    "start": "a",
    "steps": {"a": {"type": "test.metered", "with": {"reference": {"$ref": "run.id"}, "delay_ms": 2000}}},
}
DURABLE = {"schema": 1, "start": "a", "steps": {
    name: {"type": "test.metered", "with": {"reference": {"$ref": "run.id"}}, **({"next": following} if following else {})}
    for name, following in zip("abcde", [*"bcde", None], strict=True)}}  # fmt: skip


@contextmanager
def workers(count: int, *, function: str = "measured") -> Iterator[Fleet]:
    """Real worker processes, ended by SIGTERM."""
    entries = [f"tests.faults.engine_worker:{function}"] * count
    with Fleet(entries, rng=random.Random(1), booted=set, env={"LOG_LEVEL": "ERROR"}) as fleet:
        yield fleet


class Bench:
    """Runs of one tenant on one server."""

    def __init__(self, place: Place) -> None:
        from apps.tenants.facade import get_tenant

        self.place = place
        self.tenant = get_tenant(slug="acme")

    def prepare(self) -> None:
        """Publish the workflows and lift the tenant's limit on parallel work."""
        from django.db import connection

        from apps.tenants.facade import tenant_context
        from apps.workflows import facade
        from apps.workflows.registries import step_types
        from tests.workflows.provider_steps import STEPS

        with connection.cursor() as cursor:
            cursor.execute("UPDATE public.dispatch_tenantqueue SET max_in_flight = 100000")
        with tenant_context(self.tenant), step_types.temporarily(*STEPS):
            for slug, definition in (("pure", PURE), ("call", CALL), ("durable", DURABLE)):
                facade.ensure_workflow(slug=slug, name=slug, definition=definition)

    def queue(self, workflow: str, count: int) -> None:
        """Queue ``count`` runs in bulk."""
        from django.db import connection, transaction

        from apps.dispatch import facade as dispatch
        from apps.dispatch.contracts import NewWork
        from apps.tenants.facade import tenant_context

        with tenant_context(self.tenant), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO workflows_run (id, version_id, inputs, cursor, key_run_id, queue, trigger) "
                "SELECT x.id, w.current_id, jsonb_build_object('n', n), '{}', x.id, 'default', 'bench' FROM workflows_workflow w, "
                "(SELECT uuidv7() AS id, n FROM generate_series(1, %s) n) x WHERE w.slug = %s RETURNING id::text",
                [count, workflow],
            )
            ids = [row[0] for row in cursor.fetchall()]
            for start in range(0, count, 2000):
                dispatch.enqueue_many(
                    tenant_id=self.tenant.id,
                    works=[NewWork(kind="workflows.run", ref=one) for one in ids[start : start + 2000]],
                )

    def read(self, sql: str, *params: object) -> tuple[float, ...]:
        """One row of figures from the tenant's schema."""
        from django.db import connection

        from apps.tenants.facade import tenant_context

        with tenant_context(self.tenant), connection.cursor() as cursor:
            cursor.execute(sql, params)
            return tuple(float(value or 0) for value in cursor.fetchone())

    def clear(self) -> None:
        """Start from empty tables, so that one measurement does not slow the next."""
        from django.db import connection

        from apps.tenants.facade import tenant_context

        with tenant_context(self.tenant), connection.cursor() as cursor:
            cursor.execute(
                "TRUNCATE workflows_run, workflows_steprun, workflows_effect, workflows_runevent, workflows_evidence, "
                "workflows_usageentry, public.dispatch_workitem, public.dispatch_worker CASCADE"
            )
            cursor.execute("CHECKPOINT")

    def wait_for(self, count: int, *, timeout_s: float = 180) -> None:
        """Until so many runs have ended."""
        until = time.monotonic() + timeout_s
        while self.read("SELECT count(*) FROM workflows_run WHERE finished_at IS NOT NULL")[0] < count:
            if time.monotonic() > until:
                raise SystemExit(f"fewer than {count} runs ended in {timeout_s} s")
            time.sleep(0.1)

    def rate(self) -> float:
        """Ended runs a second between 10 % and 90 % of the drain."""
        return self.read(
            "WITH x AS (SELECT finished_at AS at, percent_rank() OVER (ORDER BY finished_at) AS p FROM workflows_run), "
            "y AS (SELECT at FROM x WHERE p BETWEEN 0.1 AND 0.9) "
            "SELECT count(*) / nullif(extract(epoch FROM max(at) - min(at)), 0) FROM y"
        )[0]


def throughput(bench: Bench, workflow: str, count: int, processes: int) -> tuple[float, float, float]:
    """Runs a second of a full queue; CPU milliseconds a run of all workers and of the whole PostgreSQL."""
    bench.clear()
    bench.queue(workflow, count)
    server = int((bench.place.postgres.data / "postmaster.pid").read_text().split()[0])
    before = cpu_of_family(server)
    with workers(processes) as fleet:
        bench.wait_for(count)
        own = sum(cpu_of(pid) for pid in fleet.pids())
        theirs = cpu_of_family(server) - before
    return bench.rate(), 1000 * own / count, 1000 * theirs / count


def cpu_of(pid: int) -> float:
    """CPU seconds of one process."""
    import psutil

    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def cpu_of_family(pid: int) -> float:
    """CPU seconds of a process and its children, the dead ones included."""
    import psutil

    process = psutil.Process(pid)
    times = process.cpu_times()
    total = float(times.user + times.system + times.children_user + times.children_system)
    for child in process.children():
        with contextlib.suppress(psutil.Error):
            total += cpu_of(child.pid)
    return total


def latency(bench: Bench, *, per_second: int = 20, seconds: int = 15) -> tuple[float, float]:
    """p50 and p95 from the start of a run to its end, milliseconds, at a fixed pace with one idle worker."""
    from django.db import transaction

    from apps.tenants.facade import tenant_context
    from apps.workflows import facade

    bench.clear()
    with workers(1, function="measured_under_celery"), tenant_context(bench.tenant):
        with transaction.atomic():
            facade.start_run(workflow="pure", inputs={"n": 0})
        bench.wait_for(1)
        time.sleep(2)
        begin = time.monotonic()
        for number in range(per_second * seconds):
            with transaction.atomic():
                facade.start_run(workflow="pure", inputs={"n": number}, trigger="pace")
            time.sleep(max(0.0, begin + (number + 1) / per_second - time.monotonic()))
        time.sleep(1)
    row = bench.read(
        "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY d), percentile_cont(0.95) WITHIN GROUP (ORDER BY d) FROM "
        "(SELECT extract(epoch FROM finished_at - created_at) * 1000 AS d FROM workflows_run WHERE trigger = 'pace') x"
    )
    return row[0], row[1]


def in_flight(bench: Bench, calls: int) -> tuple[float, int, float]:
    """Calls of two seconds from one process: share of the latency-bound ideal, most at once, memory per extra call in MiB."""
    rounds = 5
    bench.clear()
    with workers(1, function="measured_calls") as fleet:
        bench.queue("call", 4)
        bench.wait_for(4)
        (pid,) = fleet.pids()
        small = peak = resident(pid)
        bench.queue("call", calls * rounds)
        until = time.monotonic() + 120
        while bench.read("SELECT count(*) FROM workflows_run WHERE finished_at IS NOT NULL")[0] < 4 + calls * rounds:
            peak = max(peak, resident(pid))
            if time.monotonic() > until:
                raise SystemExit("the calls did not end")
            time.sleep(0.2)
    seconds, most = bench.read(
        "WITH x AS (SELECT sent_at, finished_at FROM workflows_effect ORDER BY id OFFSET 4), "
        "y AS (SELECT sent_at AS at, 1 AS d FROM x UNION ALL SELECT finished_at, -1 FROM x), "
        "z AS (SELECT sum(d) OVER (ORDER BY at) AS open FROM y) "
        "SELECT (SELECT extract(epoch FROM max(finished_at) - min(sent_at)) FROM x), (SELECT max(open) FROM z)"
    )
    return 2.0 * calls * rounds / most / seconds, int(most), (peak - small) / 2**20 / calls


def resident(pid: int) -> int:
    """Bytes of memory a process holds."""
    import psutil

    return int(psutil.Process(pid).memory_info().rss)


def alone(bench: Bench, count: int, *, batch: int, clients: int) -> float:
    """Runs a second of pgbench with the engine's statements on this server."""
    bench.clear()
    bench.queue("pure", count)
    return runs_per_second(
        url=bench.place.postgres.url(DATABASE),
        schema=bench.tenant.schema_name,
        tenant=bench.tenant.id,
        runs=count,
        batch=batch,
        clients=clients,
        folder=FOLDER,
    )


def foreign_share() -> float:
    """Part of the machine that others used during the last half second of idling here."""
    import psutil

    return psutil.cpu_percent(interval=0.5) / 100


def main() -> int:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=8000)
    parser.add_argument("--calls", type=int, default=200)
    options = parser.parse_args()
    server = effects.serve()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    os.environ["EFFECTS_URL"] = f"http://127.0.0.1:{server.server_address[1]}"
    with setting() as place:
        bench = Bench(place)
        bench.prepare()
        busy = foreign_share()
        p50, p95 = latency(bench)
        one, worker_ms, server_ms = throughput(bench, "pure", options.runs, 1)
        two, _, _ = throughput(bench, "pure", options.runs, 2)
        single = alone(bench, options.runs, batch=1, clients=2)
        batched = alone(bench, options.runs, batch=50, clients=2)
        durable, durable_ms, _ = throughput(bench, "durable", options.runs // 8, 1)
        share, most, memory = in_flight(bench, options.calls)
    server.shutdown()
    fast = record(
        goal="E2", figures={
            "runs_per_s_1_worker": one, "runs_per_s_2_workers": two, "durable_steps_per_s": 5 * durable, "p50_ms_at_20_per_s": p50,
            "p95_ms_at_20_per_s": p95, "pgbench_runs_per_s_batch_1": single, "pgbench_runs_per_s_batch_50": batched,
            "ratio_to_pgbench_batch_50": max(one, two) / batched, "worker_cpu_ms_per_run": worker_ms, "postgres_cpu_ms_per_run": server_ms,
            "two_free_cores_would_do_per_s": 2000 / (worker_ms + server_ms), "worker_cpu_ms_per_durable_step": durable_ms / 5,
            "foreign_cpu_share": busy},
        targets={"runs_per_s_2_workers": Target(at_least=1000), "p95_ms_at_20_per_s": Target(at_most=35)},
        note="pure five-step runs with history and fences, fsync on, full queue, 10-90 % of the drain; durable steps are metered HTTP calls on "
             "loopback with intent, mark and outcome committed each; latency under a Celery worker woken by the broker; pgbench: the same "
             "statements, nobody computing the rows; what two free cores would do is reckoned from CPU time, not measured")  # fmt: skip
    many = record(
        goal="E3",
        figures={
            "calls_in_flight": most,
            "share_of_ideal": share,
            "memory_mib_per_call": memory,
            "foreign_cpu_share": busy,
        },
        targets={
            "share_of_ideal": Target(at_least=0.9),
            "memory_mib_per_call": Target(at_most=1),
            "calls_in_flight": Target(at_least=options.calls),
        },
        note="metered calls of 2 s over real HTTP, one worker process, full path with intent, mark, outcome and ledger",
    )
    return 0 if fast and many else 1


if __name__ == "__main__":
    sys.exit(main())
