"""What apps offer to connectors: services to connect to, and the databases to keep in Notion."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from apps.connectors.bot.contracts import BotCommand, CardKind
from apps.connectors.contracts import ConnectionUse, Connector
from apps.connectors.providers.notion.specs import DatabaseSpec
from apps.connectors.webhooks_out import registries as events
from apps.core.registry import Registry

event_types = events.event_types
event_listeners = events.event_listeners
connectors: Registry[Connector] = Registry(name="connectors", entry_type=Connector, key=lambda entry: entry.slug)
notion_databases: Registry[DatabaseSpec] = Registry(
    name="notion_databases", entry_type=DatabaseSpec, key=lambda entry: entry.key
)


@dataclass(frozen=True, kw_only=True)
class ConnectionUsers:
    """Says what works through a connection: shown on its page, and before it is disconnected."""

    name: str
    list: Callable[[UUID], Sequence[ConnectionUse]]


connection_users: Registry[ConnectionUsers] = Registry(
    name="connection_users", entry_type=ConnectionUsers, key=lambda entry: entry.name
)
bot_commands: Registry[BotCommand] = Registry(name="bot_commands", entry_type=BotCommand, key=lambda entry: entry.name)
card_kinds: Registry[CardKind] = Registry(name="card_kinds", entry_type=CardKind, key=lambda entry: entry.name)
