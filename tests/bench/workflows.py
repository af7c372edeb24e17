"""E5, versions: 20 publishes while 500 runs wait half-way; none changes its definition; a rollback restores everything.

``python -m tests.bench.workflows [--runs 500] [--versions 20]``. The real loop in this process, a PostgreSQL with fsync on, one tenant.
"""

import argparse
import sys
import time
from typing import Any

from tests.bench.report import Target, record
from tests.bench.setting import setting

SLUG = "e5"


def document(number: int) -> dict[str, Any]:
    """A definition that says its number before and after the wait, in its settings and in its trigger."""
    return {
        "schema": 1,
        "start": "a",
        "steps": {
            "a": {"type": "set", "with": {"n": number}, "next": "b"},
            "b": {"type": "wait_event", "with": {"event": "go"}, "next": "c"},
            "c": {"type": "set", "with": {"n": number}},
        },
        "output": {"before": {"$ref": "steps.a.output.n"}, "after": {"$ref": "steps.c.output.n"}},
        "settings": {"approvals": {"quorum": number}},
        "triggers": {"t": {"type": "schedule", "with": {"cron": f"{number} * * * *", "zone": "UTC"}}},
    }


def main() -> int:
    """Measure, record and say whether the targets are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--versions", type=int, default=20)
    options = parser.parse_args()
    with setting():
        figures = measure(options.runs, options.versions)
    zero, all_of_them = Target(at_most=0), Target(at_least=1)
    met = record(
        goal="E5-versions",
        figures=figures,
        targets={
            "runs_that_changed": zero,
            "runs_lost": zero,
            "share_restored": all_of_them,
            "share_on_record": all_of_them,
        },
        note="runs spread over the versions as they are published, each waiting half-way; the real loop, in this process",
    )
    return 0 if met else 1


def measure(runs: int, versions: int) -> dict[str, float]:
    """Publish, wait, wake, and roll back through every version."""
    from apps.workflows import facade
    from tests.workflows import driving

    began: dict[Any, int] = {}
    publishing: list[float] = []
    with driving.inside():
        facade.create_workflow(name="E5", slug=SLUG)
    for number in range(1, versions + 1):
        with driving.inside():
            start = time.perf_counter()
            facade.publish_workflow(workflow=SLUG, definition=document(number), user_id=1, note=f"version {number}")
            publishing.append(time.perf_counter() - start)
            for _ in range(runs // versions):
                began[facade.start_run(workflow=SLUG, inputs={})] = number
        driving.drain()
    with driving.inside():
        for run_id in began:
            facade.signal_run(run_id=run_id, event="go", payload={})
    driving.drain()
    with driving.inside():
        seen = {run_id: facade.get_run(run_id) for run_id in began}
        restored = sum(_restored(number) for number in range(versions, 0, -1))
        told = [change.number for change in facade.list_version_changes(workflow=SLUG, limit=500)]
    changed = sum(
        view.outputs != {"before": began[run_id], "after": began[run_id]} or view.version != began[run_id]
        for run_id, view in seen.items()
        if view.state == "succeeded"
    )
    expected = [*range(1, versions), *range(versions, 0, -1)]
    return {
        "runs": len(began),
        "versions": versions,
        "runs_that_changed": changed,
        "runs_lost": sum(view.state != "succeeded" for view in seen.values()),
        "share_restored": restored / versions,
        "share_on_record": float(told == expected),
        "publish_ms_p50": sorted(publishing)[len(publishing) // 2] * 1000,
    }


def _restored(number: int) -> bool:
    """Whether rolling back to a version brings graph, settings and triggers back, and new runs start with it."""
    from apps.workflows import facade

    view = facade.rollback_workflow(workflow=SLUG, number=number, user_id=1)
    run = facade.get_run(facade.start_run(workflow=SLUG, inputs={}))
    return bool(view.current and view.definition == document(number) and run.version == number)


if __name__ == "__main__":
    sys.exit(main())
