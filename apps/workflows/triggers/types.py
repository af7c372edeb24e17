"""The kinds of triggers: what can be configured, what a run is told, checked before a version is published."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.registry import Registry
from apps.workflows.triggers import calendar, filling
from apps.workflows.triggers.enums import Overlap, TriggerKind, Verification

Json = Any


@dataclass(frozen=True, kw_only=True)
class TriggerProblem:
    """One mistake: a stable code, the dotted place in the definition, a sentence for people."""

    code: str
    place: str
    message: str


ANCHOR = datetime(2024, 1, 1, tzinfo=UTC)
_WALL = {"type": "string", "pattern": r"^([01]\d|2[0-3]):[0-5]\d$"}
_STARTS = {
    "inputs": {"type": "object", "title": "Inputs of the run; references begin with trigger."},
    "task": {
        "type": "object",
        "title": "Create a task instead of a run",
        "additionalProperties": False,
        "required": ["task_type"],
        "properties": {
            "task_type": {"type": "string", "maxLength": 40},
            "title": {},
            "body": {},
            "priority": {"enum": ["urgent", "high", "normal", "low"]},
            "client": {"type": "string", "maxLength": 120},
        },
    },
}


@dataclass(frozen=True, kw_only=True)
class TriggerType:
    """One kind. ``config_schema`` describes its ``with``, ``output_schema`` what a run sees as ``trigger``.

    ``check`` finds mistakes a schema cannot express; ``materialise`` is called in the publishing transaction with the trigger's row
    and may change it (a schedule sets ``next_at``); ``withdraw`` when the row is switched off or removed.
    """

    type: str
    title: str | Promise
    icon: str
    config_schema: Mapping[str, Json]
    output_schema: Mapping[str, Json]
    check: Callable[[str, Mapping[str, Json]], list[TriggerProblem]] = lambda place, config: []
    materialise: Callable[[Any], None] = lambda trigger: None
    withdraw: Callable[[Any], None] = lambda trigger: None


TRIGGER_TYPES: Registry[TriggerType] = Registry(
    name="workflows.trigger_types", entry_type=TriggerType, key=lambda entry: entry.type
)


def _object(properties: Mapping[str, Json], *required: str) -> dict[str, Json]:
    return {"type": "object", "additionalProperties": False, "required": list(required), "properties": dict(properties)}


SCHEDULE_SCHEMA = _object({
    "every_minutes": {"type": "integer", "minimum": 1},
    "every_hours": {"type": "integer", "minimum": 1},
    "daily": _object({"at": _WALL}, "at"),
    "weekly": _object(
        {"at": _WALL, "days": {"type": "array", "minItems": 1, "items": {"enum": list(calendar.DAYS)}}}, "at", "days"
    ),
    "monthly": _object({"at": _WALL, "day": {"type": "integer", "minimum": 1, "maximum": 31}}, "at", "day"),
    "cron": {"type": "string", "maxLength": calendar.LONGEST_CRON},
    "zone": {"type": "string", "maxLength": 60},
    "starts_at": {"type": "string", "maxLength": 40},
    "ends_at": {"type": "string", "maxLength": 40},
    "missed": {"enum": ["skip", "once", "all"]},
    "missed_limit": {"type": "integer", "minimum": 1, "maximum": 100},
    "grace_s": {"type": "integer", "minimum": 0, "maximum": 86_400},
    "overlap": {"enum": Overlap.values},
    **_STARTS,
})  # fmt: skip
_VERIFY = {
    "verify": {"enum": Verification.values},
    "header": {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9\-]{0,60}$"},
    "prefix": {"type": "string", "maxLength": 20},
    "encoding": {"enum": ["hex", "base64"]},
    "signed": {"enum": ["body", "stripe", "slack"]},
    "rate_per_minute": {"type": "integer", "minimum": 1, "maximum": 6_000},
}
WEBHOOK_SCHEMA = _object({
    **_VERIFY,
    "dedupe_header": {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9\-]{0,60}$"},
    "dedupe_window_s": {"type": "integer", "minimum": 0, "maximum": 604_800},
    **_STARTS,
})  # fmt: skip
EMAIL_SCHEMA = _object({
    **_VERIFY,
    "from": {"type": "array", "maxItems": 100, "items": {"type": "string", "maxLength": 254}},
    **_STARTS,
})  # fmt: skip
EVENT_SCHEMA = _object(
    {
        "events": {"type": "array", "minItems": 1, "maxItems": 50, "uniqueItems": True,
                   "items": {"type": "string", "maxLength": 80}},
        "workflow": {"type": "string", "maxLength": 80},
        "task_type": {"type": "string", "maxLength": 40},
        **_STARTS,
    },
    "events",
)  # fmt: skip
TASK_SCHEMA = _object({"task_type": {"type": "string", "pattern": r"^[-a-zA-Z0-9_]{1,40}$"}}, "task_type")
CONNECTOR_SCHEMA = _object(
    {"change": {"type": "string", "maxLength": 80}, "database": {"type": "string", "maxLength": 60},
     "connection": {"type": "string", "maxLength": 40}, **_STARTS},
    "change",
)  # fmt: skip
MANUAL_SCHEMA = _object({"form": {"type": "object"}})


def check_trigger(slug: str, body: Mapping[str, Json], *, workflow: str = "") -> list[TriggerProblem]:
    """Every mistake in one entry of a definition's ``triggers``. Never raises; used at publish and while somebody edits."""
    kind, config = body.get("type"), body.get("with", {})
    place = f"triggers.{slug}"
    if kind not in TRIGGER_TYPES:
        return [
            TriggerProblem(
                code="unknown_trigger_type", place=f"{place}.type", message=str(_("Choose one of the trigger types."))
            )
        ]
    entry = TRIGGER_TYPES.get(str(kind))
    form = _form_problems(entry.config_schema, config, place=f"{place}.with")
    if form:
        return form
    found = entry.check(f"{place}.with", config)
    try:
        filling.check(config.get("inputs", {}))
        filling.check(config.get("task", {}))
    except filling.FillingProblem as problem:
        found.append(TriggerProblem(code=problem.code, place=f"{place}.with.inputs", message=str(problem)))
    if kind == TriggerKind.EVENT and workflow and config.get("workflow") == workflow:
        found.append(
            TriggerProblem(code="trigger_loop", place=f"{place}.with.workflow",
                    message=str(_("A workflow cannot be started by its own runs. Choose another workflow.")))
        )  # fmt: skip
    return found


def _form_problems(schema: Mapping[str, Json], config: Json, *, place: str) -> list[TriggerProblem]:
    errors = jsonschema_rs.Draft202012Validator(dict(schema)).iter_errors(config)
    return [
        TriggerProblem(
            code="schema_violation",
            place=".".join([place, *(str(part) for part in error.instance_path)]),
            message=error.message[:300],
        )
        for error, _number in zip(errors, range(20), strict=False)
    ]


def check_schedule(place: str, config: Mapping[str, Json]) -> list[TriggerProblem]:
    """What is wrong with a schedule beyond its form."""
    try:
        rule = calendar.parse(config, anchor=ANCHOR)
    except calendar.RuleProblem as problem:
        return [
            TriggerProblem(code=problem.code, place=f"{place}.{problem.field}", message=str(RULE_TEXTS[problem.code]))
        ]
    if rule.next(ANCHOR) is None:
        return [TriggerProblem(code="never_due", place=f"{place}.ends_at", message=str(RULE_TEXTS["never_due"]))]
    return []


def check_webhook(place: str, config: Mapping[str, Json]) -> list[TriggerProblem]:
    """A custom signature needs to know its header."""
    if (
        config.get("verify") == Verification.HMAC
        and config.get("signed", "body") == "body"
        and not config.get("header")
    ):
        return [
            TriggerProblem(
                code="header_needed",
                place=f"{place}.header",
                message=str(_("Name the header that carries the signature.")),
            )
        ]
    return []


RULE_TEXTS: dict[str, str | Promise] = {
    "unknown_zone": _("Choose a time zone such as Europe/Madrid."),
    "exactly_one_rule": _("Say when: choose exactly one of every, daily, weekly, monthly and cron."),
    "ends_before_start": _("The end lies before the start."),
    "not_five_fields": _("A cron expression has five fields: minute, hour, day, month, weekday."),
    "not_cron": _("This is not a cron expression. Example: 0 9 * * 1-5 (weekdays at 9:00)."),
    "never_due": _("This schedule would never be due."),
    "name_days": _("Choose at least one day of the week."),
    "not_a_time": _("Write the time as hour and minute, for example 09:30."),
    "out_of_range": _("This number is out of range."),
    "not_a_moment": _("Write day and time as 2027-01-31T09:00."),
}
_TEXT = {"type": "string"}
SCHEDULE_OUTPUT = {
    "type": "object",
    "properties": {"scheduled_at": _TEXT, "local_time": _TEXT, "late_s": {"type": "number"}},
}
WEBHOOK_OUTPUT = {
    "type": "object",
    "properties": {"body": {}, "headers": {"type": "object"}, "query": {"type": "object"}, "id": _TEXT},
}
EMAIL_OUTPUT = {
    "type": "object",
    "properties": {
        **dict.fromkeys(("from", "from_name", "to", "subject", "text", "message_id"), _TEXT),
        "files": {"type": "array"},
    },
}
EVENT_OUTPUT = {
    "type": "object",
    "properties": {"type": _TEXT, "id": _TEXT, "occurred_at": _TEXT, "data": {"type": "object"}},
}
