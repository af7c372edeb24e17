"""The sandbox's time: the machine's by default, or a virtual one that only moves when told."""

import threading
import time
from datetime import UTC, datetime


class Clock:
    """Seconds since the epoch. ``set``/``advance`` make it virtual; ``release`` goes back to the machine's time."""

    def __init__(self) -> None:
        self._fixed: float | None = None
        self._lock = threading.Lock()

    def now(self) -> float:
        """The present instant."""
        return time.time() if self._fixed is None else self._fixed

    def set(self, instant: float) -> None:
        """Stop at ``instant``."""
        with self._lock:
            self._fixed = instant

    def advance(self, seconds: float) -> float:
        """Move on by ``seconds`` (never back) and return the new instant."""
        with self._lock:
            self._fixed = self.now() + max(0.0, seconds)
            return self._fixed

    def release(self) -> None:
        """Follow the machine's clock again."""
        with self._lock:
            self._fixed = None

    @property
    def virtual(self) -> bool:
        """Whether time stands still between commands."""
        return self._fixed is not None


def to_minute(instant: float) -> str:
    """Notion's stamp of an edit or creation: rounded down to the minute."""
    return iso(instant - instant % 60)


def iso(instant: float) -> str:
    """ISO 8601 with milliseconds and Z, as Notion writes it."""
    return datetime.fromtimestamp(instant, tz=UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{int(instant * 1000) % 1000:03d}Z"


def parse(text: str) -> float:
    """Seconds since the epoch of an ISO date or time; a time without zone is UTC. Raises ValueError."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
