"""Tells a waiting parent that one of the runs it started has ended. In the transaction that ends the child; a sweep catches up."""

from collections.abc import Sequence

from apps.dispatch import facade as dispatch
from apps.workflows.conf import RUN_KIND
from apps.workflows.engine import store

# The event a step waits for while its children run; its attempt is part of the name, so that an old child cannot answer a new try.
CHILD_EVENT = "$child/"

Parent = tuple[str, str, int]


def wake_parents(*, tenant_id: int, ended: Sequence[tuple[Parent, str]]) -> None:
    """Leave one event for each (parent, child id) and wake the parents. A second call for the same child wakes the parent again."""
    if not ended:
        return
    rows = [
        {
            "run": run,
            "event": f"{CHILD_EVENT}{attempt}",
            "slot": f"{path} {child.replace('-', '')}",
            "payload": {"run_id": child},
        }
        for (run, path, attempt), child in ended
    ]
    for run in sorted(store.tell_parents(rows)):
        dispatch.nudge(tenant_id=tenant_id, kind=RUN_KIND, ref=run)
