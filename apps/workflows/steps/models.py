"""Steps that ask a model: generate an answer, review one. The five verbs of ``ai.facade`` are the five verbs of a step."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from apps.ai import facade as ai
from apps.ai.contracts import DEFAULT_CRITERIA, Check, CompletionRequest, Criterion, Message, ReviewRequest, Rubric
from apps.ai.enums import Decision
from apps.ai.errors import UnknownPrompt
from apps.workflows.contracts import EffectFailed, RetryPolicy, StepContext, StepHandler, StepResult, UsageLine
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.enums import EffectClass

TEXT = {"type": "string", "maxLength": 400_000}
COMMON: dict[str, Any] = {
    "model": {
        "type": ["string", "null"],
        "maxLength": 120,
        "title": _("Model"),
        "description": _("Leave empty to let the workspace's routes choose."),
    },
    "quality": {"enum": ["standard", "premium"], "default": "standard", "title": _("Quality")},
    "language": {"type": "string", "maxLength": 20, "title": _("Language of the answer")},
    "user_id": {
        "type": ["integer", "null"],
        "title": _("On behalf of"),
        "description": _("Whose budget it counts against."),
    },
}


MODEL_ERRORS = (
    "budget_exceeded", "plan_limit_reached", "no_model_available", "unknown_model", "ai_not_configured", "input_too_long",
    "invalid_model_request", "model_call_failed", "model_refused", "unusable_answer",
)  # fmt: skip


class ModelStep(StepHandler):
    """What both steps share: a metered call through the gateway, budgeted in the intent, booked in the checkpoint."""

    errors = MODEL_ERRORS
    effect = EffectClass.METERED
    category = "ai"
    icon = "sparkles"
    untrusted = True
    timeout_s = 180.0
    retry = RetryPolicy(max_attempts=5, base_s=2.0, cap_s=120.0)

    def request(self, ctx: StepContext) -> CompletionRequest | ReviewRequest:
        """What is asked of the gateway."""
        raise TypeError(f"{type(self).__name__} asks nothing")

    def prepare(self, ctx: StepContext) -> Mapping[str, Any]:
        return ai.prepare(self.request(ctx), key=ctx.key)

    def unlock(self, ctx: StepContext, request: Mapping[str, Any]) -> object:
        return ai.unlock(dict(request))

    def perform(self, request: Mapping[str, Any], secrets: object, *, key: str, deadline: float) -> Mapping[str, Any]:
        return ai.perform(dict(request), secrets, deadline=deadline)

    def settle(self, ctx: StepContext, request: Mapping[str, Any], response: Mapping[str, Any]) -> StepResult:
        answer = ai.settle(dict(request), dict(response), key=ctx.key)
        output = self.shaped(
            asdict(answer) | {"key": ctx.key, "prompt_version": str(request.get("prompt_version") or "")}
        )
        return StepResult(output=output, usage=(self._usage(ctx, output),), summary=self.summary(output))

    def abandon(self, ctx: StepContext, request: Mapping[str, Any], error: Failure) -> None:
        ai.abandon(dict(request), key=ctx.key, reason=error.code, error=error.cause)

    def shaped(self, output: dict[str, Any]) -> dict[str, Any]:
        """The step's output from the gateway's answer, which knows the version of the prompt it was made with."""
        return output

    def _usage(self, ctx: StepContext, output: Mapping[str, Any]) -> UsageLine:
        tokens = int(output.get("prompt_tokens") or 0) + int(output.get("completion_tokens") or 0)
        detail = {
            "model": output.get("model", ""),
            "prompt_tokens": output.get("prompt_tokens", 0),
            "completion_tokens": output.get("completion_tokens", 0),
            "priced": output.get("priced", True),
        }
        return UsageLine(
            meter="ai.tokens",
            source_key=ctx.key,
            quantity=tokens,
            cost_micros=int(output.get("cost_micros") or 0),
            detail=detail,
        )


class GenerateStep(ModelStep):
    """Asks a model for an answer: by a ``prompt`` of the library with ``variables``, or by ``messages``.

    ``prompt`` alone means the version that is current when the call is prepared, ``prompt@3`` that version. The wording is frozen
    with the request; a later attempt is another call and asks anew.
    """

    type = "ai.generate"
    errors = (*MODEL_ERRORS, "unknown_prompt")
    title = _("Ask a model")
    description = _("Sends a prompt or messages to a model and gives its answer as text, or as data of a given form.")
    config_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "prompt": {
                "type": "string",
                "maxLength": 80,
                "title": _("Prompt"),
                "description": _(
                    "The name of a prompt in the library: its current version at the moment of the call. "
                    "With @ and a number, such as friendly-reply@3, always that version."
                ),
            },
            "variables": {
                "type": "object",
                "title": _("Variables of the prompt"),
                "description": _("A value for each variable of the prompt, by its name."),
            },
            "messages": {
                "type": "array",
                "title": _("Messages"),
                "description": _("What is said to the model, in order, instead of a prompt."),
                "minItems": 1,
                "maxItems": 100,
                "items": {
                    "type": "object",
                    "required": ["role", "content"],
                    "additionalProperties": False,
                    "properties": {
                        "role": {"enum": ["system", "user", "assistant"]},
                        "content": TEXT,
                        "trusted": {"type": "boolean"},
                    },
                },
            },
            "purpose": {"type": "string"},
            "task_type": {"type": "string", "maxLength": 80},
            "max_output_tokens": {
                "type": "integer",
                "minimum": 1,
                "maximum": 100_000,
                "title": _("Longest answer"),
                "description": _("In tokens, about four letters each; thinking included."),
            },
            "temperature": {
                "type": "number",
                "minimum": 0,
                "maximum": 2,
                "title": _("Variety"),
                "description": _("0 is steady."),
            },
            "response_schema": {
                "type": ["object", "null"],
                "title": _("Form of the answer"),
                "description": _("JSON Schema; the answer is then data under “parsed”."),
            },
            **COMMON,
        },
        "oneOf": [{"required": ["prompt"]}, {"required": ["messages"]}],
    }
    output_schema = {
        "type": "object",
        "properties": {
            "text": {"type": "string", "title": _("The answer")},
            "parsed": {"title": _("The answer as data"), "description": _("Where a form of the answer was asked for.")},
            "prompt_version": {
                "type": "string",
                "title": _("Version of the prompt"),
                "description": _("Its name and version, such as friendly-reply@3; empty for messages."),
            },
            "model": {"type": "string", "title": _("Model")},
            "cost_micros": {
                "type": ["integer", "null"],
                "title": _("Cost"),
                "description": _("In millionths of a US dollar; null when the price is unknown."),
            },
        },
    }
    trusted_outputs = frozenset({"prompt_version"})

    def request(self, ctx: StepContext) -> CompletionRequest:
        config = dict(ctx.config)
        variables, slug = config.pop("variables", {}), config.pop("prompt", None)
        version = ""
        if slug is not None:
            messages, version = _rendered(slug, variables, quality=config.get("quality", "standard"))
        else:
            messages = tuple(Message(**message) for message in config["messages"])
        config.pop("messages", None)
        return CompletionRequest(
            purpose=config.pop("purpose", "work"),
            messages=messages,
            prompt_version=version,
            run_id=str(ctx.run_id),
            step_path=ctx.path,
            workflow=ctx.workflow,
            **config,
        )

    def summary(self, output: Mapping[str, Any]) -> str:
        tokens = output.get("completion_tokens")
        if not isinstance(tokens, int):
            return ""
        told = {"model": output.get("model", ""), "tokens": tokens}
        return ngettext("%(model)s: %(tokens)s token", "%(model)s: %(tokens)s tokens", tokens) % told


def _rendered(reference: str, variables: Mapping[str, Any], *, quality: str) -> tuple[tuple[Message, ...], str]:
    """The messages of a prompt and their version; a missing value is named in the failure, which trying again does not mend."""
    try:
        return ai.render_prompt(reference, variables, quality=quality)
    except UnknownPrompt as error:
        missing = ", ".join(name for name in error.fields if name != "prompt")
        if not missing:
            raise
        told = gettext("The prompt “%(prompt)s” needs a value for: %(names)s.")
        told %= {"prompt": reference[:80], "names": missing}
        raise EffectFailed(FailureKind.PERMANENT, error.code, told) from error


class ReviewStep(ModelStep):
    """Has an answer judged against a rubric."""

    type = "ai.review"
    errors = (*MODEL_ERRORS, "invalid_rubric")
    title = _("Judge the answer")
    description = _("Has an answer scored against criteria, after mechanical checks that cost nothing.")
    icon = "scale"
    trusted_outputs = frozenset(
        {"decision"}
    )  # a score is a number of the judge's choice: it may decide a way, never an amount
    config_schema = {
        "type": "object",
        "required": ["task", "answer"],
        "additionalProperties": False,
        "properties": {
            "task": TEXT,
            "answer": TEXT,
            "source": TEXT,
            "task_type": {"type": "string", "maxLength": 80},
            "language": {"type": "string", "maxLength": 20},
            "threshold": {"type": "integer", "minimum": 0, "maximum": 100},
            "borderline": {"type": "integer", "minimum": 0, "maximum": 50},
            "max_votes": {"type": "integer", "minimum": 1, "maximum": 9},
            "criteria": {
                "type": "array",
                "minItems": 1,
                "maxItems": 20,
                "items": {
                    "type": "object",
                    "required": ["key", "title", "weight"],
                    "additionalProperties": False,
                    "properties": {
                        "key": {"type": "string"},
                        "title": {"type": "string"},
                        "weight": {"type": "integer"},
                        "guidance": {"type": "string"},
                    },
                },
            },
            "checks": {
                "type": "array",
                "maxItems": 50,
                "items": {
                    "type": "object",
                    "required": ["kind", "value"],
                    "additionalProperties": False,
                    "properties": {"kind": {"type": "string"}, "value": {}, "blocking": {"type": "boolean"}},
                },
            },
            "model": {"type": ["string", "null"], "maxLength": 120},
            "user_id": {"type": ["integer", "null"]},
        },
    }

    def request(self, ctx: StepContext) -> ReviewRequest:
        config = dict(ctx.config)
        limits = {name: config.pop(name) for name in ("threshold", "borderline", "max_votes") if name in config}
        criteria = tuple(Criterion(**one) for one in config.pop("criteria", ())) or DEFAULT_CRITERIA
        checks = tuple(Check(**one) for one in config.pop("checks", ()))
        return ReviewRequest(
            rubric=Rubric(criteria=criteria, **limits),
            checks=checks,
            run_id=str(ctx.run_id),
            step_path=ctx.path,
            workflow=ctx.workflow,
            **config,
        )

    def summary(self, output: Mapping[str, Any]) -> str:
        if output.get("score") is None:
            return ""
        decision = str(output.get("decision", ""))
        label = Decision(decision).label if decision in Decision.values else decision
        return f"{gettext('Score %(score)s of 100') % {'score': output.get('score')}}: {label}"


MODEL_STEPS = (GenerateStep(), ReviewStep())
