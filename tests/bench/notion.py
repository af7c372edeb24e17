"""Goals N1 and N2: ``python -m tests.bench.notion --edits 10000 --hours 24 --two-sided 1000``.

Simulated time, a real PostgreSQL and broker, the sandbox over real HTTP; nothing here depends on a quiet machine, so it runs
beside other measurements, in a database of its own. N1: edits are taken once, inside the request budget,
soon. N2: edits of both sides are merged by cell or shown as a conflict, and two hours of outage lose nothing.
"""

import argparse
import contextlib
import logging
import os
import sys
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests import ground
from tests.bench.report import Target, record

if TYPE_CHECKING:
    from tests.connectors.world import World


def main() -> int:
    """Exit code 1 when a goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.notion", description=__doc__)
    parser.add_argument("--edits", type=int, default=10_000, help="N1: edits of people (0 = leave N1 out)")
    parser.add_argument("--hours", type=float, default=24.0, help="N1: simulated hours they are spread over")
    parser.add_argument("--rows", type=int, default=400, help="N1: rows at the start")
    parser.add_argument("--late", type=float, default=0.03, help="N1: share of edits that show up 1 to 300 s late")
    parser.add_argument("--two-sided", type=int, default=1000, help="N2: random edits of both sides (0 = leave N2 out)")
    parser.add_argument("--seed", type=int, default=5)
    options = parser.parse_args()
    with _ground():
        logging.disable(logging.WARNING)
        met = [_n1(options)] if options.edits else []
        met += [_n2(options)] if options.two_sided else []
    return 0 if all(met) else 1


def _n1(options: argparse.Namespace) -> bool:
    from tests.connectors.simulation import Day

    started = time.monotonic()
    with _world("acme") as world:
        figures = Day(
            world,
            edits=options.edits,
            hours=options.hours,
            rows=options.rows,
            seed=options.seed,
            late_share=options.late,
        ).play()
    figures["wall_s"] = round(time.monotonic() - started, 1)
    none = Target(at_most=0)
    return record(
        goal="N1",
        figures=figures,
        targets={"missed": none, "doubled": none, "calls_over_budget": none, "pickup_p95_s": Target(at_most=75)},
        note="Polls alone, no webhooks; the wait is the minute between polls plus what Notion shows late.",
    )


def _n2(options: argparse.Namespace) -> bool:
    from tests.connectors.two_sided import TwoSided

    started = time.monotonic()
    with _world("globex") as world:
        figures = TwoSided(world, edits=options.two_sided, rows=40, seed=options.seed).play()
    figures["wall_s"] = round(time.monotonic() - started, 1)
    none = Target(at_most=0)
    return record(
        goal="N2",
        figures=figures,
        targets={"silent_overwrites": none, "lost": none, "not_in_step": none, "calls_over_budget": none},
        note="Notion has no conditional write: an edit between our look and our write, some 100 ms, is out of anybody's sight.",
    )


@contextlib.contextmanager
def _ground() -> Iterator[None]:
    """The servers of the test suite and a fresh copy of its template."""
    slot = ground.enter()
    os.environ |= {**slot.environment(), "DJANGO_SETTINGS_MODULE": "echopilot.settings.test", "ECHOPILOT_ENV_FILES": "none",
                   "ECHOPILOT_VAR": str(ground.FOLDER / "files" / str(slot.number)), "ALLOW_DIRTY": "true"}  # fmt: skip
    try:
        ground.fill(slot.database)
        import django

        django.setup()
        yield
        from django.db import connections

        connections.close_all()
    finally:
        ground.leave(slot)


@contextlib.contextmanager
def _world(slug: str) -> "Iterator[World]":
    from apps.tenants import facade as tenants
    from tests.connectors.world import opened

    with tenants.tenant_context(tenants.get_tenant(slug=slug)), opened() as world:
        yield world


if __name__ == "__main__":
    sys.exit(main())
