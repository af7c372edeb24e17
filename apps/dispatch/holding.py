"""Acts with an undo that is real: kept in the database, in effect some seconds later, taken back until then."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from apps.core.errors import PlatformError
from apps.core.held import HeldAct
from apps.dispatch import services
from apps.dispatch.contracts import NewWork
from apps.dispatch.enums import Queue
from apps.dispatch.errors import TooLateToUndo

logger = logging.getLogger(__name__)
UNDO_S = 8
MARGIN_S = 0.5
OVERDUE_S = 10
Row = TypeVar("Row", bound=HeldAct)


@dataclass(frozen=True, kw_only=True)
class Holding(Generic[Row]):
    """One sort of act. ``kind`` is the job that calls ``apply`` with the row's key; ``act`` does what the row says.

    ``act`` runs in the transaction that removes the row, so an act takes effect once or is still there.
    """

    model: type[Row]
    kind: str
    act: Callable[[Row], object]

    def hold(self, *, tenant_id: int, user_id: int, **columns: Any) -> Row | None:
        """Keep an act that takes effect in ``UNDO_S`` seconds, also when the person's page is closed by then.

        None when one about the same is held already: the first one counts. Inside the caller's transaction.
        """
        try:
            with transaction.atomic():
                row = self.model._default_manager.create(
                    decided_by=user_id, effective_at=Now() + timedelta(seconds=UNDO_S), **columns
                )
        except IntegrityError:
            return None
        row.refresh_from_db(fields=["effective_at"])
        # One item per act: the one of an act taken back comes too early for the next.
        work = NewWork(
            kind=self.kind,
            ref=str(row.pk),
            dedupe_key=f"{row.pk}:{row.effective_at.timestamp()}",
            delay_s=UNDO_S + MARGIN_S,
            queue=Queue.INTERACTIVE,
        )
        services.enqueue_many(tenant_id=tenant_id, works=(work,))
        return row

    def take_back(self, *, user_id: int, **chosen: Any) -> None:
        """Forget one's own act. Raises ``TooLateToUndo`` when it has taken effect, or is somebody else's."""
        gone, _rows = self.model._default_manager.filter(**chosen, decided_by=user_id).delete()
        if not gone:
            raise TooLateToUndo

    def apply(self, key: object) -> bool:
        """Let an act whose time has come take effect. False when it was taken back, is not due, or came to nothing.

        An act that is refused by now is dropped; one that failed for a passing reason raises and is tried again.
        """
        with transaction.atomic():
            rows = self.model._default_manager.select_for_update(of=("self",))
            row = rows.filter(pk=key, effective_at__lte=Now()).first()
            if row is None:
                return False
            self.model._default_manager.filter(pk=key).delete()
            try:
                with transaction.atomic():
                    self.act(row)
            except PlatformError as error:
                if error.retryable:
                    raise
                logger.warning("a held act came to nothing", extra={"kind": self.kind, "code": error.code})
                return False
        return True

    def apply_overdue(self) -> int:
        """Acts whose work item was lost. Returns how many took effect."""
        overdue = self.model._default_manager.filter(effective_at__lt=Now() - timedelta(seconds=OVERDUE_S))
        return sum(self.apply(key) for key in overdue.values_list("pk", flat=True)[:200])
