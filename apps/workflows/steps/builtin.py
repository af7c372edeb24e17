"""Pure steps every workflow can use. None touches a table, so the engine runs them in memory."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext_lazy as _

from apps.workflows.contracts import EffectFailed, Sleep, StepContext, StepHandler, StepResult, Wait
from apps.workflows.core.taxonomy import FailureKind
from apps.workflows.core.values import Missing, as_text, look_up

LONGEST_S = 31_536_000
PATH = {"type": "string", "pattern": r"^[A-Za-z0-9_\-]{1,80}(\.[A-Za-z0-9_\-]{1,80}){0,10}$"}


class PureStep(StepHandler):
    """A step that only computes."""

    touches_database = False
    category = "data"


class SetStep(PureStep):
    """Names values: its output is its config."""

    type = "set"
    title = _("Set values")
    description = _("Names values for later steps: what you enter here is its output.")
    icon = "tag"

    def run(self, ctx: StepContext) -> StepResult:
        return StepResult(output=dict(ctx.config))


class TransformStep(PureStep):
    """Takes an object apart: ``pick`` keeps fields, ``rename`` moves them (new name -> path), ``defaults`` fill gaps."""

    type = "transform"
    title = _("Pick and rename")
    description = _("Takes an object apart: keeps some fields, renames others, fills gaps.")
    icon = "filter"
    config_schema = {
        "type": "object",
        "required": ["from"],
        "additionalProperties": False,
        "properties": {
            "from": {"type": "object", "title": _("From"), "description": _("The object to take fields from.")},
            "pick": {
                "type": "array",
                "items": PATH,
                "maxItems": 200,
                "title": _("Keep"),
                "description": _("Paths of fields to keep under their own names."),
            },
            "rename": {
                "type": "object",
                "additionalProperties": PATH,
                "maxProperties": 200,
                "title": _("Rename"),
                "description": _("New name and the path it comes from."),
            },
            "defaults": {
                "type": "object",
                "title": _("Defaults"),
                "description": _("Values for fields that are missing."),
            },
        },
    }

    def run(self, ctx: StepContext) -> StepResult:
        source, defaults = ctx.config["from"], ctx.config.get("defaults", {})
        wanted = {path.rsplit(".", 1)[-1]: path for path in ctx.config.get("pick", ())} | dict(
            ctx.config.get("rename", {})
        )
        output: dict[str, Any] = {} if wanted else dict(source)
        for name, path in wanted.items():
            try:
                output[name] = look_up(source, tuple(path.split(".")))
            except Missing:
                if name not in defaults:
                    raise
        return StepResult(output={**defaults, **output})


class LogStep(PureStep):
    """Writes a line into the run's history."""

    type = "log"
    title = _("Note")
    description = _("Writes a line into the run's history.")
    icon = "file-text"
    config_schema = {
        "type": "object",
        "required": ["message"],
        "additionalProperties": False,
        "properties": {
            "message": {"title": _("Message")},
            "level": {"enum": ["info", "warning", "error"], "default": "info", "title": _("Level")},
        },
    }

    def run(self, ctx: StepContext) -> StepResult:
        message = as_text(ctx.config["message"])[:2000]
        return StepResult(output={"message": message}, summary=message[:500])


class DelayStep(PureStep):
    """Rests for a number of seconds, or until a moment."""

    type = "delay"
    title = _("Wait a while")
    description = _("Rests for some time, or until a date and time in a time zone. Survives restarts.")
    category = "flow"
    icon = "clock"
    errors = ("bad_moment", "bad_time_zone", "too_far_away")
    config_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "seconds": {
                "type": "number",
                "minimum": 0,
                "maximum": LONGEST_S,
                "title": _("Seconds"),
                "description": _("How long to rest."),
            },
            "until": {
                "type": "string",
                "minLength": 10,
                "maxLength": 40,
                "title": _("Until"),
                "description": _(
                    "A date or a date and time such as 2027-01-31T09:00; a moment in the past does not wait."
                ),
                "format": "date-time",
            },
            "time_zone": {
                "type": "string",
                "minLength": 1,
                "maxLength": 60,
                "default": "UTC",
                "title": _("Time zone"),
                "description": _("For a time without an offset; an hour that is skipped counts as the one after it."),
                "format": "time-zone",
            },
        },
        "oneOf": [{"required": ["seconds"]}, {"required": ["until"]}],
    }

    def run(self, ctx: StepContext) -> StepResult | Sleep:
        config = ctx.config
        if "seconds" in config:
            return Sleep(seconds=float(config["seconds"]))
        seconds = (moment_of(config["until"], config.get("time_zone", "UTC")) - ctx.now).total_seconds()
        if seconds > LONGEST_S:
            raise EffectFailed(FailureKind.PERMANENT, "too_far_away", "A step rests for a year at most.")
        return Sleep(seconds=seconds) if seconds > 0 else StepResult(output={})


def moment_of(text: str, zone: str) -> datetime:
    """The moment a person means; of a repeated hour the first. Raises ``EffectFailed`` (``bad_moment``, ``bad_time_zone``)."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise EffectFailed(FailureKind.PERMANENT, "bad_moment", f"{text!r} is no date and time.") from None
    if moment.tzinfo is not None:
        return moment
    try:
        return moment.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    except OverflowError:
        raise EffectFailed(FailureKind.PERMANENT, "bad_moment", f"{text!r} is outside of the calendar.") from None
    except (KeyError, ValueError, OSError):
        raise EffectFailed(FailureKind.PERMANENT, "bad_time_zone", f"{zone!r} is no time zone.") from None


class WaitEventStep(PureStep):
    """Waits for a signal; its payload becomes the output."""

    type = "wait_event"
    title = _("Wait for an answer")
    description = _("Waits until something outside answers under this name; what it sends becomes the output.")
    category = "flow"
    icon = "hand"
    untrusted = True
    errors = ("wait_timeout",)
    config_schema = {
        "type": "object",
        "required": ["event"],
        "additionalProperties": False,
        "properties": {
            "event": {
                "type": "string",
                "minLength": 1,
                "maxLength": 80,
                "pattern": r"^[^$]",
                "title": _("Name of the answer"),
            },
            "timeout_s": {
                "type": "number",
                "exclusiveMinimum": 0,
                "maximum": 315_360_000,
                "title": _("At most"),
                "description": _("Seconds until it counts as not answered."),
            },
            "accept_early": {
                "type": "boolean",
                "default": False,
                "title": _("Take an earlier answer"),
                "description": _("An answer that came before this step began counts, too."),
            },
            "summary": {"type": "string", "maxLength": 500, "title": _("What people see")},
        },
    }

    def run(self, ctx: StepContext) -> Wait:
        config: Mapping[str, Any] = ctx.config
        return Wait(
            event=config["event"],
            timeout_s=config.get("timeout_s"),
            accept_early=config.get("accept_early", False),
            summary=config.get("summary", ""),
        )


class FailStep(PureStep):
    """Ends the path with an error of one's own."""

    type = "fail"
    title = _("Stop with an error")
    description = _("Ends this path with an error of your own.")
    category = "flow"
    icon = "circle-x"
    errors = ("stopped",)
    config_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "code": {
                "type": "string",
                "pattern": r"^[a-z][a-z0-9_]{0,60}$",
                "title": _("Code"),
                "description": _("Small letters and underscores; error paths and reports go by it."),
            },
            "message": {"title": _("Message")},
        },
    }

    def run(self, ctx: StepContext) -> StepResult:
        raise EffectFailed(
            FailureKind.PERMANENT, ctx.config.get("code", "stopped"), as_text(ctx.config.get("message", ""))[:500]
        )


BUILTIN = (SetStep(), TransformStep(), LogStep(), DelayStep(), WaitEventStep(), FailStep())
