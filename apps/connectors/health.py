"""Whether a connection works: a breaker per credential, and the last problem in words a person can act on."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

from django.db.models import F, Q

from apps.connectors.clock import Clock
from apps.connectors.conf import timing
from apps.connectors.enums import ConnectionState
from apps.connectors.errors import (
    ConnectionOnHold,
    ConnectorPaused,
    CredentialsRefused,
    OutcomeUnknown,
    PayloadInvalid,
    RemoteUnavailable,
    RequestsBlocked,
)
from apps.connectors.models import Connection
from apps.connectors.webhooks_out.happenings import publish_broken
from apps.core.errors import PlatformError

logger = logging.getLogger(__name__)
OUTAGE = (RemoteUnavailable, OutcomeUnknown, PayloadInvalid)
FATAL = (CredentialsRefused, RequestsBlocked)
QUIET_S = 30
HOLD_RETRY_S = 300.0


@contextmanager
def watched(connection: Connection, *, clock: Clock, testing: bool = False) -> Iterator[None]:
    """Run calls of one connection: refuse while the breaker is open, and write down how it went.

    Raises ``ConnectorPaused`` (with retry_after) while open, ``CredentialsRefused`` for a connection that needs attention,
    ``ConnectionOnHold`` for one a person paused; ``testing`` lets the call through in all cases. Errors of the block pass on.
    """
    now = clock.now()
    if not testing:
        if connection.state == ConnectionState.PAUSED:
            raise ConnectionOnHold(retry_after=HOLD_RETRY_S)
        if connection.state != ConnectionState.ACTIVE:
            raise CredentialsRefused(detail=f"connection {connection.pk} is {connection.state}")
        if connection.paused_until and connection.paused_until > now:
            raise ConnectorPaused(retry_after=(connection.paused_until - now).total_seconds())
    try:
        yield
    except FATAL as error:
        record_fatal(connection_id=connection.pk, error=error, clock=clock)
        raise
    except OUTAGE as error:
        record_outage(connection_id=connection.pk, error=error, clock=clock)
        raise
    record_success(connection, clock=clock, testing=testing)


def record_success(connection: Connection, *, clock: Clock, testing: bool = False) -> None:
    """The service answered. Written at most every 30 s while all is well."""
    now = clock.now()
    changes = {"failures": 0, "paused_until": None, "error_code": "", "problem": "", "last_ok_at": now}
    if testing:
        Connection.objects.filter(pk=connection.pk).update(**changes)
        Connection.objects.filter(pk=connection.pk, state=ConnectionState.ATTENTION).update(
            state=ConnectionState.ACTIVE
        )
        return
    stale = Q(last_ok_at__isnull=True) | Q(last_ok_at__lt=now - timedelta(seconds=QUIET_S)) | Q(failures__gt=0)
    Connection.objects.filter(stale, pk=connection.pk, state=ConnectionState.ACTIVE).update(**changes)


def record_outage(*, connection_id: UUID, error: PlatformError, clock: Clock) -> None:
    """One more failure in a row; from the fifth on calls rest, a little longer each time, one minute at most."""
    figures, now = timing(), clock.now()
    Connection.objects.filter(pk=connection_id).update(
        failures=F("failures") + 1, error_code=error.code, problem=error.text, failed_at=now
    )
    failures = Connection.objects.values_list("failures", flat=True).get(pk=connection_id)
    if failures >= figures.breaker_failures:
        pause = min(
            figures.breaker_pause_s * 2 ** min(failures - figures.breaker_failures, 5), figures.breaker_pause_cap_s
        )
        Connection.objects.filter(pk=connection_id).update(paused_until=now + timedelta(seconds=pause))
        logger.warning(
            "connection rests after failures",
            extra={"connection": str(connection_id), "failures": failures, "pause_s": pause},
        )


def record_fatal(*, connection_id: UUID, error: PlatformError, clock: Clock) -> None:
    """The credentials are of no use: stop calling until a person tested the connection."""
    Connection.objects.filter(pk=connection_id).update(error_code=error.code, problem=error.text, failed_at=clock.now())
    Connection.objects.filter(pk=connection_id, state=ConnectionState.ACTIVE).update(state=ConnectionState.ATTENTION)
    publish_broken(connection_id=connection_id, code=error.code)
    logger.error("connection needs attention", extra={"connection": str(connection_id), "error_code": error.code})
