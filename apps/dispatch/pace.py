"""When the loop looks for work: at once while it keeps coming, less and less often while there is none."""

import random
import time
from collections.abc import Callable

from apps.dispatch.backoff import jittered
from apps.dispatch.claiming import Claimed
from apps.dispatch.conf import DispatchConf

CONTENDED_S = 0.003
RNG = random.SystemRandom()  # jitter
FOREVER_S = 1.0


class Pace:
    """Decides the next moment to claim. Main thread only, except for ``hungry``, which other threads may read."""

    def __init__(self, *, conf: DispatchConf, clock: Callable[[], float] = time.monotonic) -> None:
        self._conf = conf
        self._clock = clock
        self._due_at = 0.0
        self._poll_s = conf.poll_busy_s
        self._contended = 0
        self.hungry = False
        self.found_nothing = False

    def asked(self) -> None:
        """A wake-up came."""
        self._due_at = 0.0
        self._poll_s = self._conf.poll_busy_s

    def claimed(self, claimed: Claimed, *, partial: bool) -> None:
        """A claim ended; ``partial`` when some kinds were not looked for because their threads are busy."""
        now = self._clock()
        self.hungry = claimed.backlog or partial
        self.found_nothing = not self.hungry
        self._contended = self._contended + 1 if claimed.tried and not claimed.works else 0
        if claimed.backlog:
            self._poll_s = self._conf.poll_busy_s
        if claimed.works:
            self._due_at = now
        elif claimed.tried:
            self._due_at = now + RNG.uniform(
                0, min(self._conf.poll_busy_s, CONTENDED_S * 2 ** min(self._contended, 10))
            )
        else:
            self._due_at = now + jittered(self._poll_s)
            self._poll_s = min(self._conf.poll_idle_s, self._poll_s * 1.5)

    def away(self) -> None:
        """The database could not be reached."""
        self.found_nothing = False
        self._due_at = self._clock() + jittered(self._conf.poll_busy_s, part=0.5)

    def is_due(self) -> bool:
        """Whether to claim now."""
        return self._clock() >= self._due_at

    def pause(self, *, can_claim: bool) -> float:
        """How long to sleep unless rung; without free slots only a ring or the next heartbeat matters."""
        return max(0.0, self._due_at - self._clock()) if can_claim else FOREVER_S
