"""Small complete workflows, one per step type. Where none is written here, one is made from the type's schema."""

from collections.abc import Mapping
from typing import Any

from apps.workflows.manual.schemas import sample_of

Json = Any
NOTE = {"type": "log", "with": {"message": "Done."}}
ABOVE = {"op": "gt", "left": {"$ref": "inputs.total"}, "right": 100}
# The settings of the step, where required members with plain values would not show what it is for.
SETTINGS: Mapping[str, Json] = {
    "set": {"customer": "Ada", "total": {"$expr": "inputs.net * 1.21"}},
    "transform": {"from": {"$ref": "inputs.order"}, "pick": ["id", "customer.email"], "defaults": {"email": ""}},
    "log": {"message": {"$text": "Order {{inputs.id}} came in."}},
    "delay": {"until": "2027-01-31T09:00", "time_zone": "Europe/Madrid"},
    "wait_event": {"event": "parcel_arrived", "timeout_s": 604800},
    "fail": {"code": "no_stock", "message": {"$text": "Article {{inputs.article}} is out of stock."}},
    "notify": {"title": {"$text": "Order {{inputs.id}} is late"}, "mail": True, "roles": ["owner"]},
    "approval": {"title": "May this offer go out?", "content": {"$ref": "inputs.offer"}, "expires_s": 86400},
    "ai.generate": {
        "messages": [
            {"role": "system", "content": "Answer in two friendly sentences.", "trusted": True},
            {"role": "user", "content": {"$ref": "inputs.question"}},
        ],
        "max_output_tokens": 300,
    },
    "ai.review": {"task": {"$ref": "inputs.question"}, "answer": {"$ref": "inputs.answer"}, "threshold": 80},
    "ai.extract": {
        "text": {"$ref": "inputs.mail"},
        "schema": {"type": "object", "required": ["order"], "properties": {"order": {"type": "string"}}},
    },
    "ai.classify": {"text": {"$ref": "inputs.mail"}, "labels": ["question", "complaint", "other"]},
    "email.send": {"to": ["ada@example.com"], "subject": "Your order", "body": "The order is on its way."},
    "workflow.run": {"workflow": "write-invoice", "items": {"$ref": "inputs.orders"}, "as": "order", "max_parallel": 3},
    "task.create": {"title": {"$text": "Answer {{inputs.from}}"}, "body": {"$ref": "inputs.mail"}, "priority": "high"},
}
FLOWS: Mapping[str, Mapping[str, Json]] = {
    "condition": {
        "condition": {"type": "condition", "when": ABOVE, "then": "ask", "else": "note"},
        "ask": {"type": "approval", "with": {"title": "A large order. Go on?"}, "next": "note"},
        "note": NOTE,
    },
    "switch": {
        "switch": {
            "type": "switch",
            "cases": [
                {"title": "Large", "when": ABOVE, "next": "ask"},
                {"title": "Free", "when": {"$expr": "inputs.total == 0"}, "next": None},
            ],
            "default": "note",
        },
        "ask": {"type": "approval", "with": {"title": "A large order. Go on?"}, "next": "note"},
        "note": NOTE,
    },
    "loop": {
        "loop": {
            "type": "loop",
            "items": {"$ref": "inputs.orders"},
            "body": "line",
            "collect": {"$ref": "steps.line.output.message"},
            "limit": 50,
        },
        "line": {"type": "log", "with": {"message": {"$text": "Order {{loop.item.id}}"}}},
    },
    "parallel": {
        "parallel": {"type": "parallel", "branches": ["mail", "note"], "join": "join"},
        "mail": {"type": "notify", "with": {"title": "A new order"}, "next": "join"},
        "note": {**NOTE, "next": "join"},
        "join": {"type": "join"},
    },
}
FLOWS = {**FLOWS, "join": FLOWS["parallel"]}


def example_of(kind: str, config_schema: Mapping[str, Json]) -> dict[str, Json]:
    """A complete definition in which a step of this type stands."""
    if kind in FLOWS:
        start = "parallel" if kind == "join" else kind
        return {"schema": 1, "start": start, "steps": dict(FLOWS[kind])}
    step_id = kind.rpartition(".")[2].replace("-", "_")
    given = SETTINGS.get(kind) or sample_of(config_schema)
    return {"schema": 1, "start": step_id, "steps": {step_id: {"type": kind, **({"with": given} if given else {})}}}
