"""Request budgets in a sliding window of 60 seconds: one per connection, one per workspace."""

import math
from collections import deque

from tests.servers.notion.clock import Clock
from tests.servers.notion.problems import Problem

WINDOW_S = 60.0
CONNECTION = "public_api_request_rate_limit"
WORKSPACE = "public_api_space_request_rate_limit"


class Budget:
    """Counts calls; the one that would go over is refused and remembered in ``over``."""

    def __init__(self, *, clock: Clock, per_connection: int = 180, per_workspace: int = 600) -> None:
        self.clock = clock
        self.limits = {CONNECTION: per_connection, WORKSPACE: per_workspace}
        self.calls: dict[str, deque[float]] = {}
        self.over = 0
        self.total = 0
        self.peak = 0

    def spend(self, token: str) -> None:
        """Count one call. Raises 429 with Retry-After when a window is full."""
        self.total += 1
        now = self.clock.now()
        for reason, key in ((CONNECTION, token), (WORKSPACE, "workspace")):
            window = self._window(key, now)
            if len(window) >= self.limits[reason]:
                self.over += 1
                raise rate_limited(reason, retry_after=math.ceil(window[0] + WINDOW_S - now) or 1)
        for key in (token, "workspace"):
            self.calls[key].append(now)
        self.peak = max(self.peak, len(self.calls[token]))

    def _window(self, key: str, now: float) -> deque[float]:
        window = self.calls.setdefault(key, deque())
        while window and window[0] <= now - WINDOW_S:
            window.popleft()
        return window


def rate_limited(reason: str, *, retry_after: int) -> Problem:
    """429 as Notion words it."""
    return Problem(
        429,
        "rate_limited",
        "You have been rate limited. Please try again in a few minutes.",
        headers={"Retry-After": str(retry_after)},
        additional_data={"rate_limit_reason": reason, "retry_after": retry_after},
    )
