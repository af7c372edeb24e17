"""Answers that came back to claims which were lost meanwhile: kept as evidence, never applied."""

import contextlib
import logging
from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Any

from django.db import Error, connection

from apps.core.errors import PlatformError
from apps.core.ids import new_id
from apps.dispatch.registries import enter_tenant
from apps.workflows.conf import OUTPUT_LIMIT_BYTES
from apps.workflows.engine import store
from apps.workflows.engine.plain_json import UnstorableValue, storable
from apps.workflows.engine.sending import Ticket
from apps.workflows.engine.turn import Answer

logger = logging.getLogger(__name__)


class LateAnswers:
    """``add`` may be called from any thread; ``keep`` writes what came in, on the main thread, outside any transaction."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[Ticket, Any]] = deque()

    def add(self, slip: Ticket, answer: Any) -> None:
        """An answer whose effect may be in somebody else's hands. A look-up that found nothing proves nothing."""
        if not (slip.call.find and answer is None):
            self._waiting.append((slip, answer))

    def add_all(self, answers: Iterable[Answer], *, tenant_id: int) -> None:
        """The same for answers a turn could not record."""
        for one in answers:
            if one.error is None:
                self.add(Ticket(one.call, tenant_id, one.work.epoch, one.work), one.result)

    def keep(self) -> None:
        """Best effort: what cannot be written now is logged and forgotten, the effect is then decided without it."""
        groups: dict[tuple[int, int], list[dict[str, Any]]] = defaultdict(list)
        while self._waiting:
            slip, answer = self._waiting.popleft()
            with contextlib.suppress(UnstorableValue):
                storable(answer, limit=OUTPUT_LIMIT_BYTES)
                row = {
                    "id": str(new_id()),
                    "effect": slip.call.effect_id,
                    "fence": slip.call.fence,
                    "outcome": "succeeded",
                }
                groups[slip.tenant_id, slip.epoch].append({**row, "response": answer})
        for (tenant_id, epoch), rows in groups.items():
            try:
                with enter_tenant(tenant_id=tenant_id, epoch=epoch):
                    store.keep_evidence(rows)
            except PlatformError as error:
                logger.warning("late answers dropped", extra={"answers": len(rows), "code": error.code})
            except Error:
                logger.warning("late answers dropped: the database is away", extra={"answers": len(rows)})
                connection.close()
