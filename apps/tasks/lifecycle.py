"""The pure rules of a task's life: which state may follow which, how soon it runs, when it is tried again."""

from dataclasses import dataclass

NEW, RUNNING, REVIEW, DONE, FAILED, CANCELLED = "new", "running", "review", "done", "failed", "cancelled"

LEGAL_MOVES: dict[str, frozenset[str]] = {
    NEW: frozenset({RUNNING, REVIEW, DONE, FAILED, CANCELLED}),
    RUNNING: frozenset({REVIEW, DONE, FAILED, CANCELLED}),
    REVIEW: frozenset({RUNNING, DONE, FAILED, CANCELLED}),
    FAILED: frozenset({RUNNING, CANCELLED}),
    DONE: frozenset(),
    CANCELLED: frozenset(),
}
OPEN = frozenset({NEW, RUNNING, REVIEW})
CLOSED = frozenset({DONE, FAILED, CANCELLED})

QUEUE_PRIORITY = {"urgent": 10, "high": 50, "normal": 100, "low": 200}
"""Dispatch's numbers: smaller is sooner."""


def sources_of(target: str) -> list[str]:
    """The states a task may be in just before it moves to ``target``."""
    return sorted(state for state, moves in LEGAL_MOVES.items() if target in moves)


@dataclass(frozen=True, kw_only=True)
class RetryRule:
    """How often a failure of this kind is tried again without a person, and after how many seconds the first time."""

    times: int
    first_delay_s: float


NO_RETRY = RetryRule(times=0, first_delay_s=0)
RETRY_RULES: dict[str, RetryRule] = {
    "unavailable": RetryRule(times=3, first_delay_s=300),
    "no_model_available": RetryRule(times=3, first_delay_s=300),
    "model_call_failed": RetryRule(times=3, first_delay_s=300),
    "timeout": RetryRule(times=2, first_delay_s=60),
    "worker_lost": RetryRule(times=1, first_delay_s=60),
    "rate_limited": RetryRule(times=3, first_delay_s=600),
    "outbound_failed": RetryRule(times=3, first_delay_s=300),
}


def retry_delay(*, code: str, tries: int) -> float | None:
    """Seconds until a failed task is tried again by itself; None when only a person may do it.

    ``tries`` counts the automatic tries so far. Input, permission and budget failures never come back by themselves:
    the same input would fail the same way, and money is a person's decision.
    """
    rule = RETRY_RULES.get(code, NO_RETRY)
    if tries >= rule.times:
        return None
    return rule.first_delay_s * float(4**tries)


def retries_left(*, code: str, tries: int) -> int:
    """How many automatic tries a failure of this kind still has."""
    return max(0, RETRY_RULES.get(code, NO_RETRY).times - tries)
