"""What was called through a connection and what came of it: for its page, and for its health."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.utils import timezone

from apps.connectors.conf import timing
from apps.connectors.models import Connection, ConnectorCall
from apps.core.errors import PlatformError
from apps.core.redaction import redact_text

OK = "ok"
SWEPT_AT_ONCE = 5000


def note(*, connection_id: UUID, action: str, outcome: str = OK, problem: str = "", ms: int = 0) -> None:
    """Write one line; ``problem`` is for people and holds no secret."""
    ConnectorCall.objects.create(
        connection_id=connection_id,
        action=action[:60],
        outcome=outcome[:64],
        problem=redact_text(problem)[:400],
        ms=max(0, ms),
    )


@contextmanager
def noted(connection: Connection, action: str) -> Iterator[None]:
    """Write a line about the calls inside the block; errors pass on."""
    begun = time.monotonic()
    outcome, problem = OK, ""
    try:
        yield
    except PlatformError as error:
        outcome, problem = error.code, error.text
        raise
    finally:
        note(
            connection_id=connection.pk,
            action=action,
            outcome=outcome,
            problem=problem,
            ms=round((time.monotonic() - begun) * 1000),
        )


def sweep() -> int:
    """Forget old lines, a page at a time; returns how many."""
    before = timezone.now() - timedelta(days=timing().call_days)
    old = ConnectorCall.objects.filter(at__lt=before).values_list("pk", flat=True)[:SWEPT_AT_ONCE]
    return ConnectorCall.objects.filter(pk__in=list(old)).delete()[0]
