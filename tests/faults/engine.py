"""``python -m tests.faults.engine --runs 600 --kills 50 --db-stops 5 [--mixed]``: goal E1, nothing lost and nothing doubled.

Workers are killed and stopped, PostgreSQL is stopped ``immediate`` and the broker is off for half of the storm, while runs of five
steps (keyed, lookup, blind, metered, pure) are under way against a provider that answers 429, 409, 500 before and after the effect,
resets, late and garbled. A person decides about the effects nobody can tell. Then the provider's own counts are compared with ours.
With ``--mixed`` the runs branch, loop, ask people, run other workflows, are cancelled and retried (``shapes``, ``people``).
"""

import argparse
import contextlib
import os
import random
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.report import Target, record
from tests.bench.setting import FOLDER, Place, setting
from tests.faults.kit import Fleet, storm, wait_until
from tests.servers import effects

ZERO = (
    "lost",
    "unfinished",
    "wrong_outputs",
    "wrong_history",
    "open_history",
    "wrong_effects",
    "ledger_diff",
    "doubled_keyed",
    "doubled_lookup",
    "doubled_blind",
    "missing_keyed",
    "missing_lookup",
    "missing_blind",
    "unbooked_calls",
    "key_mismatches",
    "open_work",
)


# A busy machine makes everything late; only what has not ended by then is called lost.
GIVE_UP_S = 300.0
OPEN = "SELECT count(*) FROM workflows_run WHERE finished_at IS NULL OR state = 'failed' AND parent_id IS NULL"


class Scenario:
    """Feeds runs, lets a person decide, watches."""

    def __init__(
        self,
        *,
        start: Callable[[int], None],
        people: Sequence[Callable[[], object]],
        runs: int,
        seconds: float,
        rng: random.Random,
    ) -> None:
        self.start, self.people = start, people
        self.runs, self.seconds, self.rng = runs, seconds, rng
        self.refused = 0
        self.calm = threading.Event()

    def patiently(self, action: Any) -> Any:
        """Do it again until the database lets it pass."""
        from django.db import Error, connection

        while True:
            try:
                return action()
            except Error:
                self.refused += 1
                connection.close()
                time.sleep(0.2)

    def feed(self) -> None:
        """Start the runs over the length of the storm."""
        for number in range(self.runs):
            self.patiently(lambda number=number: self.start(number))
            time.sleep(self.seconds / self.runs * self.rng.uniform(0.1, 1.2))

    def threads(self) -> list[threading.Thread]:
        """Who feeds, and everybody at work."""
        return [
            threading.Thread(target=self.feed),
            *(threading.Thread(target=self._work, args=(one,)) for one in self.people),
        ]

    def _work(self, person: Callable[[], object]) -> None:
        while not self.calm.wait(0.3):
            self.patiently(person)

    def finished(self) -> bool:
        """Whether every run has ended, and nobody has to try one again."""
        from tests.faults import engine_check

        return self.patiently(lambda: engine_check.total(OPEN)) == 0

    def booted(self) -> set[int]:
        """Processes with a lease; empty while the database cannot tell."""
        from django.db import Error, connection

        try:
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT pid FROM public.dispatch_worker WHERE lease_until > clock_timestamp() AND NOT draining"
                )
                return {row[0] for row in cursor.fetchall()}
        except Error:
            connection.close()
            return set()


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is run, what people do, and how it is judged."""

    start: Callable[[int], None]
    people: Sequence[Callable[[], object]]
    verdict: Callable[[int], dict[str, int]]
    color: Callable[[], dict[str, Any]]
    zero: tuple[str, ...]


def _straight(url: str, *, approvals: bool) -> Case:
    from tests.faults import engine_check

    engine_check.publish(approvals=approvals)
    return Case(
        start=engine_check.start,
        people=[lambda: engine_check.settle_doubts(url), engine_check.approve],
        verdict=lambda runs: engine_check.verdict(url, runs),
        color=lambda: engine_check.color(url),
        zero=(*ZERO, "sent_unapproved"),
    )


def _mixed(url: str, seed: int) -> Case:
    from tests.faults import mixed_check
    from tests.faults.people import People

    mixed_check.publish()
    people = People(url=url, rng=random.Random(seed + 3))
    return Case(
        start=mixed_check.start,
        people=people.acts(),
        verdict=lambda runs: mixed_check.verdict(url, runs, people.counts),
        color=lambda: mixed_check.color(url, people.counts),
        zero=mixed_check.ZERO,
    )


def run(
    *,
    runs: int,
    kills: int,
    stops: int,
    db_stops: int,
    seconds: float,
    seed: int,
    rate: float,
    workers: int,
    broker: str,
    to: str,
    patience: float,
    approvals: bool,
    mixed: bool,
) -> bool:
    """One storm and its verdict."""
    rng = random.Random(seed)
    server = effects.serve()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = os.environ["EFFECTS_URL"] = f"http://127.0.0.1:{server.server_address[1]}"
    # An immediate stop loses nothing the kernel has taken, so fsync would only slow the storm down.
    quick = {"idle_in_transaction_session_timeout": "10s", "fsync": "off"}
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(setting(postgres_settings=quick, folder=FOLDER.parent / "faults-engine"))
        from apps.workflows.registries import step_types
        from tests.faults.engine_worker import LEASE_S
        from tests.workflows.provider_steps import STEPS

        stack.enter_context(step_types.temporarily(*STEPS))
        case = _mixed(url, seed) if mixed else _straight(url, approvals=approvals)
        ledger = server.RequestHandlerClass.ledger
        ledger.rate, ledger.slow_s, ledger.dice = rate, 1.5, random.Random(seed + 2)
        scenario = Scenario(
            start=case.start, people=case.people, runs=runs, seconds=seconds, rng=random.Random(seed + 1)
        )
        if broker != "on":
            place.valkey.stop()
        entries = [f"tests.faults.engine_worker:{name}" for name in ("plain", "strange", "plain", "plain")[:workers]]
        if broker != "off":
            entries[-1] = "tests.faults.engine_worker:under_celery"
        with Fleet(entries, rng=rng, booted=scenario.booted, env={"LOG_LEVEL": "WARNING"}) as fleet:
            assert wait_until(lambda: len(scenario.booted()) >= 1, seconds=90), "the workers did not start"
            figures, finished = _storm(
                place,
                scenario,
                fleet,
                ledger,
                rng,
                kills=kills,
                stops=stops,
                db_stops=db_stops,
                broker=broker,
                lease_s=LEASE_S,
            )
        figures = {
            "runs": runs,
            "kills": fleet.kills,
            "stops": fleet.stops,
            "db_stops": db_stops,
            "broker": broker,
            "seed": seed,
            **figures,
            **case.verdict(runs),
            **case.color(),
            "feeds_repeated": scenario.refused,
        }
    server.shutdown()
    zero = Target(at_most=0)
    kept = record(
        goal="E1-mixed" if mixed else "E1-engine",
        figures=figures,
        targets={
            **dict.fromkeys(case.zero, zero),
            "settled_after_last_fault_s": Target(at_most=patience * LEASE_S),
            "taken_over_after_last_fault_s": Target(at_most=2 * LEASE_S),
        },
        note=f"leases of {LEASE_S:g} s, {workers} workers, provider misbehaves on {rate:.0%} of requests; settled: all runs ended that the "
        "storm had begun, people's decisions included; taken over: the last item was taken from a worker that was gone",
        **({"folder": Path(to)} if to else {}),
    )
    return finished and kept


def _storm(
    place: Place,
    scenario: Scenario,
    fleet: Fleet,
    ledger: effects.Ledger,
    rng: random.Random,
    *,
    kills: int,
    stops: int,
    db_stops: int,
    broker: str,
    lease_s: float,
) -> tuple[dict[str, Any], bool]:
    def database_stop() -> None:
        place.postgres.stop(mode="immediate")
        time.sleep(rng.uniform(0.1, 0.8))
        place.postgres.start()

    threads = scenario.threads()
    for thread in threads:
        thread.start()
    half = time.monotonic() + scenario.seconds / 2
    for _ in storm(
        faults=[
            (fleet.kill_one, kills),
            (lambda: fleet.stop_one(rng.uniform(0.2, 5.0)), stops),
            (database_stop, db_stops),
        ],
        seconds=scenario.seconds,
        rng=rng,
    ):
        if broker == "half" and time.monotonic() > half and place.valkey.running_port() is None:
            place.valkey.start()
    threads[0].join()
    from django.db import connection

    connection.close()
    ledger.rate = 0.0
    wait_until(lambda: not fleet.has_stopped(), seconds=10, every=0.02)  # a fault lasts until it is over
    calm_at, calm = time.monotonic(), time.time()
    finished = wait_until(scenario.finished, seconds=max(GIVE_UP_S, 20 * lease_s))
    settled = time.monotonic() - calm_at
    scenario.calm.set()
    for thread in threads:
        thread.join()
    from tests.faults.engine_check import last_loss_at

    figures = {"settled_after_last_fault_s": settled, "taken_over_after_last_fault_s": max(0, last_loss_at() - calm)}
    return {name: round(value, 2) for name, value in figures.items()}, finished


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=600)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--stops", type=int, default=6, help="SIGSTOPs of 0.2 to 5 seconds.")
    parser.add_argument("--db-stops", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=75, help="Length of the storm.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=0.15, help="Share of provider requests that misbehave.")
    parser.add_argument("--workers", type=int, default=3)
    parser.add_argument("--broker", choices=("on", "half", "off"), default="half")
    parser.add_argument(
        "--patience", type=float, default=2, help="Leases within which all runs must have ended after the last fault."
    )
    parser.add_argument("--approvals", action="store_true", help="People must approve the blind step of every run.")
    parser.add_argument("--mixed", action="store_true", help="Branches, loops, children, people, cancels, retries.")
    parser.add_argument("--to", default="", help="Folder for the record instead of docs/measurements.")
    return 0 if run(**vars(parser.parse_args(arguments))) else 1


if __name__ == "__main__":
    sys.exit(main())
