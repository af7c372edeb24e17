"""Kinds of events, and who inside the product listens."""

from apps.connectors.webhooks_out.contracts import EventListener, EventType
from apps.core.registry import Registry

event_types: Registry[EventType] = Registry(name="event_types", entry_type=EventType, key=lambda entry: entry.type)
event_listeners: Registry[EventListener] = Registry(
    name="event_listeners", entry_type=EventListener, key=lambda entry: entry.name
)
