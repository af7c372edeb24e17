"""A circuit breaker per (tenant, provider, credential): a service that is down is left alone for a while.

Kept in the process: losing it costs a few calls. Opens after five failures in a row or when half of the last twenty failed,
for 30 s doubling up to 10 minutes; then one call is let through, and its outcome decides.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

IN_A_ROW = 5
WINDOW = 20
PAUSE_S = 30.0
PAUSE_CAP_S = 600.0
KEPT = 5000


@dataclass
class _Circuit:
    recent: deque[bool] = field(default_factory=lambda: deque(maxlen=WINDOW))
    streak: int = 0
    opened: int = 0
    open_until: float = 0.0
    probing: bool = False


class Breakers:
    """All circuits of one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._circuits: dict[tuple[int, str], _Circuit] = {}

    def pause(self, tenant_id: int, key: str) -> float:
        """Seconds to wait before a call may be made; 0 lets it through. The first call after a pause is the probe."""
        circuit = self._circuits.get((tenant_id, key))
        if circuit is None or not circuit.opened:
            return 0.0
        left = circuit.open_until - self._clock()
        if left > 0:
            return left
        if circuit.probing:
            return 5.0
        circuit.probing = True
        circuit.open_until = self._clock() + PAUSE_S
        return 0.0

    def record(self, tenant_id: int, key: str, *, ok: bool) -> None:
        """The outcome of a call; a refusal for the caller's own fault (4xx) counts as ok."""
        circuit = self._circuits.setdefault((tenant_id, key), _Circuit())
        circuit.recent.append(ok)
        circuit.streak = 0 if ok else circuit.streak + 1
        if ok and (circuit.probing or not circuit.opened):
            circuit.opened, circuit.probing, circuit.open_until = 0, False, 0.0
            return
        full = len(circuit.recent) == WINDOW and circuit.recent.count(False) * 2 >= WINDOW
        if not ok and (circuit.probing or circuit.streak >= IN_A_ROW or full):
            circuit.opened += 1
            circuit.probing = False
            circuit.open_until = self._clock() + min(PAUSE_CAP_S, PAUSE_S * 2 ** (circuit.opened - 1))
            circuit.recent.clear()
            circuit.streak = 0
        if len(self._circuits) > KEPT:
            self._circuits.pop(next(iter(self._circuits)))
