"""The shelf of events: what outgoing webhooks and event triggers are told, with an example that fits its schema."""

import json
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.connectors.webhooks_out.contracts import EventType
from apps.connectors.webhooks_out.registries import event_types
from apps.core.reference import Cell, Entry, Part, Shelf

Json = Any
SOME_ID = "01890000-0000-7000-8000-00000000000"
WHEN = "2027-02-01T08:00:00.000000+00:00"
SAMPLES: Mapping[str, Json] = {
    "run_id": f"{SOME_ID}1", "task_id": f"{SOME_ID}2", "approval_id": f"{SOME_ID}3", "subject_id": f"{SOME_ID}2",
    "connection": f"{SOME_ID}4",
    "page_id": "0b1e6a3c52f44d8e9a706c2f1d9e8b45", "workflow": "answer-questions", "state": "succeeded", "subject_kind": "task",
    "title": "Answer a question", "risk_class": "C", "number": 12, "score": 91, "task_type": "drafting", "source": "portal",
    "client": "Acme", "service": "notion", "database": "queue", "url": "https://www.example.com/page", "local_ref": "task:12",
    "values": {"Status": "Ready"}, "changed": ["Status"], "code": "credentials_refused", "message": "A test.",
}  # fmt: skip
HEADERS = """webhook-id: 01890000-0000-7000-8000-000000000009
webhook-timestamp: 1801468800
webhook-signature: v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="""
BY_KIND: Mapping[str, Json] = {"string": "text", "integer": 1, "number": 1, "boolean": True, "array": [], "object": {}}


def sample_of(event: EventType) -> dict[str, Json]:
    """The body of a delivery as it goes out, with data that fit the event's schema."""
    properties = event.schema.get("properties", {})
    return {
        "type": event.type,
        "timestamp": WHEN,
        "data": {name: _value(name, one) for name, one in properties.items()},
    }


def _value(name: str, schema: Mapping[str, Json]) -> Json:
    kinds = schema.get("type", "string")
    kind = kinds[0] if isinstance(kinds, list) else kinds
    return SAMPLES.get(name, BY_KIND[kind])


def list_events() -> list[Entry]:
    """Every event by its name."""
    return [_entry(one) for one in sorted(event_types, key=lambda one: one.type)]


def _entry(event: EventType) -> Entry:
    said = _("Sent as %(type)s when it happens, to every webhook that asked for it.") % {"type": event.type}
    return Entry(
        slug=event.type, mark=event.type, title=str(event.title), summary=said, icon="zap", group=event.group,
        words=" ".join(event.schema.get("properties", {})), parts=lambda: _parts(event),
    )  # fmt: skip


def _parts(event: EventType) -> tuple[Part, ...]:
    needed = event.schema.get("required", ())
    words = {
        "string": _("text"),
        "integer": _("whole number"),
        "object": _("object"),
        "array": _("list"),
        "null": _("nothing"),
    }
    rows = tuple(
        (
            Cell(text=f"data.{name}", is_code=True),
            Cell(text=" / ".join(str(words.get(kind, kind)) for kind in _kinds(one))),
            Cell(text=_("Yes") if name in needed else _("No")),
        )
        for name, one in event.schema.get("properties", {}).items()
    )
    return (
        Part(title=_("What it says"), columns=(_("Field"), _("Kind"), _("Always there")), rows=rows),
        Part(title=_("A delivery"), code=json.dumps(sample_of(event), indent=2, ensure_ascii=False)),
        Part(
            title=_("How to check it"),
            texts=(
                _(
                    "Deliveries follow the Standard Webhooks specification: three headers, the signature over id, time and body."
                ),
                _("The same webhook-id may come more than once; answer with a status of 2xx once you have kept it."),
            ),
            code=HEADERS,
        ),
    )


def _kinds(schema: Mapping[str, Json]) -> list[str]:
    kinds = schema.get("type", "string")
    return kinds if isinstance(kinds, list) else [kinds]


SHELF = Shelf(
    slug="events",
    title=gettext_lazy("Events and webhooks"),
    summary=gettext_lazy("Everything the workspace tells the outside, with an example of each delivery."),
    entries=list_events,
    icon="zap",
    order=60,
)
