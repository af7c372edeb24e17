"""``python -m tests.faults.dispatch --items 3000 --kills 200 --db-stops 10``: the queue under process and server faults.

Workers (some under Celery, some without a broker, some that their neighbours cannot see die) are killed, stopped and terminated,
PostgreSQL is stopped ``immediate``, the broker is flushed and killed, while items arrive and sleepers are nudged. Then the history
is checked: every item ended, none twice, no wake-up lost. Exit code 1 on any difference.
"""

import argparse
import random
import sys
import threading
import time
from typing import Any

from tests import ground
from tests.bench.report import Target, record
from tests.bench.setting import Place, setting
from tests.faults.kit import Fleet, storm, wait_until

TENANTS = 5
FOLDER = ground.FOLDER.parent / "faults-dispatch"


class Scenario:
    """One run: feeds items, counts, checks."""

    def __init__(self, place: Place, *, items: int, seconds: float, rng: random.Random) -> None:
        self.place = place
        self.items = items
        self.seconds = seconds
        self.rng = rng
        self.refused_feeds = 0
        self.tenants = [800_001 + number for number in range(TENANTS)]
        self._sleepers: list[str] = []

    def prepare(self) -> None:
        """Tables and tenants."""
        from django.db import connection

        from apps.dispatch import facade
        from tests.faults.dispatch_kinds import HISTORY

        with connection.cursor() as cursor:
            cursor.execute(HISTORY)
        for tenant_id in self.tenants:
            facade.register_tenant(tenant_id=tenant_id, schema_name=f"t_{tenant_id:012d}", epoch=1, max_in_flight=20)

    def feed(self) -> None:
        """Enqueue and nudge over the length of the run; what was not committed is tried again under the same dedupe key."""
        for number in range(self.items):
            self._persist(lambda number=number: self._enqueue(number))
            if number % 5 == 4:
                self._persist(self._nudge_one)
            time.sleep(self.seconds / self.items * self.rng.uniform(0.2, 1.6))
        while self._sleepers:
            self._persist(self._nudge_one)

    def _persist(self, action: Any) -> None:
        from django.db import Error, connection

        while True:
            try:
                action()
            except Error:
                self.refused_feeds += 1
                connection.close()
                time.sleep(0.2)
            else:
                return

    def _enqueue(self, number: int) -> None:
        from django.db import connection, transaction

        from apps.dispatch import facade
        from apps.dispatch.contracts import NewWork

        kind = ("fault.call", "fault.call", "fault.job", "fault.wait", "fault.call")[number % 5]
        # An ambiguous commit must not create the item twice: the accepted list is written in the same transaction.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM public.fault_history WHERE work_id = %s AND what = 'accepted'", [-number - 1])
            if cursor.fetchone() is None:
                facade.enqueue(
                    tenant_id=self.rng.choice(self.tenants),
                    work=NewWork(
                        kind=kind,
                        ref=f"{kind}-{number}",
                        timeout_s=5,
                        max_attempts=1000,
                        delay_s=self.rng.choice((0, 0, 0, 0.2)),
                    ),
                )
                cursor.execute(
                    "INSERT INTO public.fault_history (work_id, what) VALUES (%s, 'accepted')", [-number - 1]
                )
        if kind == "fault.wait":
            self._sleepers.append(f"{kind}-{number}")

    def _nudge_one(self) -> None:
        from django.db import connection, transaction

        from apps.dispatch import facade

        if not self._sleepers:
            return
        ref = self._sleepers[-1]
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("INSERT INTO public.fault_news (ref) VALUES (%s) ON CONFLICT DO NOTHING", [ref])
            for tenant_id in self.tenants:
                facade.nudge(tenant_id=tenant_id, kind="fault.wait", ref=ref)
        self._sleepers.pop()

    def open_items(self) -> int:
        """Items not finished yet."""
        return self._number("SELECT count(*) FROM dispatch_workitem WHERE kind LIKE 'fault.%%' AND finished_at IS NULL")

    def _number(self, sql: str) -> int:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(sql)
            return int(cursor.fetchone()[0])

    def booted(self) -> set[int]:
        """Processes with a lease; empty while the database cannot tell."""
        from django.db import Error, connection

        try:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pid FROM dispatch_worker WHERE lease_until > clock_timestamp() AND NOT draining")
                return {row[0] for row in cursor.fetchall()}
        except Error:
            connection.close()
            return set()

    def verdict(self) -> dict[str, int]:
        """Counts of everything that must be zero, and of what makes the run worth something."""
        return {
            "lost": self.items
            - self._number("SELECT count(*) FROM dispatch_workitem WHERE kind LIKE 'fault.%%' AND state = 'done'"),
            "doubled": self._number(
                "SELECT count(*) FROM (SELECT 1 FROM fault_history WHERE what = 'done' GROUP BY work_id "
                "HAVING count(*) > 1) d"
            ),
            "done_without_history": self._number(
                "SELECT count(*) FROM dispatch_workitem w WHERE kind LIKE 'fault.%%' AND state = 'done' AND NOT EXISTS "
                "(SELECT 1 FROM fault_history h WHERE h.work_id = w.id AND h.what = 'done')"
            ),
            "history_without_done": self._number(
                "SELECT count(*) FROM fault_history h JOIN dispatch_workitem w ON w.id = h.work_id "
                "WHERE h.what = 'done' AND w.state <> 'done'"
            ),
            "dead": self._number(
                "SELECT count(*) FROM dispatch_workitem WHERE kind LIKE 'fault.%%' AND state = 'dead'"
            ),
            "swept": self._number(
                "SELECT coalesce(sum(jsonb_array_length(evidence->'losses')), 0) FROM dispatch_workitem "
                "WHERE evidence ? 'losses'"
            ),
            "boots": self._number("SELECT count(*) FROM dispatch_worker"),
        }


def run(
    *, items: int, kills: int, stops: int, terms: int, db_stops: int, broker_faults: int, seconds: float, seed: int
) -> bool:
    """One storm and its verdict."""
    rng = random.Random(seed)
    with setting(postgres_settings={"idle_in_transaction_session_timeout": "10s"}, folder=FOLDER) as place:
        from django.db import connection

        from tests.dispatch.kinds import registered
        from tests.faults.dispatch_kinds import KINDS, LEASE_S

        scenario = Scenario(place, items=items, seconds=seconds, rng=random.Random(seed + 1))
        scenario.prepare()

        def database_stop() -> None:
            place.postgres.stop(mode="immediate")
            time.sleep(rng.uniform(0.1, 1.0))
            place.postgres.start()

        def broker_fault() -> None:
            if rng.random() < 0.5:
                place.valkey.stop()
                time.sleep(rng.uniform(0.1, 2.0))
                place.valkey.start()
            else:
                _flush(place)

        module = "tests.faults.dispatch_worker"
        entries = [f"{module}:plain", f"{module}:strange", f"{module}:under_celery"]
        with registered(*KINDS), Fleet(entries, rng=rng, booted=scenario.booted, env={"LOG_LEVEL": "WARNING"}) as fleet:
            assert wait_until(lambda: len(scenario.booted()) == len(entries), seconds=60), "the workers did not start"
            feeder = threading.Thread(target=scenario.feed)
            feeder.start()
            faults = [
                (fleet.kill_one, kills),
                (lambda: fleet.stop_one(rng.uniform(0.2, 6.0)), stops),
                (fleet.terminate_one, terms),
                (database_stop, db_stops),
                (broker_fault, broker_faults),
            ]
            for _ in storm(faults=faults, seconds=seconds, rng=rng):
                pass
            feeder.join()
            connection.close()  # it broke with the server
            calm_at = time.monotonic()
            finished = wait_until(lambda: scenario.open_items() == 0, seconds=20 * LEASE_S)
            settled_s = time.monotonic() - calm_at
            figures: dict[str, Any] = {
                "items": items,
                "kills": fleet.kills,
                "stops": fleet.stops,
                "db_stops": db_stops,
                "broker_faults": broker_faults,
                "seed": seed,
                **scenario.verdict(),
                "settled_after_last_fault_s": round(settled_s, 2),
                "open_at_end": scenario.open_items(),
                "exits_75": fleet.exits[75],
                "feeds_repeated": scenario.refused_feeds,
            }
    zero = Target(at_most=0)
    return finished and record(
        goal="E1-dispatch",
        figures=figures,
        targets={
            "lost": zero,
            "doubled": zero,
            "done_without_history": zero,
            "history_without_done": zero,
            "dead": zero,
            "open_at_end": zero,
            "settled_after_last_fault_s": Target(at_most=2 * LEASE_S),
        },
        note=f"leases of {LEASE_S:g} s; three workers: one under Celery, one without a broker, one invisible to its neighbours",
    )


def _flush(place: Place) -> None:
    import redis

    with redis.Redis.from_url(place.valkey.url()) as broker:
        broker.flushall()


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=600)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--stops", type=int, default=6)
    parser.add_argument("--terms", type=int, default=4)
    parser.add_argument("--db-stops", type=int, default=2)
    parser.add_argument("--broker-faults", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=45, help="Length of the storm.")
    parser.add_argument("--seed", type=int, default=1)
    return 0 if run(**vars(parser.parse_args())) else 1


if __name__ == "__main__":
    sys.exit(main())
