"""Writes to connections: connect, test, disconnect."""

import re
from collections.abc import Mapping
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from apps.connectors import selectors
from apps.connectors.clock import SYSTEM, Clock
from apps.connectors.conf import operator_address
from apps.connectors.contracts import ConnectionView, Connector
from apps.connectors.enums import ConnectionState
from apps.connectors.errors import ConnectionUnknown
from apps.connectors.health import watched
from apps.connectors.models import Connection
from apps.connectors.registries import connectors
from apps.core.errors import InvalidInput
from apps.tenants import facade as tenants

PAGE_ID = re.compile(r"([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})(?:[?#].*)?$", re.IGNORECASE)
TOKEN = re.compile(r"^[\x21-\x7e]{6,400}$")
CAPACITY = "workspaces"


def connect_notion(
    *, token: str, parent_page_id: str, name: str = "", base_url: str | None = None, clock: Clock = SYSTEM
) -> ConnectionView:
    """See the facade."""
    return connect(connector="notion", secret=token, name=name, base_url=base_url or operator_address(),
                   parent_page_id=page_id_of(parent_page_id), clock=clock)  # fmt: skip


def connect(*, connector: str, secret: str, name: str = "", base_url: str | None = None, parent_page_id: str = "",
            clock: Clock = SYSTEM) -> ConnectionView:  # fmt: skip
    """Ask the service who we are, then keep the credentials. The same account twice is one connection with the newer secret."""
    manifest = connectors.get(connector)
    secret = secret.strip()
    if not TOKEN.match(secret):
        raise InvalidInput(
            fields={"token": _("Paste the token exactly as the service shows it; it contains no spaces.")}
        )
    address = (base_url or manifest.base_url).rstrip("/")
    account = manifest.check(address, secret)
    known = Connection.objects.filter(connector=connector, base_url=address, account_id=account["account_id"]).first()
    if known is None:
        _require_capacity()
    connection = _keep(
        manifest,
        known,
        secret=secret,
        name=name,
        address=address,
        account=account,
        parent_page_id=parent_page_id,
        clock=clock,
    )
    return selectors.view_connection(connection_id=connection.pk)


def _keep(manifest: Connector, known: Connection | None, *, secret: str, name: str, address: str, account: Mapping[str, str],
          parent_page_id: str, clock: Clock) -> Connection:  # fmt: skip
    with transaction.atomic():
        connection = known or Connection(connector=manifest.slug, base_url=address, account_id=account["account_id"],
                                         calls_per_minute=manifest.rate.calls)  # fmt: skip
        connection.name = name or connection.name or f"{manifest.title} · {account['account_name']}"[:120]
        connection.account_name = account["account_name"][:200]
        connection.parent_page_id = parent_page_id or connection.parent_page_id
        connection.secret = secret
        connection.state = ConnectionState.ACTIVE
        connection.failures, connection.paused_until, connection.error_code, connection.problem = 0, None, "", ""
        connection.last_ok_at = clock.now()
        try:
            with transaction.atomic():
                connection.save()
        except IntegrityError:
            twin = Connection.objects.get(connector=manifest.slug, base_url=address, account_id=account["account_id"])
            return _keep(
                manifest,
                twin,
                secret=secret,
                name=name,
                address=address,
                account=account,
                parent_page_id=parent_page_id,
                clock=clock,
            )
    return connection


def _require_capacity() -> None:
    require = getattr(tenants, "require_capacity", None)
    if require is not None:
        require(CAPACITY, used=Connection.objects.exclude(state=ConnectionState.DISABLED).count())


def check_connection(*, connection_id: UUID, clock: Clock = SYSTEM) -> ConnectionView:
    """See the facade."""
    connection = get(connection_id)
    with watched(connection, clock=clock, testing=True):
        account = connectors.get(connection.connector).check(connection.base_url, connection.secret)
    Connection.objects.filter(pk=connection.pk).update(account_name=account["account_name"][:200])
    return selectors.view_connection(connection_id=connection_id)


def disconnect(*, connection_id: UUID) -> None:
    """Forget the secrets and stop; what is known of rows stays, so that connecting again goes on where it stopped."""
    connection = get(connection_id)
    connection.secret = connection.webhook_secret = ""
    connection.state = ConnectionState.DISABLED
    connection.problem = connection.error_code = ""
    connection.save(update_fields=["secret", "webhook_secret", "state", "problem", "error_code"])


def set_webhook_secret(*, connection_id: UUID, secret: str) -> ConnectionView:
    """See the facade."""
    if not TOKEN.match(secret):
        raise InvalidInput(fields={"secret": _("Paste the verification token exactly as Notion shows it.")})
    connection = get(connection_id)
    connection.webhook_secret = secret
    connection.save(update_fields=["webhook_secret"])
    return selectors.view_connection(connection_id=connection_id)


def pause(*, connection_id: UUID) -> ConnectionView:
    """See the facade."""
    get(connection_id)
    Connection.objects.filter(pk=connection_id, state=ConnectionState.ACTIVE).update(state=ConnectionState.PAUSED)
    return selectors.view_connection(connection_id=connection_id)


def resume(*, connection_id: UUID) -> bool:
    """See the facade. True when it was paused."""
    get(connection_id)
    return bool(
        Connection.objects.filter(pk=connection_id, state=ConnectionState.PAUSED).update(
            state=ConnectionState.ACTIVE, failures=0, paused_until=None
        )
    )


def get(connection_id: UUID) -> Connection:
    """Raises ``ConnectionUnknown``."""
    try:
        return Connection.objects.get(pk=connection_id)
    except Connection.DoesNotExist:
        raise ConnectionUnknown from None


def page_id_of(text: str) -> str:
    """A page's id from an id or a page's address. Raises ``InvalidInput``."""
    match = PAGE_ID.search(text.strip())
    if match is None:
        raise InvalidInput(fields={"parent_page_id": _("Paste the page's address or its id of 32 characters.")})
    digits = match.group(1).replace("-", "").lower()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
