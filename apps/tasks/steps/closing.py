"""How a task ends: a person is asked, the answer is delivered, or there is none."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as noop

from apps.core.errors import InvalidInput
from apps.tasks.enums import EventKind, ReviewReason, TaskState
from apps.tasks.notion import projections
from apps.tasks.services import recording, reviewing
from apps.tasks.steps.shared import MAX_RESULT, TEXT, own_task
from apps.workflows.contracts import StepContext, StepHandler, StepResult, Wait


class AskPerson(StepHandler):
    """Puts the answer into the person queue and waits for the decision, however long it takes."""

    type = "task.ask_person"
    title = gettext_lazy("Ask a person")
    description = noop("Part of the built-in answer: puts it into the inbox and waits for a person's decision.")
    errors = ("wait_timeout",)
    config_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "reason": TEXT,
            "why": TEXT,
            "answer": TEXT,
            "score": {"type": ["integer", "null"]},
            "after": {"type": "integer"},
            "timeout_s": {"type": "number", "exclusiveMinimum": 0},
        },
        "required": ["reason"],
    }

    def run(self, ctx: StepContext) -> StepResult | Wait:
        config = ctx.config
        if config["reason"] not in ReviewReason.values:
            raise InvalidInput(
                _("The reason for asking a person is one of: %(known)s."), known=", ".join(ReviewReason.values)
            )
        task = own_task(ctx)
        if task is None:
            return StepResult(
                output=self._output(ctx, reviewing.review_payload(None)),
                summary=_("The task is closed; nobody is asked."),
            )
        item = reviewing.ask_person(
            task=task,
            run_id=ctx.run_id,
            step_path=ctx.path,
            reason=config["reason"],
            why=str(config.get("why") or ""),
            answer=str(config.get("answer") or ""),
            score=config.get("score"),
        )
        return Wait(
            event=reviewing.EVENT,
            timeout_s=config.get("timeout_s"),
            summary=item.why.splitlines()[0],
            needs_person=True,
        )

    def resume(self, ctx: StepContext, payload: Mapping[str, Any]) -> StepResult:
        said = reviewing.review_payload(dict(payload))
        return StepResult(output=self._output(ctx, said), summary=f"{said['decision']}: {said['note']}".strip(": "))

    def _output(self, ctx: StepContext, said: Mapping[str, Any]) -> dict[str, Any]:
        return {**said, "answer": str(ctx.config.get("answer") or ""), "after": ctx.config.get("after", 0)}


class Deliver(StepHandler):
    """Makes the answer the task's result and sends it back to where the request came from."""

    type = "task.deliver"
    title = gettext_lazy("Deliver the answer")
    description = noop(
        "Part of the built-in answer: makes it the task's result and sends it back to where it was asked."
    )
    config_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"text": TEXT},
        "required": ["text"],
    }

    def run(self, ctx: StepContext) -> StepResult:
        text = str(ctx.config["text"]).strip()
        if not text or len(text) > MAX_RESULT:
            raise InvalidInput(_("The answer is empty or longer than %(limit)d characters."), limit=MAX_RESULT)
        task = own_task(ctx)
        if task is None:
            return self._said({"delivered": False, "text": text})
        recording.move(
            task,
            to=TaskState.DONE,
            event=EventKind.DELIVERED,
            result=text,
            error="",
            error_code="",
            workflow_version=ctx.version,
            revision=ctx.revision,
        )
        projections.task_moved(task)
        return self._said({"delivered": True, "text": text})

    def _said(self, output: Mapping[str, Any]) -> StepResult:
        return StepResult(output=output, summary=self.summary(output))

    def summary(self, output: Mapping[str, Any]) -> str:
        if not isinstance(output.get("delivered"), bool):
            return ""
        return _("Delivered") if output["delivered"] else _("The task is closed or answered by another run.")


class Fail(StepHandler):
    """Ends the task as failed with a reason people can act on; the run itself has done its work."""

    type = "task.fail"
    title = gettext_lazy("End without an answer")
    description = noop("Part of the built-in answer: ends the task as failed, with a reason people can act on.")
    config_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {"code": TEXT, "message": TEXT},
        "required": ["code", "message"],
    }

    def run(self, ctx: StepContext) -> StepResult:
        code, message = str(ctx.config["code"])[:64] or "failed", str(ctx.config["message"])
        task = own_task(ctx)
        if task is not None:
            recording.move(
                task,
                to=TaskState.FAILED,
                event=EventKind.FAILED,
                detail=message,
                error_code=code,
                error=message,
                workflow_version=ctx.version,
                revision=ctx.revision,
            )
            projections.task_moved(task)
        return StepResult(output={"code": code, "message": message}, summary=message)
