"""Before and after the model: brief it, take note of what the review said of its answer."""

from collections.abc import Mapping
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_noop as noop

from apps.ai import facade as ai
from apps.tasks import policy
from apps.tasks.enums import EventKind, ReviewReason, TaskState
from apps.tasks.models import Task
from apps.tasks.notion import projections
from apps.tasks.services import recording
from apps.tasks.steps.shared import MAX_RESULT, NOTHING_THERE, TEXT, own_task
from apps.workflows.contracts import StepContext, StepHandler, StepResult


class Brief(StepHandler):
    """Chooses the prompt of the next version: the request itself, or the last answer with what was wrong with it."""

    type = "task.brief"
    title = gettext_lazy("Brief the model")
    description = noop("Part of the built-in answer: chooses what the model is told, with what was wrong last time.")
    config_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "title": TEXT,
            "body": TEXT,
            "instructions": TEXT,
            "task_type": TEXT,
            "quality": TEXT,
            "verdict": NOTHING_THERE,
            "person": NOTHING_THERE,
        },
        "required": ["title", "body", "task_type"],
    }

    def run(self, ctx: StepContext) -> StepResult:
        config = ctx.config
        task = own_task(ctx)
        if task is not None and task.state == TaskState.NEW:
            recording.move(
                task, to=TaskState.RUNNING, event=EventKind.STARTED, workflow_version=ctx.version, revision=ctx.revision
            )
            projections.task_moved(task)
        answer, reasons = _what_was_wrong(config.get("verdict"), config.get("person"))
        variables = {"title": config["title"], "body": _with_instructions(config), "task_type": config["task_type"]}
        slug = f"task.{config['task_type']}"
        if answer:
            slug, variables = "task.revise", {**variables, "answer": answer, "reasons": reasons}
        _messages, prompt_version = ai.render_prompt(slug, variables, quality=str(config.get("quality") or "standard"))
        output = {"prompt": slug, "variables": variables, "prompt_version": prompt_version, "version": ctx.visit}
        return StepResult(output=output, summary=self.summary(output))

    def summary(self, output: Mapping[str, Any]) -> str:
        version = output.get("version")
        return _("Version %(number)d") % {"number": version} if isinstance(version, int) else ""


def _what_was_wrong(verdict: Mapping[str, Any] | None, person: Mapping[str, Any] | None) -> tuple[str, str]:
    """(answer, reasons) of the version before, by whoever spoke last; empty for the first version."""
    judged = verdict or {}
    if person and person.get("decision") == "revise" and person.get("after") == judged.get("visit", 0):
        return str(person.get("answer", "")), f"- {person.get('note', '')}"
    return str(judged.get("answer", "")), str(judged.get("feedback", ""))


def _with_instructions(config: Mapping[str, Any]) -> str:
    extra = str(config.get("instructions") or "").strip()
    return f"{config['body']}\n\n{extra}" if extra else str(config["body"])


class NoteVerdict(StepHandler):
    """Writes the scores onto the task and says what is next: deliver, revise or ask a person."""

    type = "task.verdict"
    title = gettext_lazy("Decide by the score")
    description = noop(
        "Part of the built-in answer: keeps the scores and says whether to deliver, revise or ask a person."
    )
    config_schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "draft": NOTHING_THERE,
            "draft_error": NOTHING_THERE,
            "review": NOTHING_THERE,
            "review_error": NOTHING_THERE,
            "before": NOTHING_THERE,
            "prompt_version": TEXT,
            "max_revisions": {"type": "integer"},
        },
        "required": ["max_revisions"],
    }

    def run(self, ctx: StepContext) -> StepResult:
        config = ctx.config
        draft, error = config.get("draft") or {}, config.get("draft_error") or config.get("review_error")
        verdict = None if error else config.get("review")
        if config.get("draft_error"):
            outcome = policy.Outcome(next=policy.PERSON, reason=ReviewReason.ANSWER_UNUSABLE.value)
        else:
            outcome = policy.decide(
                verdict=verdict,
                revisions_done=ctx.visit - 1,
                max_revisions=config["max_revisions"],
                judge_suspended=ai.judge_agreement().suspended,
            )
        task = own_task(ctx)
        if task is not None and draft:
            _record_version(
                task, {**draft, "prompt_version": config.get("prompt_version", "")}, verdict, visit=ctx.visit
            )
        # A version that could not be written leaves the one before it for the person to build on.
        answer = draft.get("text") or (config.get("before") or {}).get("answer", "")
        output = {
            "next": outcome.next,
            "reason": outcome.reason,
            "why": _why(outcome.reason, verdict, error),
            "feedback": outcome.feedback,
            "answer": str(answer),
            "score": (verdict or {}).get("score"),
            "visit": ctx.visit,
        }
        return StepResult(output=output, summary=self.summary(output))

    def summary(self, output: Mapping[str, Any]) -> str:
        given = output.get("score")
        score = _("not scored") if given is None else _("%(score)s of 100") % {"score": given}
        then = {policy.DELIVER: _("passed"), policy.REVISE: _("another version"), policy.PERSON: _("a person decides")}
        following = then.get(str(output.get("next")))
        return f"{score}: {following}" if following else ""


def _record_version(task: Task, draft: Mapping[str, Any], verdict: Mapping[str, Any] | None, *, visit: int) -> None:
    found = verdict or {}
    Task.objects.filter(id=task.id).update(
        draft=str(draft.get("text", ""))[:MAX_RESULT],
        score=found.get("score"),
        criteria=list(found.get("criteria", ())),
        checks=list(found.get("checks", ())),
        reasons=str(found.get("reasons", "")),
        votes=found.get("votes"),
        spread=found.get("spread"),
        review_key=str(found.get("key", "")),
        revisions=visit - 1,
        model=str(draft.get("model", "")),
        prompt_version=str(draft.get("prompt_version", "")),
        touched_at=Now(),
        tokens=F("tokens") + _tokens(draft) + _tokens(found),
        cost_micros=F("cost_micros") + int(draft.get("cost_micros") or 0) + int(found.get("cost_micros") or 0),
    )
    task.refresh_from_db()
    recording.note(
        task,
        event=EventKind.SCORED,
        detail=_("Score %(score)s of 100") % {"score": found["score"]}
        if "score" in found
        else _("Could not be scored"),
    )


def _tokens(used: Mapping[str, Any]) -> int:
    return int(used.get("prompt_tokens") or 0) + int(used.get("completion_tokens") or 0)


def _why(reason: str, verdict: Mapping[str, Any] | None, error: Mapping[str, Any] | None) -> str:
    if not reason:
        return ""
    sentence = str(ReviewReason(reason).label)
    if error:
        return f"{sentence} {error.get('message', '')}".strip()
    found = policy.feedback_of(verdict) if verdict else ""
    return f"{sentence}\n{found}".strip()
