"""The shelf of triggers: what each starts on, its settings, what a run is told, an example that is valid."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from apps.core.reference import Cell, Entry, Part
from apps.workflows.core.taint import OUTSIDE_TRIGGERS
from apps.workflows.manual.schemas import as_json, table_of
from apps.workflows.palette import plain
from apps.workflows.triggers.types import TRIGGER_TYPES, TriggerType

Json = Any
SETTINGS: Mapping[str, Mapping[str, Json]] = {
    "schedule": {
        "weekly": {"at": "09:00", "days": ["mon", "thu"]},
        "zone": "Europe/Madrid",
        "missed": "once",
        "overlap": "skip",
    },
    "webhook": {
        "verify": "standard",
        "dedupe_header": "X-Order-Id",
        "inputs": {"order": {"$ref": "trigger.body.order"}},
    },
    "email": {"from": ["@example.com"], "inputs": {"mail": {"$ref": "trigger.text"}, "from": {"$ref": "trigger.from"}}},
    "event": {"events": ["task.finished"], "inputs": {"task": {"$ref": "trigger.data.task_id"}}},
    "connector": {"change": "connector.row_changed", "inputs": {"row": {"$ref": "trigger.data.values"}}},
    "task": {"task_type": "complaint"},
}
# What a run reads as ``trigger``, as it really comes in.
BROUGHT: Mapping[str, Mapping[str, Json]] = {
    "schedule": {"scheduled_at": "2027-02-01T08:00:00+00:00", "local_time": "2027-02-01T09:00:00", "late_s": 0.4},
    "webhook": {"body": {"order": "4711"}, "headers": {"x-order-id": "4711"}, "query": {}, "id": "msg_2f6c"},
    "email": {
        "from": "ada@example.com", "from_name": "Ada", "to": "orders@mail.example", "subject": "Order 4711", "text": "Where is it?",
        "message_id": "<a1@example.com>", "files": [],
    },
    "event": {
        "type": "task.finished", "id": "01890000-0000-7000-8000-000000000002", "occurred_at": "2027-02-01T08:00:00+00:00",
        "data": {"task_id": "01890000-0000-7000-8000-000000000001", "number": 12, "state": "done"},
    },
    "connector": {
        "type": "connector.row_changed", "id": "01890000-0000-7000-8000-000000000003", "occurred_at": "2027-02-01T08:00:00+00:00",
        "data": {"service": "notion", "database": "queue", "values": {"Status": "Ready"}, "changed": ["Status"]},
    },
}  # fmt: skip


def list_triggers() -> list[Entry]:
    """Every kind, in the order they are offered."""
    return [_entry(one) for one in TRIGGER_TYPES]


def _entry(one: TriggerType) -> Entry:
    return Entry(
        slug=one.type, mark=one.type, title=str(one.title), summary=str(one.description), icon=one.icon,
        words=" ".join(one.config_schema.get("properties", {})), parts=lambda: _parts(one),
    )  # fmt: skip


def example_of(kind: str) -> dict[str, Json]:
    """A complete definition with a trigger of this kind."""
    return {
        "schema": 1, "start": "note", "steps": {"note": {"type": "log", "with": {"message": "It began."}}},
        "triggers": {kind: {"type": kind, "with": dict(SETTINGS.get(kind, {}))}},
    }  # fmt: skip


def _parts(one: TriggerType) -> tuple[Part, ...]:
    who = (
        _(
            "Strangers may write what comes in. It never chooses a recipient, an address or an amount without a person's approval."
        )
        if one.type in OUTSIDE_TRIGGERS
        else _("Only the workspace itself decides what comes in.")
    )
    brought = BROUGHT.get(one.type)
    output = table_of(
        plain(one.output_schema), title=_("What a run is told"),
        intro=_("The inputs are filled from it: paths begin with trigger."),
        without=_("Nothing of its own: the run gets the inputs it is started with."),
    )  # fmt: skip
    return (
        Part(
            title=_("At a glance"),
            facts=((_("Name in a definition"), Cell(text=one.type, is_code=True)), (_("Trust"), Cell(text=who))),
        ),
        table_of(plain(one.config_schema), title=_("Settings"), without=_("None.")),
        output,
        *([Part(title=_("For example"), code=as_json(brought))] if brought else []),
        Part(
            title=_("Example"),
            texts=(_("A whole workflow that is valid as it stands."),),
            code=as_json(example_of(one.type)),
        ),
    )
