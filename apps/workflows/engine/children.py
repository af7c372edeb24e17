"""Tells a waiting parent that one of the runs it started has ended. In the transaction that ends the child; a sweep catches up."""

from collections.abc import Sequence

from apps.dispatch import facade as dispatch
from apps.workflows.conf import RUN_KIND
from apps.workflows.engine import store
from apps.workflows.faultpoints import reach

# The event a step waits for while its children run; its attempt is part of the name, so that an old child cannot answer a new try.
CHILD_EVENT = "$child/"


def wake_parents(*, tenant_id: int, ended: Sequence[str]) -> None:
    """Leave one event for the parent of each of these children, if it still goes on, and wake it. A second call wakes it again.

    Call it after the children's rows were written in the same transaction: which try of its parent a child counts for is read then,
    since a parent that was tried again meanwhile has made it count for the new try.
    """
    if not ended:
        return
    parents = store.tell_parents(ended, event=CHILD_EVENT)
    reach("parents.told")
    for run in sorted(parents):
        dispatch.nudge(tenant_id=tenant_id, kind=RUN_KIND, ref=run)
