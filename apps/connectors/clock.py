"""Time as an argument: services ask this, so that a day can be simulated in minutes."""

import time
from datetime import datetime, timedelta
from typing import Protocol

from django.utils import timezone


class Clock(Protocol):
    """What a service may do with time."""

    def now(self) -> datetime:
        """The present instant, with its zone."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Now, in UTC."""
        return timezone.now()

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        time.sleep(seconds)


SYSTEM = SystemClock()


def later(moment: datetime, seconds: float) -> datetime:
    """``moment`` plus seconds."""
    return moment + timedelta(seconds=seconds)
