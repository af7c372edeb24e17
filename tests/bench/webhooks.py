"""Goal M2: ``python -m tests.bench.webhooks --events 50000``: a receiver down for 48 simulated hours, then flapping."""

import argparse
import contextlib
import logging
import os
import sys
import time
from collections.abc import Iterator

from tests import ground
from tests.bench.report import Target, record


def main() -> int:
    """Exit code 1 when the goal is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.webhooks", description=__doc__)
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--objects", type=int, default=2_000)
    options = parser.parse_args()
    started = time.monotonic()
    with _ground():
        logging.disable(logging.WARNING)
        from tests import transactions
        from tests.connectors.webhook_days import play

        with transactions.entered("acme"):
            figures = play(events=options.events, objects=options.objects)
    none = Target(at_most=0)
    met = record(
        goal="M2",
        figures={**figures, "wall_s": round(time.monotonic() - started, 1)},
        targets={"lost": none, "out_of_order": none, "not_done": none, "delivered": Target(at_least=options.events)},
        note="Simulated time and receiver, real PostgreSQL; a repeat carries the id the receiver has seen already.",
    )
    return 0 if met else 1


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


if __name__ == "__main__":
    sys.exit(main())
