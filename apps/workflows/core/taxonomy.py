"""How a call failed, in the few kinds that decide what may be done next.

The kind is about the effect, not about the exception: the question is whether the provider can have acted.
"""

from dataclasses import dataclass, field
from enum import StrEnum

RETRY_AFTER_CAP_S = 3600.0


class FailureKind(StrEnum):
    """PERMANENT: refused for good. DENIED: refused by our own policy. THROTTLED: not processed, come back later.
    TRANSIENT: certainly not processed, try again. UNKNOWN: may or may not have happened. POISON: the step's own code broke."""

    PERMANENT = "permanent"
    DENIED = "denied"
    THROTTLED = "throttled"
    TRANSIENT = "transient"
    UNKNOWN = "unknown"
    POISON = "poison"


RETRYABLE = frozenset({FailureKind.THROTTLED, FailureKind.TRANSIENT, FailureKind.UNKNOWN, FailureKind.POISON})


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A classified failure; ``code`` is stable, ``message`` for people, ``retry_after`` in seconds, ``status`` of HTTP.

    ``cause`` is the exception where one is at hand; it is never stored.
    """

    kind: FailureKind
    code: str
    message: str = ""
    retry_after: float | None = None
    status: int | None = None
    cause: BaseException | None = field(default=None, compare=False, repr=False)

    @property
    def retryable(self) -> bool:
        """Whether another attempt may succeed (whether it is *safe* depends on the effect's class)."""
        return self.kind in RETRYABLE


def classify_status(status: int, *, retry_after: str | None = None) -> Failure | None:
    """The failure an HTTP status stands for, None for 2xx.

    429 and 425 were not processed. 408, 409 and every 5xx leave the outcome open: a 409 may be our own first request still at
    work, and a 500 may come after the effect. 3xx is permanent because redirects are never followed.
    """
    if 200 <= status < 300:
        return None
    delay = parse_retry_after(retry_after)
    code = f"http_{status}"
    if status in (425, 429):
        kind = FailureKind.THROTTLED
    elif status in (408, 409) or status >= 500:
        kind = FailureKind.UNKNOWN
    else:
        kind = FailureKind.PERMANENT
    return Failure(
        kind=kind, code=code, message=f"The service answered with status {status}.", retry_after=delay, status=status
    )


def parse_retry_after(value: str | None) -> float | None:
    """Seconds of a ``Retry-After`` header given as a number (RFC 9110 §10.2.3), at most an hour; dates are ignored."""
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return None
    return min(seconds, RETRY_AFTER_CAP_S) if seconds >= 0 else None
