"""What the engine tells a connection about the calls it made: last calls, health, and pauses the service asked for."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from apps.connectors import actions, budget, calls, health
from apps.connectors.clock import SYSTEM
from apps.connectors.errors import (
    CredentialsRefused,
    OutcomeUnknown,
    PayloadInvalid,
    RateLimited,
    RemoteUnavailable,
    RequestsBlocked,
)
from apps.connectors.models import Connection
from apps.core.errors import PlatformError

KNOWN = {
    kind.code: kind
    for kind in (CredentialsRefused, OutcomeUnknown, PayloadInvalid, RateLimited, RemoteUnavailable, RequestsBlocked)
}


def record(
    request: Mapping[str, Any], *, error: PlatformError | None = None, error_code: str = "", problem: str = "", ms: int = 0,
    retry_after: float | None = None,
) -> None:  # fmt: skip
    """See ``facade.record_outcome``. A connection that is gone meanwhile is none of our business any more."""
    connection = (
        Connection.objects.filter(pk=UUID(request["connection_id"])).first() if request["connection_id"] else None
    )
    if connection is None:
        return
    code = error.code if error else error_code
    text = error.text if error else problem
    calls.note(connection_id=connection.pk, action=request["action"], outcome=code or calls.OK, problem=text, ms=ms)
    kind = KNOWN.get(code)
    if not code:
        health.record_success(connection, clock=SYSTEM)
    elif kind in health.FATAL:
        health.record_fatal(connection_id=connection.pk, error=error or kind(), clock=SYSTEM)
    elif kind in health.OUTAGE:
        health.record_outage(connection_id=connection.pk, error=error or kind(), clock=SYSTEM)
    elif kind is RateLimited:
        seconds = (error.retry_after if error else retry_after) or 1.0
        budget.block(key=actions.budget_key(connection), seconds=seconds, clock=SYSTEM)
