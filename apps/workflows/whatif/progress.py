"""What follows when shadows moved: open pages look again, and those that ended are set against the past."""

from collections.abc import Sequence

from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import NewWork
from apps.dispatch.enums import Queue
from apps.workflows.engine.live import LiveRun, row_state
from apps.workflows.whatif.conf import JUDGE_KIND


def shadows_moved(tenant_id: int, lives: Sequence[LiveRun]) -> list[str]:
    """The topics of their comparisons; queues the judging of those that ended. Inside the checkpoint's transaction.

    A shadow announces nothing else: whoever listens for ended runs must not act on it.
    """
    ended = {live.shadow.what_if for live in lives if live.shadow and live.state.ended}
    for what_if in sorted(ended):
        enqueue_judging(tenant_id=tenant_id, what_if=what_if)
    for live in lives:
        live.row_state = row_state(live)
    return [f"whatif:{what_if}" for what_if in sorted({live.shadow.what_if for live in lives if live.shadow})]


def enqueue_judging(*, tenant_id: int, what_if: str) -> None:
    """Queue one look at the ended shadows of a comparison; one that is running is made again."""
    work = NewWork(kind=JUDGE_KIND, ref=what_if, queue=Queue.DEFAULT, dedupe_key=what_if, again=True, delay_s=0.2)
    dispatch.enqueue(tenant_id=tenant_id, work=work)
