"""Access tokens that end are renewed ahead of time, by one process at a time, and a refresh token that rotates is never lost:
the new one is stored before anything uses it.

No transaction is held open over the network: the right to renew is a lease on the row, and the result is written only by its
holder. A process that dies between the service's answer and our write leaves a refresh token that was used; the service refuses
it then, and the connection asks for a person.
"""

import logging
import uuid
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from apps.connectors import calls, credentials, health
from apps.connectors.clock import SYSTEM
from apps.connectors.conf import timing
from apps.connectors.enums import AuthKind, ConnectionState
from apps.connectors.errors import CredentialsRefused
from apps.connectors.models import Connection, SignIn
from apps.connectors.registries import connectors
from apps.connectors.sign_in import renewed
from apps.core.errors import PlatformError
from apps.dispatch.contracts import JobContext

logger = logging.getLogger(__name__)
SWEEP = "connectors.sweep"
AT_ONCE = 100


def sweep(_context: JobContext) -> None:
    """Renew every access token that ends soon; forget old sign-ins and old calls."""
    for connection_id in due():
        try:
            renew(connection_id=connection_id)
        except PlatformError as error:
            logger.warning("token not renewed", extra={"connection": str(connection_id), "error_code": error.code})
    SignIn.objects.filter(expires_at__lt=timezone.now() - timedelta(days=1)).delete()
    calls.sweep()


def due() -> list[UUID]:
    """Connections whose access token ends soon, the most urgent first."""
    soon = timezone.now() + timedelta(seconds=timing().renew_ahead_s)
    rows = Connection.objects.filter(
        auth=AuthKind.OAUTH, state__in=(ConnectionState.ACTIVE, ConnectionState.PAUSED), token_expires_at__lt=soon
    )
    return list(rows.order_by("token_expires_at").values_list("pk", flat=True)[:AT_ONCE])


def renew(*, connection_id: UUID) -> bool:
    """Renew the access token of one connection; False when another process is at it or nothing is due.

    Makes a network call. Raises ``CredentialsRefused`` when the access was taken back; the connection then needs attention.
    """
    owner, now, figures = uuid.uuid4(), timezone.now(), timing()
    mine = Connection.objects.filter(pk=connection_id, renew_owner=owner)
    free = Q(renew_until__isnull=True) | Q(renew_until__lt=now)
    due_now = Q(token_expires_at__lt=now + timedelta(seconds=figures.renew_ahead_s))
    leased = Connection.objects.filter(free, due_now, pk=connection_id, auth=AuthKind.OAUTH).update(
        renew_owner=owner, renew_until=now + timedelta(seconds=figures.renew_lease_s)
    )
    if not leased:
        return False
    connection = mine.get()
    values = credentials.unpack(str(connection.secret))
    try:
        if not values.get("refresh_token"):
            raise CredentialsRefused(detail="no refresh token")
        with calls.noted(connection, "renew"):
            fresh, ends, scopes = renewed(connectors.get(connection.connector), values["refresh_token"])
    except CredentialsRefused as error:
        mine.update(renew_owner=None, renew_until=None)
        health.record_fatal(connection_id=connection_id, error=error, clock=SYSTEM)
        raise
    except PlatformError:
        mine.update(renew_owner=None, renew_until=None)
        raise
    return _store(connection_id, owner, fresh, ends, scopes)


def _store(connection_id: UUID, owner: UUID, values: dict[str, str], ends: datetime | None, scopes: str) -> bool:
    """Write the new tokens before anybody uses them; False when the lease went to somebody else or the connection was cut."""
    with transaction.atomic():
        row = Connection.objects.select_for_update().filter(pk=connection_id, renew_owner=owner).first()
        if row is None or row.state == ConnectionState.DISABLED:
            return False
        row.secret = credentials.pack(values)
        row.token_expires_at, row.scopes = ends, scopes or row.scopes
        row.renew_owner = row.renew_until = None
        row.save(update_fields=["secret", "token_expires_at", "scopes", "renew_owner", "renew_until"])
    return True
