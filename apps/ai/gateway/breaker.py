"""Circuit breaker per tenant, provider, model and credential, shared by all workers through the cache.

Closed: calls go through. After two failures in a row it opens: nobody calls for a while. Then one caller alone may probe;
its success closes the breaker, its failure doubles the pause. A dead model is so tried three times in its first minute, by
all workers together. Without a cache each process keeps its own count. Pattern: M. Nygard, "Release It!", Circuit Breaker.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.cache import cache as shared
from django.core.cache.backends.locmem import LocMemCache

logger = logging.getLogger(__name__)

FAILURES_TO_OPEN = 2
FAILURE_MEMORY_S = 120
FIRST_PAUSE_S = 30.0
LONGEST_PAUSE_S = 300.0
PROBE_S = 150
REMEMBERED_S = 3600

Answer = TypeVar("Answer")
_own = LocMemCache("ai-breaker", {"timeout": REMEMBERED_S})


@dataclass(frozen=True, kw_only=True)
class Breaker:
    """The breaker of one way to a model; cheap to make, the state lives in the cache."""

    name: str

    @classmethod
    def of(cls, tenant: str, candidate: dict[str, Any]) -> Breaker:
        """The breaker for a plan's candidate; ``tenant`` is the schema name, since keys may belong to a tenant."""
        return cls(name=f"{tenant}:{candidate['endpoint']}:{candidate['model']}:{candidate['credential']}")

    def allow(self) -> bool:
        """Whether a call may go out now. After a pause it says yes to one caller only, until that call reports back."""
        state = self._get("open")
        if state is None:
            return True
        if time.time() < state["until"]:
            return False
        return bool(_safely(lambda cache: cache.add(self._key("probe"), 1, PROBE_S)))

    def opens_in_s(self) -> float:
        """Seconds until a probe may go out; 0 when calls go through."""
        state = self._get("open")
        return max(0.0, state["until"] - time.time()) if state else 0.0

    def recent_failures(self) -> int:
        """Failures in a row that are still remembered while calls go through."""
        return int(self._get("failures") or 0)

    def succeeded(self) -> None:
        """The model answered: close, forget."""
        if self._get("open") is not None or self._get("failures") is not None:
            _safely(lambda cache: cache.delete_many([self._key(part) for part in ("open", "failures", "probe")]))

    def failed(self) -> None:
        """The model could not be used."""
        state = self._get("open")
        if state is not None:
            if time.time() >= state["until"]:
                self._open(trips=state["trips"] + 1)
            return
        if self._count_failure() >= FAILURES_TO_OPEN:
            self._open(trips=0)

    def rest(self, seconds: float) -> None:
        """The provider asked for a pause (429 with Retry-After): nobody calls until then."""
        until = time.time() + min(max(seconds, 1.0), LONGEST_PAUSE_S)
        self._set_open({"until": until, "trips": 0})

    def _open(self, *, trips: int) -> None:
        pause = min(FIRST_PAUSE_S * 2**trips, LONGEST_PAUSE_S)
        logger.warning("model calls paused", extra={"breaker": self.name, "pause_s": pause})
        self._set_open({"until": time.time() + pause, "trips": trips})

    def _set_open(self, state: dict[str, float]) -> None:
        _safely(lambda cache: cache.set(self._key("open"), state, REMEMBERED_S))
        _safely(lambda cache: cache.delete(self._key("probe")))

    def _count_failure(self) -> int:
        def count(cache: Any) -> int:
            cache.add(self._key("failures"), 0, FAILURE_MEMORY_S)
            return int(cache.incr(self._key("failures")))

        try:
            return _safely(count)
        except ValueError:  # it expired between the two calls
            return 1

    def _get(self, part: str) -> Any:
        return _safely(lambda cache: cache.get(self._key(part)))

    def _key(self, part: str) -> str:
        return f"ai.breaker:{self.name}:{part}"


def _safely(action: Callable[[Any], Answer]) -> Answer:
    """On the shared cache, or on this process's own when that is down."""
    try:
        return action(shared)
    except (OSError, ConnectionError) as error:
        logger.info("breaker keeps its own count: %s", type(error).__name__)
    except Exception as error:
        if type(error).__module__.split(".")[0] not in {"redis", "valkey"}:
            raise
    return action(_own)
