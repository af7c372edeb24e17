"""A connection opened for calls, and the records every part of the loop needs."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from apps.connectors import connections
from apps.connectors.clock import Clock
from apps.connectors.conf import operator_address
from apps.connectors.contracts import RateRule
from apps.connectors.enums import ConnectionState
from apps.connectors.errors import ConnectionUnknown
from apps.connectors.health import watched
from apps.connectors.models import Connection, NotionDatabase
from apps.connectors.providers.notion.client import BASE_URL, Access, NotionClient
from apps.connectors.providers.notion.specs import DatabaseSpec
from apps.connectors.registries import notion_databases


def open_connection(connection_id: UUID) -> Connection:
    """A Notion connection that is not switched off. Raises ``ConnectionUnknown``."""
    connection = connections.get(connection_id)
    if connection.connector != "notion" or connection.state == ConnectionState.DISABLED:
        raise ConnectionUnknown(detail=f"{connection_id} is {connection.connector} and {connection.state}")
    return connection


@contextmanager
def talking(connection: Connection, *, clock: Clock) -> Iterator[NotionClient]:
    """A client for one connection, with breaker and health around it. See ``watched`` for what it raises."""
    with watched(connection, clock=clock):
        client = NotionClient(access_of(connection), clock=clock)
        try:
            yield client
        finally:
            client.close()


def access_of(connection: Connection) -> Access:
    """Address, token and budget of a connection; the budget is shared by all that use the same workspace."""
    return Access(base_url=connection.base_url, token=str(connection.secret), operator=is_operator_address(connection.base_url),
                  budget_key=f"notion:{connection.base_url}:{connection.account_id}",
                  rule=RateRule(calls=connection.calls_per_minute))  # fmt: skip


def is_operator_address(base_url: str) -> bool:
    """Whether the address comes from the installation's own settings (or is Notion's), not from a user."""
    return base_url in (BASE_URL, (operator_address() or "").rstrip("/"))


def specs_of(connection: Connection, *, only: str | None = None) -> list[tuple[DatabaseSpec, NotionDatabase]]:
    """Declared databases that exist in the connection, with their records."""
    known = {row.key: row for row in connection.databases.all()}
    return [(spec, known[spec.key]) for spec in notion_databases if spec.key in known and only in (None, spec.key)]
