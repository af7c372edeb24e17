"""Events are hints: sent after commit, never instead of a row. Every listener also has a sweep that catches up."""

import logging
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.dispatch import Signal

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events: frozen, keyword-only, ids and small values only. ``tenant_id`` is None for platform events."""

    tenant_id: int | None


class EventSignal(Signal):
    """A documented signal that carries one frozen ``Event`` and is sent after the surrounding transaction commits."""

    def announce(self, event: Event) -> None:
        """Send ``event`` after commit. A receiver that fails is logged and does not disturb the others or the caller."""
        transaction.on_commit(lambda: self._deliver(event))

    def _deliver(self, event: Event) -> None:
        for receiver, answer in self.send_robust(sender=type(event), event=event):
            if isinstance(answer, Exception):
                logger.error(
                    "event receiver failed",
                    exc_info=answer,
                    extra={"event": type(event).__name__, "receiver": _name(receiver)},
                )


def _name(receiver: Any) -> str:
    return getattr(receiver, "__qualname__", repr(receiver))
