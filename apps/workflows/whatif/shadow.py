"""What the engine must know of a shadow: the past run it follows, with everything that run got as answers."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection

from apps.ai import facade as ai
from apps.workflows.contracts import StepContext
from apps.workflows.core.definition import canonical, parse
from apps.workflows.core.effects import effect_key
from apps.workflows.core.secrets import names_in
from apps.workflows.core.state import Facts
from apps.workflows.engine.live import Version

TRIGGER = "whatif"
MODEL_TYPES = "ai."
JUDGE = "ai.review"
LOAD = """
SELECT r.id::text, r.what_if_id::text, o.id::text, o.trigger, o.subject_kind, o.subject_id, o.key_run_id::text, o.generation,
       extract(epoch FROM coalesce(o.started_at, o.created_at))::float8,
       (SELECT json_agg(json_build_array(s.path, s.step_id, s.type, s.seq, s.state, s.output, s.error, s.summary, s.model,
                                         s.cost_micros, extract(epoch FROM s.started_at)) ORDER BY s.seq, s.attempt)
        FROM workflows_steprun s WHERE s.run_id = o.id),
       (SELECT json_agg(json_build_array(e.path, e.type, e.request, e.state, e.dry_run) ORDER BY e.run_id = o.id, e.id)
        FROM workflows_effect e WHERE e.run_id IN (o.id, o.key_run_id))
FROM workflows_run r JOIN workflows_run o ON o.id = r.replay_of WHERE r.id = ANY(%s::uuid[])
"""
LOAD_QUESTIONS = """
SELECT w.id::text, w.pays, w.model, coalesce(w.version_number, 0), w.definition, f.slug
FROM workflows_whatif w JOIN workflows_workflow f ON f.id = w.workflow_id WHERE w.id = ANY(%s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a step of the past run came to: its last attempt at one path."""

    step: str
    type: str
    seq: int
    state: str
    output: Any
    error: Mapping[str, str] | None
    summary: str
    model: str
    cost: int
    began: float


@dataclass(frozen=True, slots=True)
class Sent:
    """What the past run sent at one path."""

    type: str
    request: str
    state: str
    dry_run: bool


@dataclass(slots=True)
class Shadow:
    """The past run behind a shadow, and the question asked about it."""

    what_if: str
    pays: bool
    model: str
    version: Version
    origin: str
    trigger: str
    subject_kind: str
    subject_id: str
    key_run_id: str
    generation: int
    began: float
    steps: dict[str, Recorded] = field(default_factory=dict)
    sent: dict[str, Sent] = field(default_factory=dict)

    def facts(self, inputs: Mapping[str, Any]) -> Facts:
        """Inputs and ``run.*`` as the past run saw them, so that what it rendered renders the same."""
        return Facts(
            inputs=inputs,
            run={
                "id": self.origin,
                "workflow": self.version.workflow,
                "version": self.version.number,
                "trigger": self.trigger,
                "subject_kind": self.subject_kind,
                "subject_id": self.subject_id,
            },
        )

    def recorded(self, path: str, step_type: str) -> Recorded | None:
        """What the past run's step of that type at ``path`` came to, when it ended."""
        found = self.steps.get(path)
        return found if found and found.type == step_type and found.state in ("succeeded", "failed") else None

    def as_origin(self, ctx: StepContext, step_type: str) -> StepContext:
        """The attempt as the past run would have made it: its id, its key, its moment; with the model that is asked about."""
        recorded = self.steps.get(ctx.path)
        return replace(
            self.as_asked(ctx, step_type),
            run_id=type(ctx.run_id)(self.origin),
            subject_kind=self.subject_kind,
            subject_id=self.subject_id,
            now=datetime.fromtimestamp(recorded.began if recorded else self.began, tz=ctx.now.tzinfo),
            key=effect_key(
                tenant=ctx.tenant.id,
                run=self.key_run_id,
                path=ctx.step_id,
                loop_index=ctx.visit - 1,
                ordinal=0,
                generation=self.generation,
            ),
        )

    def as_asked(self, ctx: StepContext, step_type: str) -> StepContext:
        """The attempt with the model that is asked about, where the step takes one; judges stay the same, so scores compare."""
        if not self.model or not step_type.startswith(MODEL_TYPES) or step_type == JUDGE:
            return ctx
        return replace(ctx, config={**ctx.config, "model": self.model})

    def same_request(self, path: str, step_type: str, request: str) -> bool:
        """Whether the past run sent the same at that path: equal but for what names the attempt."""
        sent = self.sent.get(path)
        return sent is not None and sent.type == step_type and essence(sent.request) == essence(request)


def essence(request: str) -> str:
    """What of a request decides its answer, as canonical text."""
    body = json.loads(request)
    if isinstance(body, Mapping) and "candidates" in body and "attribution" in body:
        body = ai.essence(body)
    return canonical(body)


def load_shadows(rows: Iterable[Sequence[Any]]) -> dict[str, Shadow]:
    """The shadows among rows of ``store.LOAD_RUNS``, by run id. No query when there are none, else two."""
    wanted = [row[0] for row in rows if row[7] == TRIGGER]
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(LOAD, [wanted])
        found = cursor.fetchall()
        cursor.execute(LOAD_QUESTIONS, [list({row[1] for row in found})])
        questions = {row[0]: (row[1], row[2], _version(row)) for row in cursor.fetchall()}
    return {row[0]: _shadow(row, *questions[row[1]]) for row in found}


def _version(row: Sequence[Any]) -> Version:
    definition = json.loads(row[4]) if isinstance(row[4], str) else row[4]
    return Version(f"whatif:{row[0]}", row[5], row[3], parse(definition), definition, secrets=names_in(definition))


def _shadow(row: Sequence[Any], pays: bool, model: str, version: Version) -> Shadow:  # noqa: FBT001 - a column's value
    steps: dict[str, Recorded] = {}
    for path, *rest in _rows(row[9]):
        steps[path] = Recorded(*rest)
    sent = {path: Sent(*rest) for path, *rest in _rows(row[10])}
    what_if, origin, trigger, subject_kind, subject_id, key_run_id, generation, began = row[1:9]
    return Shadow(
        what_if=what_if,
        pays=pays,
        model=model,
        version=version,
        origin=origin,
        trigger=trigger,
        subject_kind=subject_kind,
        subject_id=subject_id,
        key_run_id=key_run_id,
        generation=generation,
        began=began,
        steps=steps,
        sent=sent,
    )


def _rows(value: Any) -> list[list[Any]]:
    return json.loads(value) if isinstance(value, str) else (value or [])
