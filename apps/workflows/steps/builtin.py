"""Pure steps every workflow can use. None touches a table, so the engine runs them in memory."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.workflows.contracts import EffectFailed, Sleep, StepContext, StepHandler, StepResult, Wait
from apps.workflows.core.taxonomy import FailureKind
from apps.workflows.core.values import Missing, as_text, look_up

PATH = {"type": "string", "pattern": r"^[A-Za-z0-9_\-]{1,80}(\.[A-Za-z0-9_\-]{1,80}){0,10}$"}


class PureStep(StepHandler):
    """A step that only computes."""

    touches_database = False


class SetStep(PureStep):
    """Names values: its output is its config."""

    type = "set"
    title = _("Set values")

    def run(self, ctx: StepContext) -> StepResult:
        return StepResult(output=dict(ctx.config))


class TransformStep(PureStep):
    """Takes an object apart: ``pick`` keeps fields, ``rename`` moves them (new name -> path), ``defaults`` fill gaps."""

    type = "transform"
    title = _("Pick and rename")
    config_schema = {
        "type": "object",
        "required": ["from"],
        "additionalProperties": False,
        "properties": {
            "from": {"type": "object"},
            "pick": {"type": "array", "items": PATH, "maxItems": 200},
            "rename": {"type": "object", "additionalProperties": PATH, "maxProperties": 200},
            "defaults": {"type": "object"},
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
    config_schema = {
        "type": "object",
        "required": ["message"],
        "additionalProperties": False,
        "properties": {"message": {}, "level": {"enum": ["info", "warning", "error"]}},
    }

    def run(self, ctx: StepContext) -> StepResult:
        message = as_text(ctx.config["message"])[:2000]
        return StepResult(output={"message": message}, summary=message[:500])


class DelayStep(PureStep):
    """Rests for a number of seconds."""

    type = "delay"
    title = _("Wait a while")
    config_schema = {
        "type": "object",
        "required": ["seconds"],
        "additionalProperties": False,
        "properties": {"seconds": {"type": "number", "minimum": 0, "maximum": 31_536_000}},
    }

    def run(self, ctx: StepContext) -> Sleep:
        return Sleep(seconds=float(ctx.config["seconds"]))


class WaitEventStep(PureStep):
    """Waits for a signal; its payload becomes the output."""

    type = "wait_event"
    title = _("Wait for an answer")
    config_schema = {
        "type": "object",
        "required": ["event"],
        "additionalProperties": False,
        "properties": {
            "event": {"type": "string", "minLength": 1, "maxLength": 80, "pattern": r"^[^$]"},
            "timeout_s": {"type": "number", "exclusiveMinimum": 0, "maximum": 315_360_000},
            "accept_early": {"type": "boolean"},
            "summary": {"type": "string", "maxLength": 500},
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
    config_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"code": {"type": "string", "pattern": r"^[a-z][a-z0-9_]{0,60}$"}, "message": {}},
    }

    def run(self, ctx: StepContext) -> StepResult:
        raise EffectFailed(
            FailureKind.PERMANENT, ctx.config.get("code", "stopped"), as_text(ctx.config.get("message", ""))[:500]
        )


BUILTIN = (SetStep(), TransformStep(), LogStep(), DelayStep(), WaitEventStep(), FailStep())
