"""Claiming in tests, through the product's own claimer."""

from apps.dispatch.claiming import Claimer, Room
from apps.dispatch.contracts import ClaimedWork
from tests.dispatch.ground import Ground

QUEUES = ("interactive", "default", "bulk")


def claim(ground: Ground, *, limit: int = 50, kinds: tuple[str, ...] = ("test.noop",)) -> list[ClaimedWork]:
    """One claim of a fresh worker, tried again while others hold the tenant."""
    claimer = Claimer(incarnation=ground.worker(), conf=ground.conf)
    try:
        for _ in range(20):
            claimed = claimer.claim(Room(kinds=kinds, total=limit, queue_limits=dict.fromkeys(QUEUES, limit)))
            if claimed.works or not claimed.tried:
                break
    finally:
        claimer.session.close()
    return list(claimed.works)
