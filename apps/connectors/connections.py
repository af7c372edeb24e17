"""Writes to connections: connect, test, disconnect."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from apps.connectors import calling, calls, credentials, selectors
from apps.connectors.clock import SYSTEM, Clock
from apps.connectors.conf import is_operator_address, operator_address
from apps.connectors.contracts import ConnectionView, Connector
from apps.connectors.enums import AuthKind, ConnectionState
from apps.connectors.errors import ConnectionUnknown
from apps.connectors.health import watched
from apps.connectors.models import Connection
from apps.connectors.registries import connectors
from apps.core import outbound
from apps.core.errors import InvalidInput
from apps.tenants import facade as tenants

PAGE_ID = re.compile(r"([0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12})(?:[?#].*)?$", re.IGNORECASE)
TOKEN = re.compile(r"^[\x21-\x7e]{6,400}$")
VALUE = re.compile(r"^[^\x00-\x1f\x7f]{0,400}$")
CAPACITY = "workspaces"


def connect_notion(
    *, token: str, parent_page_id: str, name: str = "", base_url: str | None = None, clock: Clock = SYSTEM
) -> ConnectionView:
    """See the facade."""
    return connect(connector="notion", values={"token": token}, name=name, base_url=base_url,
                   parent_page_id=page_id_of(parent_page_id), clock=clock)  # fmt: skip


def connect(*, connector: str, values: Mapping[str, str], name: str = "", base_url: str | None = None, parent_page_id: str = "",
            clock: Clock = SYSTEM) -> ConnectionView:  # fmt: skip
    """Ask the service who we are, then keep the credentials. The same account twice is one connection with the newer secret."""
    manifest = connectors.get(connector)
    given = {field.name: values.get(field.name, "").strip() or field.default for field in manifest.fields}
    given.pop("parent_page_id", None)
    typed = given.pop("base_url", "")
    address = (typed or base_url or operator_address(connector) or manifest.base_url).rstrip("/")
    _require_values(manifest, given)
    if typed and not is_operator_address(connector, address):
        _require_reachable(address)
    return keep(manifest, address=address, secret=credentials.pack(given), auth=AuthKind.TOKEN, name=name,
                parent_page_id=parent_page_id, clock=clock)  # fmt: skip


def keep(
    manifest: Connector, *, address: str, secret: str, auth: AuthKind, name: str = "", parent_page_id: str = "",
    token_expires_at: datetime | None = None, scopes: str = "", clock: Clock = SYSTEM,
) -> ConnectionView:  # fmt: skip
    """Ask the service who these credentials are, then store them. Makes a network call. Raises what the check raises, and
    ``PlanLimitReached`` for one connection too many."""
    call = calling.call_for(manifest, base_url=address, secret=secret)
    with call.wire.translated():
        account = manifest.check(call)
    known = Connection.objects.filter(
        connector=manifest.slug, base_url=address, account_id=account["account_id"][:120]
    ).first()
    if known is None:
        _require_capacity()
    facts = {
        "secret": secret,
        "auth": auth,
        "scopes": (scopes or account.get("scopes", "")),
        "token_expires_at": token_expires_at,
        "expires_at": _moment(account.get("expires_at", "")),
        "account_name": account["account_name"][:200],
        "state": ConnectionState.ACTIVE,
        "failures": 0,
        "paused_until": None,
        "error_code": "",
        "problem": "",
        "last_ok_at": clock.now(),
        "renew_owner": None,
        "renew_until": None,
    }
    connection = _keep(
        manifest, known, address=address, account=account, name=name, parent_page_id=parent_page_id, facts=facts
    )
    return selectors.view_connection(connection_id=connection.pk)


def _keep(manifest: Connector, known: Connection | None, *, address: str, account: Mapping[str, str], name: str,
          parent_page_id: str, facts: Mapping[str, Any]) -> Connection:  # fmt: skip
    account_id = account["account_id"][:120]
    connection = known or Connection(connector=manifest.slug, base_url=address, account_id=account_id,
                                     calls_per_minute=max(1, manifest.rate.calls))  # fmt: skip
    connection.name = name or connection.name or f"{manifest.title} · {account['account_name']}"[:120]
    connection.parent_page_id = parent_page_id or connection.parent_page_id
    for attribute, value in facts.items():
        setattr(connection, attribute, value)
    try:
        with transaction.atomic():
            connection.save()
    except IntegrityError:
        twin = Connection.objects.get(connector=manifest.slug, base_url=address, account_id=account_id)
        return _keep(
            manifest, twin, address=address, account=account, name=name, parent_page_id=parent_page_id, facts=facts
        )
    return connection


def _require_values(manifest: Connector, given: Mapping[str, str]) -> None:
    """Every required value, each on one line of printable text. Raises ``InvalidInput`` naming the field."""
    problems: dict[str, Any] = {}
    for field in manifest.fields:
        value = given.get(field.name)
        if value is None:
            continue
        if field.name == credentials.TOKEN and not TOKEN.match(value):
            problems[field.name] = _("Paste the token exactly as the service shows it; it contains no spaces.")
        elif field.required and not value:
            problems[field.name] = _("This value is needed to connect.")
        elif not VALUE.match(value):
            problems[field.name] = _("Write this value on one line of at most 400 characters.")
        elif value and field.choices and value not in dict(field.choices):
            problems[field.name] = _("Choose one of the listed values.")
    if problems:
        raise InvalidInput(fields=problems)


def _require_reachable(address: str) -> None:
    """The address a person typed may be called from here. Raises ``InvalidInput`` naming the field, ``OutboundFailed``."""
    try:
        outbound.check_url(address)
    except outbound.OutboundRefused as error:
        raise InvalidInput(fields={"base_url": error.fields.get("url", error.text)}, detail=error.detail) from error


def _moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _require_capacity() -> None:
    require = getattr(tenants, "require_capacity", None)
    if require is not None:
        require(CAPACITY, used=Connection.objects.exclude(state=ConnectionState.DISABLED).count())


def check_connection(*, connection_id: UUID, clock: Clock = SYSTEM) -> ConnectionView:
    """See the facade."""
    connection = get(connection_id)
    manifest = connectors.get(connection.connector)
    call = calling.call_for(manifest, base_url=connection.base_url, secret=str(connection.secret))
    with calls.noted(connection, "check"), watched(connection, clock=clock, testing=True), call.wire.translated():
        account = manifest.check(call)
    Connection.objects.filter(pk=connection.pk).update(account_name=account["account_name"][:200])
    return selectors.view_connection(connection_id=connection_id)


def disconnect(*, connection_id: UUID) -> None:
    """Forget the secrets and stop; what is known of rows stays, so that connecting again goes on where it stopped."""
    connection = get(connection_id)
    connection.secret = connection.webhook_secret = ""
    connection.state = ConnectionState.DISABLED
    connection.problem = connection.error_code = ""
    connection.token_expires_at = connection.expires_at = None
    connection.save(
        update_fields=["secret", "webhook_secret", "state", "problem", "error_code", "token_expires_at", "expires_at"]
    )


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
