"""The kinds of triggers: what can be configured, what a run is told, checked before a version is published."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jsonschema_rs
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop as noop

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
_WALL = {
    "type": "string",
    "pattern": r"^([01]\d|2[0-3]):[0-5]\d$",
    "description": noop("Hour and minute, such as 09:30."),
}


def _said(text: str, schema: Mapping[str, Json]) -> dict[str, Json]:
    """A schema with its one sentence for people, marked for translation where it is written."""
    return {"description": text, **schema}


_STARTS = {
    "inputs": _said(noop("Inputs of the run; references begin with trigger."), {"type": "object"}),
    "task": {
        "type": "object",
        "description": noop("Create a task instead of a run."),
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
    description: str | Promise
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
    "every_minutes": _said(noop("Every so many minutes, counted from the start."), {"type": "integer", "minimum": 1}),
    "every_hours": _said(noop("Every so many hours, counted from the start."), {"type": "integer", "minimum": 1}),
    "daily": _said(noop("Every day at a time on the clock."), _object({"at": _WALL}, "at")),
    "weekly": _said(noop("On these weekdays at a time on the clock."), _object(
        {"at": _WALL, "days": {"type": "array", "minItems": 1, "items": {"enum": list(calendar.DAYS)}}}, "at", "days"
    )),
    "monthly": _said(
        noop("On a day of the month; in a shorter month on its last day."),
        _object({"at": _WALL, "day": {"type": "integer", "minimum": 1, "maximum": 31}}, "at", "day"),
    ),
    "cron": _said(noop("A cron expression with five fields."), {"type": "string", "maxLength": calendar.LONGEST_CRON}),
    "zone": _said(noop("Whose clock: a time zone such as Europe/Madrid."), {"type": "string", "maxLength": 60}),
    "starts_at": _said(noop("Not before this moment."), {"type": "string", "maxLength": 40}),
    "ends_at": _said(noop("Not after this moment."), {"type": "string", "maxLength": 40}),
    "missed": _said(noop("What happens to times that passed while nothing ran: left out, one run for all, or each."),
                    {"enum": ["skip", "once", "all"]}),
    "missed_limit": _said(noop("At most so many missed times are made up for."), {"type": "integer", "minimum": 1, "maximum": 100}),
    "grace_s": _said(noop("So many seconds late still counts as in time."), {"type": "integer", "minimum": 0, "maximum": 86_400}),
    "overlap": _said(noop("While the run before still goes on: start anyway, leave this one out, or start one afterwards."),
                     {"enum": Overlap.values}),
    **_STARTS,
})  # fmt: skip
_HEADER = {"type": "string", "pattern": r"^[A-Za-z][A-Za-z0-9\-]{0,60}$"}
_VERIFY = {
    "verify": _said(noop("How the sender proves who it is."), {"enum": Verification.values}),
    "header": _said(noop("The header that carries the signature."), _HEADER),
    "prefix": _said(noop("What stands before the signature in the header."), {"type": "string", "maxLength": 20}),
    "encoding": _said(noop("How the signature is written."), {"enum": ["hex", "base64"]}),
    "signed": _said(
        noop("What is signed: the body alone, or as Stripe or Slack do it."), {"enum": ["body", "stripe", "slack"]}
    ),
    "rate_per_minute": _said(
        noop("More calls than this in a minute are refused."), {"type": "integer", "minimum": 1, "maximum": 6_000}
    ),
}
WEBHOOK_SCHEMA = _object({
    **_VERIFY,
    "dedupe_header": _said(noop("The header that names a delivery; the same name again starts nothing."), _HEADER),
    "dedupe_window_s": _said(noop("For so many seconds a name is remembered."),
                             {"type": "integer", "minimum": 0, "maximum": 604_800}),
    **_STARTS,
})  # fmt: skip
EMAIL_SCHEMA = _object({
    **_VERIFY,
    "from": _said(noop("Who may write: addresses, or a domain such as @example.com. Empty: anybody."),
                  {"type": "array", "maxItems": 100, "items": {"type": "string", "maxLength": 254}}),
    **_STARTS,
})  # fmt: skip
EVENT_SCHEMA = _object(
    {
        "events": _said(noop("The events to wait for; see the page about events."), {
            "type": "array", "minItems": 1, "maxItems": 50, "uniqueItems": True, "items": {"type": "string", "maxLength": 80},
        }),
        "workflow": _said(noop("Only events of this workflow."), {"type": "string", "maxLength": 80}),
        "task_type": _said(noop("Only events of tasks of this type."), {"type": "string", "maxLength": 40}),
        **_STARTS,
    },
    "events",
)  # fmt: skip
TASK_SCHEMA = _object(
    {"task_type": _said(noop("Tasks of this type are answered by the workflow."),
                        {"type": "string", "pattern": r"^[-a-zA-Z0-9_]{1,40}$"})},
    "task_type",
)  # fmt: skip
CONNECTOR_SCHEMA = _object(
    {"change": _said(noop("The change to wait for."), {"type": "string", "maxLength": 80}),
     "database": _said(noop("Only rows of this database."), {"type": "string", "maxLength": 60}),
     "connection": _said(noop("Only changes of this connection."), {"type": "string", "maxLength": 40}), **_STARTS},
    "change",
)  # fmt: skip
MANUAL_SCHEMA = _object({"form": _said(noop("Kept with the trigger; nothing acts on it."), {"type": "object"})})


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
