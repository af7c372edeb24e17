"""``python -m tests.faults.approvals --graphs 10000``: goals P1 and P2.

P1: random workflows with risky steps, random decisions, edits, deadlines, changed bytes, replays and an adversary at the tables; then
every request that left is checked for a valid decision on exactly its bytes. P2: the labelled set of acts against computed classes.
"""

import argparse
import logging
import sys
import time
from pathlib import Path

from tests.bench.report import Target, record
from tests.bench.setting import FOLDER, setting

BATCH = 100


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=500)
    parser.add_argument(
        "--minutes",
        type=float,
        default=600,
        help="Begin no further batch after so long; the record says how many it was.",
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--to", default="", help="Folder for the records instead of docs/measurements.")
    options = parser.parse_args()
    with setting(postgres_settings={"fsync": "off"}, folder=FOLDER.parent / "faults-approvals"):
        more = {"folder": Path(options.to)} if options.to else {}
        kept = classes(more)
        return 0 if graphs(options.graphs, options.minutes * 60, options.seed, more) and kept else 1


def classes(more: dict[str, Path]) -> bool:
    """P2."""
    from tests.workflows.acts import judge_all

    judged = judge_all()
    figures = {
        "actions": len(judged),
        "right_share": round(sum(one.computed == one.label for one in judged) / len(judged), 4),
        "too_low": sum(one.is_too_low for one in judged),
    }
    targets = {"actions": Target(at_least=200), "right_share": Target(at_least=0.95), "too_low": Target(at_most=0)}
    return record(
        goal="P2-classes",
        figures=figures,
        targets=targets,
        note="labels by hand, tests/workflows/data/acts.json",
        **more,
    )


def graphs(many: int, within_s: float, seed: int, more: dict[str, Path]) -> bool:
    """P1."""
    from django.conf import settings
    from django.db import connection

    from apps.accounts.models import User
    from apps.workflows.registries import step_types
    from tests.workflows import approval_graphs, conftest

    settings.WORKFLOWS = {"quiescence_s": 0}
    logging.disable(logging.CRITICAL)  # each act that cannot say what it reaches writes a traceback, by the thousand
    people = {name: User.objects.get(email=f"{name}@acme.example").pk for name in ("owner", "member", "viewer")}
    totals = {"graphs": 0, "left": 0, "needed_a_decision": 0, "without_valid_decision": 0, "broke_in": 0, "tries": 0}
    began = time.monotonic()
    with step_types.temporarily(*approval_graphs.STEPS):
        for number in range(0, many, BATCH):
            if time.monotonic() - began > within_s:
                break
            world = approval_graphs.play(graphs=min(BATCH, many - number), seed=seed + number, people=people)
            totals["graphs"] += min(BATCH, many - number)
            totals["left"] += len(world.left)
            totals["needed_a_decision"] += sum(approval_graphs.needed(one) for one in world.left)
            totals["without_valid_decision"] += len(approval_graphs.violations(world, people))
            totals["broke_in"] += world.broke_in
            totals["tries"] += sum(world.tried.values())
            for slug in conftest.TENANTS:
                conftest._empty_tables(slug, [])
            with connection.cursor() as cursor:  # a queue that grows from batch to batch would be what is measured
                cursor.execute("TRUNCATE public.dispatch_workitem, public.dispatch_worker")
            sys.stdout.write(f"{totals['graphs']:>6} of {many} after {time.monotonic() - began:.0f} s\n")
            sys.stdout.flush()
    figures = {**totals, "seed": seed, "seconds": round(time.monotonic() - began, 1)}
    targets = {"without_valid_decision": Target(at_most=0), "broke_in": Target(at_most=0)}
    note = "" if totals["graphs"] == many else f"{many} were asked for; time was over"
    return record(goal="P1-approvals", figures=figures, targets=targets, note=note, **more)


if __name__ == "__main__":
    sys.exit(main())
