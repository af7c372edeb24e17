"""What one webhook delivery costs: ``python -m tests.bench.deliveries``, CPU of our process and of PostgreSQL.

The five-step workflow of ``tests.peers`` behind its webhook, one process without network: ``taken`` is the whole WSGI application
for one delivery until its run is queued, ``begun`` the same by the worker's loop for an occasion that a worker begins (a
mail, an event, here a replay), ``raw`` two inserts by psycopg in one transaction (the occasion and the work item), the least
a kept promise costs. The least of the rounds counts: whatever else runs on the machine only adds to it.
"""

import argparse
import io
import json
import os
import sys
import time
from collections.abc import Callable
from typing import Any

import psutil

from tests.bench.report import Figure, Target, record
from tests.bench.setting import DATABASE, Place, setting

WARM_UP = 40


def main() -> int:
    """Exit code 1 when a run is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.deliveries", description=__doc__)
    parser.add_argument("--deliveries", type=int, default=60, help="in each round")
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--profile", choices=["taken", "begun"], help="print where the time goes; nothing is recorded")
    options = parser.parse_args()
    os.environ["LOG_LEVEL"] = "WARNING"
    with setting() as place:
        bench = Bench(place)
        if options.profile:
            return bench.profile(options.profile, options.deliveries)
        figures = bench.measured(options.deliveries, options.rounds)
    figures["taken_times_raw"] = round(float(figures["taken_ms"]) / float(figures["raw_ms"]), 1)
    met = record(goal="deliveries", figures=figures, targets={"lost": Target(at_most=0)},
                 note="CPU a delivery in ms: our process; pg_taken_ms: PostgreSQL's backends (fsync on); one process, no network")  # fmt: skip
    return 0 if met else 1


class Bench:
    """One published workflow and the WSGI application in this process."""

    def __init__(self, place: Place) -> None:
        from django.core.wsgi import get_wsgi_application
        from django.db import connection

        from tests.peers import ours

        connection.close()
        self.path, self.host = ours._publish(), ours.HOST
        self.application = get_wsgi_application()
        self.place = place
        self.server = psutil.Process(int((place.postgres.data / "postmaster.pid").read_text().split()[0]))
        self.number = 0

    def measured(self, deliveries: int, rounds: int) -> dict[str, Figure]:
        """Rounds of taking, beginning and raw inserts, one after the other."""
        found: dict[str, list[float]] = {}
        parts: dict[str, Callable[[int], None]] = {"taken": self.take, "begun": self.begin, "raw": self.insert}
        for count in [WARM_UP] + [deliveries] * rounds:
            for name, part in parts.items():
                if name == "begun":
                    self.replay(count)
                ours, servers = self.cost(part, count)
                if count == WARM_UP:
                    continue
                found.setdefault(f"{name}_ms", []).append(ours)
                if name == "taken":  # the other parts open and close connections, whose ends are booked late
                    found.setdefault("pg_taken_ms", []).append(servers)
        lost = self.number - _read("SELECT count(*) FROM workflows_run")
        return {**{name: round(min(each), 2) for name, each in found.items()}, "lost": lost}

    def cost(self, part: Callable[[int], None], deliveries: int) -> tuple[float, float]:
        """CPU ms for each delivery: this process, PostgreSQL's backends."""
        backends, begun = self.server_cpu(), time.process_time()
        part(deliveries)
        ours = time.process_time() - begun
        return 1000 * ours / deliveries, 1000 * (self.server_cpu() - backends) / deliveries

    def server_cpu(self) -> float:
        """Seconds of PostgreSQL and its children that live; ended ones are counted by the server itself."""
        try:
            times = [self.server.cpu_times(), *(child.cpu_times() for child in self.server.children())]
        except psutil.NoSuchProcess:  # one ended meanwhile
            return self.server_cpu()
        return sum(one.user + one.system for one in times) + times[0].children_user + times[0].children_system

    def take(self, count: int) -> None:
        """So many deliveries through the application."""
        for _each in range(count):
            self.number += 1
            body = json.dumps({"n": self.number, "at": time.time(), "text": "x" * 150}).encode()
            answered: list[str] = []
            answer = self.application(
                self.environ(body), lambda status, headers, answered=answered: answered.append(status)
            )
            said = b"".join(answer)
            answer.close()
            if not answered[0].startswith("202"):
                raise SystemExit(f"{answered[0]}: {said[:300]!r}")

    def environ(self, body: bytes) -> dict[str, Any]:
        """What a WSGI server hands over for one post."""
        return {
            "REQUEST_METHOD": "POST", "SCRIPT_NAME": "", "PATH_INFO": self.path, "QUERY_STRING": "", "SERVER_NAME": self.host,
            "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": self.host,
            "CONTENT_TYPE": "application/json", "CONTENT_LENGTH": str(len(body)), "HTTP_ACCEPT_ENCODING": "identity",
            "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "wsgi.errors": sys.stderr,
            "wsgi.multithread": True, "wsgi.multiprocess": False, "wsgi.run_once": False,
        }  # fmt: skip

    def replay(self, count: int) -> None:
        """Have so many occasions wait for a worker, and nothing else."""
        from apps.tenants.facade import get_tenant, tenant_context
        from apps.workflows.models import Firing
        from apps.workflows.triggers import receiving

        self.begin(0)
        self.number += count
        with tenant_context(get_tenant(slug="acme")):
            first = Firing.objects.earliest("created_at").pk
            for _each in range(count):
                receiving.replay(firing_id=first)

    def begin(self, _count: int) -> None:
        """The worker's loop until nothing taken waits to be begun."""
        from apps.dispatch.loop import Loop
        from apps.workflows.triggers.jobs import BEGIN

        Loop(kinds=[BEGIN], until_empty=True).run()

    def insert(self, count: int) -> None:
        """The same rows by psycopg alone."""
        import psycopg2

        with psycopg2.connect(self.place.postgres.url(DATABASE)) as connection, connection.cursor() as cursor:
            cursor.execute(_RAW_SETUP)
            connection.commit()
            for number in range(count):
                cursor.execute(
                    "INSERT INTO raw_firing (payload) VALUES (%s) RETURNING id",
                    [json.dumps({"body": {"n": number, "text": "x" * 150}})],
                )
                cursor.execute("INSERT INTO raw_work (ref) VALUES (%s)", [str(cursor.fetchone()[0])])
                connection.commit()

    def profile(self, part: str, deliveries: int) -> int:
        """Print the dearest functions of one part."""
        import cProfile
        import pstats

        self.take(WARM_UP)
        if part == "begun":
            self.replay(deliveries)
        profile = cProfile.Profile()
        profile.enable()
        self.take(deliveries) if part == "taken" else self.begin(0)
        profile.disable()
        pstats.Stats(profile).sort_stats("cumulative").print_stats(90)
        return 0


_RAW_SETUP = """
SET search_path TO public;
CREATE TABLE IF NOT EXISTS raw_firing (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), payload jsonb);
CREATE TABLE IF NOT EXISTS raw_work (id bigserial PRIMARY KEY, ref text);
"""


def _read(sql: str) -> int:
    from tests.peers.ours import _read as read

    return int(read(sql)[0][0])


if __name__ == "__main__":
    sys.exit(main())
