"""Whether and when a failed attempt is made again."""

from apps.workflows.core.definition import RetryOverride
from apps.workflows.core.taxonomy import RETRY_AFTER_CAP_S, Failure, FailureKind


def effective(max_attempts: int, base_s: float, cap_s: float, override: RetryOverride) -> tuple[int, float, float]:
    """A step type's policy with what the definition changes of it."""
    return (
        override.max_attempts if override.max_attempts is not None else max_attempts,
        override.base_s if override.base_s is not None else base_s,
        override.cap_s if override.cap_s is not None else cap_s,
    )


def pause_before_retry(
    failure: Failure, *, tries: int, max_attempts: int, base_s: float, cap_s: float, roll: float
) -> float | None:
    """Seconds until the next try, or None when there is none.

    ``tries`` counts the attempts made, ``roll`` is a random number in [0, 1): full jitter, ``roll * min(cap, base * 2**tries)``
    (AWS Architecture Blog, "Exponential Backoff And Jitter"). A ``Retry-After`` is honoured up to an hour, plus jitter so that
    many runs do not come back at once. Errors in a step's own code are tried twice more at most.
    """
    if not failure.retryable or tries >= max_attempts:
        return None
    if failure.kind is FailureKind.POISON and tries >= min(3, max_attempts):
        return None
    jitter = roll * min(cap_s, base_s * 2.0 ** min(tries - 1, 30))
    if failure.retry_after is not None:
        return min(failure.retry_after, RETRY_AFTER_CAP_S) + min(jitter, 1.0)
    return jitter
