"""What connections tell: a row of a connected database changed, a connection needs a person."""

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.connectors.webhooks_out.contracts import EventType, NewEvent
from apps.connectors.webhooks_out.publishing import publish

_TEXT = {"type": "string"}
ROW_CHANGED, BROKEN = "connector.row_changed", "connector.broken"
EVENT_TYPES = (
    EventType(
        type=ROW_CHANGED,
        title=_("A row of a connected database changed"),
        group="connector",
        schema={
            "type": "object",
            "properties": {
                **dict.fromkeys(("service", "connection", "database", "page_id", "url", "local_ref"), _TEXT),
                "values": {"type": "object"},
                "changed": {"type": "array", "items": _TEXT},
            },
        },
    ),
    EventType(
        type=BROKEN,
        title=_("A connection needs a person"),
        group="connector",
        schema={"type": "object", "properties": {"connection": _TEXT, "code": _TEXT}},
    ),
)


def publish_change(change: Any) -> None:
    """A person's edit of a row, in the transaction that takes it."""
    data = {
        "service": "notion", "connection": str(change.connection_id), "database": change.database_key, "page_id": change.page_id,
        "url": change.url, "local_ref": change.local_ref, "values": dict(change.values), "changed": sorted(change.changed),
    }  # fmt: skip
    publish([NewEvent(type=ROW_CHANGED, object_key=f"notion:{change.page_id}", data=data)])


def publish_broken(*, connection_id: UUID, code: str) -> None:
    """The credentials of a connection are of no use any more."""
    data = {"connection": str(connection_id), "code": code}
    publish([NewEvent(type=BROKEN, object_key=f"connection:{connection_id}", data=data)])
