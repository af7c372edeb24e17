"""Live updates: many streams on one database connection, and what telling them costs the commits of others.

``python -m tests.bench.live [--streams 300]``. The events process as in production (uvicorn), readers on raw sockets, a PostgreSQL
with fsync on.
"""

import argparse
import os
import statistics
import subprocess
import sys
import threading
import time

import psutil

from tests.bench.report import Target, record
from tests.bench.setting import DATABASE, Place, setting

COMMIT = "INSERT INTO public.bench_commit (n) VALUES (1);"
NOTIFYING = "BEGIN; INSERT INTO public.bench_commit (n) VALUES (1); NOTIFY bench, 'x'; COMMIT;"
CLIENTS = 8
EVENTS = 40


def streams(place: Place, count: int) -> dict[str, float]:
    """Open ``count`` streams of 50 people, tell of changes, and look at what it took."""
    from apps.core.embedded.ports import free_port
    from apps.live.contracts import Change
    from apps.live.sending import write
    from tests.live.reading import Server

    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "echopilot.events:application", "--port", str(port), "--no-access-log",
               "--timeout-graceful-shutdown", "1", "--log-level", "warning"]  # fmt: skip
    environment = {**os.environ, "DATABASE_URL": place.postgres.url(DATABASE), "LOG_LEVEL": "WARNING"}
    process = subprocess.Popen(command, env=environment)
    server = Server(port=port, pid=process.pid, process=process)
    try:
        server.wait_until_ready()
        began = time.perf_counter()
        opened = [server.open(1, "runs", user_id=number % 50) for number in range(count)]
        opening_s = time.perf_counter() - began
        assert {stream.status for stream in opened} == {200}
        arrivals: list[list[float]] = [[] for _ in opened]

        def read(number: int) -> None:
            while len(arrivals[number]) < EVENTS and opened[number].next(within_s=20) is not None:
                arrivals[number].append(time.perf_counter())

        readers = [threading.Thread(target=read, args=[number], daemon=True) for number in range(count)]
        for reader in readers:
            reader.start()
        sent = []
        for _ in range(EVENTS):
            change = Change()
            change.add(["runs"])
            sent.append(time.perf_counter())
            write({1: change})
            time.sleep(0.25)
        for reader in readers:
            reader.join(timeout=30)
        late = [1000 * (arrival - at) for mine in arrivals for arrival, at in zip(mine, sent, strict=False)]
        return {
            "streams": count,
            "delivered_share": len(late) / (count * EVENTS),
            "database_connections": connections_of_events(),
            "median_ms": statistics.median(late),
            "p99_ms": statistics.quantiles(late, n=100)[98],
            "opening_s": opening_s,
            "process_mib": psutil.Process(process.pid).memory_info().rss / 2**20,
        }
    finally:
        server.close()
        process.terminate()
        process.wait(timeout=10)


def connections_of_events() -> int:
    """Database connections the events process holds."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'echopilot events'")
        return int(cursor.fetchone()[0])


def commits(place: Place) -> dict[str, float]:
    """Commits a second of eight writers: alone, with NOTIFY in each commit, and beside a sender that tells ten times a second."""
    from django.db import connection

    from apps.live.contracts import Change
    from apps.live.sending import write

    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE public.bench_commit (n int)")
    alone = place.pgbench(COMMIT, clients=CLIENTS)
    notifying = place.pgbench(NOTIFYING, clients=CLIENTS)
    stop = threading.Event()

    def tell() -> None:
        from django.db import connection as own

        change = Change()
        change.add(["runs", *(f"run:{number:036d}" for number in range(200))])
        while not stop.wait(0.1):
            write({1: change})
        own.close()

    sender = threading.Thread(target=tell)
    sender.start()
    beside = place.pgbench(COMMIT, clients=CLIENTS)
    stop.set()
    sender.join()
    return {
        "commits_per_s_alone": alone,
        "commits_per_s_with_notify_inside": notifying,
        "commits_per_s_beside_the_sender": beside,
        "share_kept_beside_the_sender": beside / alone,
    }


def note_cost() -> dict[str, float]:
    """Microseconds a checkpoint of 32 runs spends on noting them."""
    from apps.live.sending import Outbox

    outbox, topics = Outbox(), [f"run:{number:036d}" for number in range(32)]
    began = time.perf_counter()
    for _ in range(2000):
        outbox.note(tenant_id=1, topics=["runs", *topics], flows={"answer": {"succeeded": 32}})
    return {"note_us_per_checkpoint_of_32_runs": 1e6 * (time.perf_counter() - began) / 2000}


def main() -> int:
    """Measure and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, default=300)
    options = parser.parse_args()
    with setting() as place:
        from django.conf import settings

        settings.LIVE_SENDING = "asked"
        figures = {**streams(place, options.streams), **commits(place), **note_cost()}
    targets = {
        "database_connections": Target(at_most=1),
        "delivered_share": Target(at_least=1.0),
        "median_ms": Target(at_most=150),
        "share_kept_beside_the_sender": Target(at_least=0.9),
    }
    note = (
        "readers are threads of one Python process on the same two cores; 8 pgbench writers, one-row commits, fsync on"
    )
    return 0 if record(goal="UI2-live", figures=figures, targets=targets, note=note) else 1


if __name__ == "__main__":
    sys.exit(main())
