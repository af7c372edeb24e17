"""The JSON Schema of a workflow's definition, as published. ``validate`` checks against it first, then reads the meaning."""

from collections.abc import Mapping
from typing import Any

from apps.workflows.core.problems import gettext_noop as _

STEP_ID = r"^[a-z][a-z0-9_\-]{0,59}$"
MAX_BYTES = 256 * 1024
MAX_DEPTH = 32
MAX_ITEMS = 1000


def _target(description: str) -> dict[str, Any]:
    return {"type": ["string", "null"], "maxLength": 60, "description": description}


APPROVAL: dict[str, Any] = {
    "type": "object",
    "title": "How acts that need a person are decided",
    "additionalProperties": False,
    "properties": {
        "quorum": {"type": "integer", "minimum": 1, "maximum": 20, "description": _("How many people must agree.")},
        "expires_s": {
            "type": "number",
            "x-unit": "s",
            "minimum": 60,
            "maximum": 31_536_000,
            "description": _("Seconds until no decision means no."),
        },
        "remind_s": {
            "type": "number",
            "x-unit": "s",
            "minimum": 60,
            "maximum": 31_536_000,
            "description": _("Seconds between reminders."),
        },
        "escalate_s": {
            "type": "number",
            "x-unit": "s",
            "minimum": 60,
            "maximum": 31_536_000,
            "description": _("Seconds until others are asked."),
        },
        "escalate_to": {
            "type": ["string", "array"],
            "maxLength": 80,
            "maxItems": 20,
            "items": {"type": ["string", "integer"]},
            "description": _("A role, or people, asked when nobody has answered."),
        },
        "allow_self": {"type": "boolean", "description": _("Whether who started the run may decide.")},
        "roles": {
            "type": "array",
            "maxItems": 10,
            "uniqueItems": True,
            "items": {"type": "string", "maxLength": 40},
            "description": _("Roles whose members may decide."),
        },
    },
}
STEP_APPROVAL: dict[str, Any] = {
    **APPROVAL,
    "title": "Other rules for this step",
    "properties": {
        **APPROVAL["properties"],
        "require": {
            "enum": ["auto", "always"],
            "description": _("auto: when the act's class says so. always: every time."),
        },
    },
}
CONDITION: dict[str, Any] = {
    "type": "object",
    "title": "Condition",
    "description": 'A tree such as {"op": "gte", "left": {"$ref": "inputs.total"}, "right": 100}, combined with all, any and not; '
    'or an expression {"$expr": "inputs.total >= 100"}.',
}
STEP: dict[str, Any] = {
    "type": "object",
    "title": "Step",
    "required": ["type"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "minLength": 1, "maxLength": 80, "description": _("What it does; see the palette.")},
        "title": {"type": "string", "maxLength": 160},
        "note": {"type": "string", "maxLength": 2000, "description": _("For people; it changes nothing.")},
        "with": {
            "type": "object",
            "description": _(
                "Settings of its type. Any value may be {$ref}, {$text} or {$expr}; {$secret} where allowed."
            ),
        },
        "next": _target(_("The step after it; null ends the path.")),
        "on_error": _target(_("Where to go when it has failed for good.")),
        "on_timeout": _target(_("Where to go when what it waits for does not come in time.")),
        "max_visits": {
            "type": "integer",
            "minimum": 1,
            "maximum": 500,
            "description": _("In one item of a loop: per item."),
        },
        "timeout_s": {"type": "number", "exclusiveMinimum": 0, "maximum": 3600},
        "retry": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "max_attempts": {"type": "integer", "minimum": 1, "maximum": 20},
                "base_s": {"type": "number", "minimum": 0, "maximum": 600},
                "cap_s": {"type": "number", "minimum": 0, "maximum": 3600},
            },
        },
        "approval": STEP_APPROVAL,
        "cases": {
            "type": "array",
            "maxItems": 50,
            "description": _("switch: the first case that holds is taken."),
            "items": {
                "type": "object",
                "required": ["when"],
                "additionalProperties": False,
                "properties": {
                    "when": CONDITION,
                    "next": _target(_("Where this case leads; null ends the path.")),
                    "title": {"type": "string", "maxLength": 160},
                },
            },
        },
        "default": _target(_("switch: where to go when no case holds.")),
        "when": {**CONDITION, "description": "condition: what decides. " + CONDITION["description"]},
        "then": _target(_("condition: where to go when it holds.")),
        "else": _target(_("condition: where to go when it does not.")),
        "branches": {
            "type": "array",
            "minItems": 1,
            "maxItems": 20,
            "items": {"type": "string"},
            "uniqueItems": True,
            "description": _("parallel: the first steps of the branches."),
        },
        "join": {"type": "string", "description": _("parallel: the join step where the branches meet.")},
        "items": {"description": _("loop: a list, usually {$ref}. The body runs once per item, one after the other.")},
        "body": {
            "type": "string",
            "maxLength": 60,
            "description": _("loop: the first step for each item. It sees loop.item."),
        },
        "collect": {
            "description": _("loop: what is kept of each item; without it the output of the item's last step.")
        },
        "limit": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_ITEMS,
            "description": _("loop: more items than this is an error (100 when not given)."),
        },
    },
}
SETTINGS: dict[str, Any] = {
    "type": "object",
    "title": "Settings",
    "additionalProperties": False,
    "properties": {
        "approvals": APPROVAL,
    },
}
TRIGGER: dict[str, Any] = {
    "type": "object",
    "title": "Trigger",
    "required": ["type"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "minLength": 1, "maxLength": 40, "description": "One of the triggers' registry."},
        "title": {"type": "string", "maxLength": 160},
        "with": {"type": "object", "description": _("Settings of its type.")},
    },
}
POSITION: dict[str, Any] = {
    "type": "object",
    "required": ["x", "y"],
    "additionalProperties": False,
    "properties": {name: {"type": "number", "minimum": -1e6, "maximum": 1e6} for name in ("x", "y")},
}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "EchoPilot workflow",
    "description": _(
        "A workflow as one document: steps and their ways, settings and triggers. Versions of it never change."
    ),
    "type": "object",
    "required": ["schema", "start", "steps"],
    "additionalProperties": False,
    "properties": {
        "schema": {"const": 1, "description": _("Version of this format.")},
        "start": {"type": "string", "description": _("The first step.")},
        "inputs": {"type": "object", "description": _("JSON Schema of what a run is started with.")},
        "steps": {
            "type": "object",
            "minProperties": 1,
            "maxProperties": 200,
            "propertyNames": {"pattern": STEP_ID},
            "additionalProperties": STEP,
        },
        "output": {"description": _("What the run gives back; any value with {$ref}, {$text} and {$expr}.")},
        "settings": SETTINGS,
        "triggers": {
            "type": "object",
            "maxProperties": 50,
            "propertyNames": {"pattern": STEP_ID},
            "additionalProperties": TRIGGER,
        },
        "layout": {
            "type": "object",
            "maxProperties": 400,
            "propertyNames": {"pattern": r"^[a-z][a-z0-9_\-:.]{0,79}$"},
            "additionalProperties": POSITION,
            "description": _("Where steps stand on the canvas; not part of what is versioned."),
        },
        "notes": {
            "description": _("Notes for people: one text, or notes on the canvas."),
            "type": ["string", "array"],
            "maxLength": 20_000,
            "maxItems": 100,
            "items": {
                "type": "object",
                "required": ["text"],
                "additionalProperties": False,
                "properties": {
                    "id": {"type": "string", "maxLength": 60},
                    "text": {"type": "string", "maxLength": 4000},
                    **{
                        name: {"type": "number", "minimum": -1e6, "maximum": 1e6}
                        for name in ("x", "y", "width", "height")
                    },
                },
            },
        },
    },
}


def plain(schema: Any) -> Any:
    """A schema with its translated titles and descriptions as texts, so that it is JSON."""
    if isinstance(schema, Mapping):
        return {key: plain(value) for key, value in schema.items()}
    if isinstance(schema, list | tuple):
        return [plain(value) for value in schema]
    return schema if isinstance(schema, str | int | float | bool | None) else str(schema)
