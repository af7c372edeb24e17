"""When to try again: full jitter (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015)."""

import random


def full_jitter(*, attempt: int, base_s: float, cap_s: float, rng: random.Random | None = None) -> float:
    """Seconds to wait after the ``attempt``-th failure (1 = first): uniform between 0 and min(cap, base * 2^(attempt-1))."""
    ceiling = min(cap_s, base_s * 2 ** min(max(attempt - 1, 0), 60))
    return (rng or random).uniform(0, ceiling)


def retry_delay(
    *,
    attempt: int,
    retry_after: float | None,
    base_s: float,
    cap_s: float,
    retry_after_cap_s: float,
    rng: random.Random | None = None,
) -> float:
    """Full jitter, but never before the moment the other side asked for (bounded)."""
    delay = full_jitter(attempt=attempt, base_s=base_s, cap_s=cap_s, rng=rng)
    return delay if retry_after is None else max(delay, min(max(retry_after, 0.0), retry_after_cap_s))


def jittered(seconds: float, *, part: float = 0.2, rng: random.Random | None = None) -> float:
    """``seconds`` give or take ``part`` of it, so that workers do not march in step."""
    return seconds * (rng or random).uniform(1 - part, 1 + part)
