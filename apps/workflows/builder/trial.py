"""Trying a draft out, step by step, with every effect held.

The same state machine as in a real run decides the way; time is skipped. A step's output is its pinned sample, else what it
computes (steps without outside effect; whatever they would write is taken back), else what it gave in an earlier run, else
what its rehearsal or the schema of its output promises. Nothing is sent, booked or kept but the trial's own row.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from apps.core.differences import field_diff
from apps.tenants.facade import current_tenant
from apps.workflows.builder.models import Trial
from apps.workflows.builder.samples import pinned, seen
from apps.workflows.conf import code_revision
from apps.workflows.contracts import Sleep, StepContext, StepHandler, StepResult, Wait
from apps.workflows.core import events as ev
from apps.workflows.core.definition import Definition, Step, parse
from apps.workflows.core.machine import apply, pending, scope_of
from apps.workflows.core.state import Facts, Phase, RunState, Status, Token, from_json, to_json
from apps.workflows.core.taxonomy import Failure
from apps.workflows.engine.failures import classify
from apps.workflows.engine.live import moment
from apps.workflows.engine.plain_json import UnstorableValue, clean, storable
from apps.workflows.enums import EffectClass
from apps.workflows.registries import step_types

Json = Any
MAX_STEPS = 200
MAX_LOG = 200
OUTPUT_BYTES = 64_000


class _Undone(Exception):
    """Leaves a transaction so that everything in it is taken back."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a step gave in a trial. ``how``: pinned, computed, seen, promised, held or waits; ``request`` is what was held."""

    output: Mapping[str, Json]
    how: str
    request: Json = None
    summary: str = ""


class NeedsSample(Exception):
    """The step waits for an answer from outside; without a pinned sample the trial cannot know it."""


def begin(*, workflow_id: UUID, slug: str, actor_id: int, revision: int, document: Json, inputs: Json) -> Trial:
    """A new trial of this document in place of the person's last one, stopped before its first step."""
    row, _made = Trial.objects.update_or_create(
        workflow_id=workflow_id,
        actor_id=actor_id,
        defaults={
            "revision": revision, "document": document, "inputs": inputs, "cursor": {}, "log": [], "paused_at": "",
            "state": "paused", "updated_at": Now(),
        },
    )  # fmt: skip
    walk = _Walk(row, slug)
    walk.take(ev.Begin())
    walk.save()
    return row


def go_on(
    row: Trial, slug: str, *, stop_at: Sequence[str] = (), steps: int = MAX_STEPS, skip_first: bool = True
) -> Trial:
    """Do up to ``steps`` steps, stopping before a breakpoint or a step of ``stop_at``; the first one is not stopped at again."""
    walk = _Walk(row, slug)
    walk.go(set(stop_at) | set(row.breakpoints), steps, skip_first=skip_first)
    walk.save()
    return row


class _Walk:
    def __init__(self, row: Trial, slug: str) -> None:
        self.row, self.slug = row, slug
        self.definition: Definition = parse(row.document)
        self.state: RunState = from_json(row.cursor)
        self.facts = Facts(
            inputs=row.inputs, run={"id": str(row.pk), "workflow": slug, "version": 0, "trigger": "test"}
        )
        self.samples, self.seen = pinned(row.workflow_id), seen(row.workflow_id)
        self.log: list[dict[str, Json]] = list(row.log)
        self.paused = ""

    def take(self, event: ev.Event) -> None:
        self.state, actions = apply(self.definition, self.state, event, self.facts)
        for action in actions:
            if isinstance(action, ev.Record) and self.definition.steps[action.step].type not in step_types:
                self._note(action.path, action.step, action.state, action.output, how="way")

    def go(self, stops: set[str], steps: int, *, skip_first: bool) -> None:
        for number in range(steps):
            self._skip_time()
            todo = pending(self.state)
            if self.state.ended or not todo:
                break
            token = todo[0]
            if token.step in stops and not (number == 0 and skip_first):
                self.paused = token.path
                return
            if not self._do(token):
                return
        self._skip_time()
        todo = pending(self.state)
        self.paused = todo[0].path if todo and not self.state.ended else ""

    def _skip_time(self) -> None:
        for _round in range(MAX_STEPS):
            sleeping = [token.wake_at for token in self.state.tokens if token.phase is Phase.SLEEPING and token.wake_at]
            if pending(self.state) or self.state.ended or not sleeping:
                return
            self.take(ev.TimePassed(min(sleeping) + 0.001))

    def _do(self, token: Token) -> bool:
        step = self.definition.steps[token.step]
        config: Json = None
        try:
            config = step.config(scope_of(self.state, self.facts, token.visit, token.frames))
            answer = self._answer(token, step, config)
        except NeedsSample:
            self.paused = token.path
            self._note(token.path, step.id, "waiting", None, how="waits", config=config)
            return False
        except Exception as error:  # noqa: BLE001 - whatever a step's code raises is the step's failure
            failure = classify(error, sent=False)
            self._note(token.path, step.id, "failed", None, how="computed", config=config, error=failure)
            self.take(ev.Failed(token.id, failure))
            return True
        if isinstance(answer, Sleep):
            self.take(ev.Sleeps(token.id, time.time() + max(0.0, min(answer.seconds, 1e9)), again=False))
            self._note(token.path, step.id, "succeeded", {}, how="skipped", config=config)
            return True
        output = _kept(answer.output)
        before = self.state.results.get(step.id, {}).get("output")
        self._note(
            token.path,
            step.id,
            "succeeded",
            output,
            how=answer.how,
            config=config,
            request=answer.request,
            before=before,
        )
        self.take(ev.Succeeded(token.id, output, answer.summary))
        return True

    def _answer(self, token: Token, step: Step, config: Json) -> Answer | Sleep:
        if step.id in self.samples:
            return Answer(output=self.samples[step.id], how="pinned")
        handler = step_types.get(step.type)
        context = self._context(token, step, config)
        if handler.effect is EffectClass.PURE:
            return self._computed(handler, context)
        return self._held(step, handler, context)

    def _computed(self, handler: StepHandler, context: StepContext) -> Answer | Sleep:
        found = self._taken_back(lambda: handler.run(context))
        if isinstance(found, StepResult):
            return Answer(output=found.output, how="computed", summary=found.summary)
        if isinstance(found, Sleep):
            return found
        if isinstance(found, Wait) and context.step_id in self.seen:
            return Answer(output=self.seen[context.step_id], how="seen")
        raise NeedsSample

    def _held(self, step: Step, handler: StepHandler, context: StepContext) -> Answer:
        if handler.effect is EffectClass.METERED:
            if step.id in self.seen:
                return Answer(output=self.seen[step.id], how="seen")
            return Answer(output=promised(handler.output_schema), how="promised")
        try:
            request = self._taken_back(lambda: handler.prepare(context))
            rehearsed = self._taken_back(lambda: handler.rehearse(context, request)).output
        except Exception:
            if step.id not in self.seen:
                raise
            request, rehearsed = None, self.seen[step.id]
        return Answer(output=self.seen.get(step.id, rehearsed), how="held", request=request)

    @staticmethod
    def _taken_back(work: Any) -> Any:
        found: list[Any] = []
        try:
            with transaction.atomic():
                found.append(work())
                raise _Undone
        except _Undone:
            return found[0]

    def _context(self, token: Token, step: Step, config: Json) -> StepContext:
        return StepContext(
            tenant=current_tenant(), run_id=self.row.pk, workflow=self.slug, version=0, step_id=step.id, path=token.path,
            visit=token.visit, attempt=1, config=config, dry_run=True, key=f"trial-{self.row.pk}-{token.path}",
            now=moment(time.time()), subject_kind="", subject_id="", revision=code_revision(),
        )  # fmt: skip

    def _note(
        self, path: str, step: str, state: str, output: Json, *, how: str, config: Json = None, request: Json = None,
        before: Json = None, error: Failure | None = None,
    ) -> None:  # fmt: skip
        changes = [
            {"place": change.place, "before": change.before, "after": change.after}
            for change in (field_diff(before, output) if before is not None else [])[:20]
        ]
        if self.log and self.log[-1]["path"] == path and self.log[-1]["state"] in ("running", "waiting"):
            self.log.pop()
        self.log.append({
            "path": path, "step": step, "state": state, "how": how, "output": _kept(output), "config": _kept(config),
            "request": _kept(request), "changes": changes,
            "error": {"code": failure_code(error), "message": error.message} if error else None,
        })  # fmt: skip
        del self.log[:-MAX_LOG]

    def save(self) -> None:
        row = self.row
        row.cursor, row.log, row.paused_at = _kept(to_json(self.state)), self.log, self.paused
        row.state = "paused" if self.state.status is Status.RUNNING else self.state.status.value
        row.updated_at = Now()
        row.save(update_fields=["cursor", "log", "paused_at", "state", "updated_at"])


def failure_code(failure: Failure) -> str:
    """The stable code of a failure."""
    return failure.code


def _kept(value: Json) -> Json:
    import json

    if value is None:
        return None
    try:
        return json.loads(storable(value, limit=OUTPUT_BYTES))
    except UnstorableValue:
        return {"…": clean(str(value))[:2000]}


def promised(schema: Mapping[str, Json], depth: int = 0) -> Any:
    """A value of the form a schema promises, for steps nobody has seen at work yet."""
    sort = schema.get("type")
    sort = sort[0] if isinstance(sort, list) and sort else sort
    if "enum" in schema:
        return schema["enum"][0]
    if sort == "object" or (sort is None and depth == 0):
        properties = schema.get("properties", {})
        return {key: promised(child, depth + 1) for key, child in properties.items()} if depth < 6 else {}
    return {"string": "…", "integer": 1, "number": 1, "boolean": True, "array": []}.get(str(sort))
