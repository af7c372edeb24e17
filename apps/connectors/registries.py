"""What apps offer to connectors: services to connect to, and the databases to keep in Notion."""

from apps.connectors.contracts import Connector
from apps.connectors.providers.notion.specs import DatabaseSpec
from apps.core.registry import Registry

connectors: Registry[Connector] = Registry(name="connectors", entry_type=Connector, key=lambda entry: entry.slug)
notion_databases: Registry[DatabaseSpec] = Registry(
    name="notion_databases", entry_type=DatabaseSpec, key=lambda entry: entry.key
)
