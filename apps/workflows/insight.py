"""Reads that pages about runs need: one step in depth, what a replay would do, health strips, what is live."""

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count

from apps.workflows.contracts import (
    EffectLine,
    EffectView,
    FlowRow,
    LiveStep,
    PlannedStep,
    ReplayPlan,
    RunRow,
    StepDetail,
    StepView,
    UsageRow,
    WorkflowRow,
)
from apps.workflows.core.definition import parse
from apps.workflows.enums import EffectClass, EffectState, RunState
from apps.workflows.errors import RunNotRetryable, UnknownEffect, UnknownRun, UnknownWorkflow
from apps.workflows.models import Effect, Run, StepDay, StepRun, UsageEntry, Workflow, WorkflowVersion
from apps.workflows.registries import step_types
from apps.workflows.selectors import effect_view, get_run, list_runs, run_row, step_view
from apps.workflows.services.recovery import history_of, require_rewind

RECENT = 2_000
STRIP = 20
LIVE = (RunState.RUNNING, RunState.WAITING, RunState.REVIEW)
# The latest runs only: constant cost however many there are, and no index that every run would have to pay for.
STRIPS = """
WITH recent AS (SELECT id, version_id, state, cost_micros FROM workflows_run WHERE what_if_id IS NULL
                ORDER BY id DESC LIMIT %s)
SELECT v.workflow_id, count(*), count(*) FILTER (WHERE r.state = 'failed'), sum(r.cost_micros)::bigint,
       (array_agg(r.id::text || ' ' || r.state ORDER BY r.id DESC))[1:%s]
FROM recent r JOIN workflows_workflowversion v ON v.id = r.version_id GROUP BY v.workflow_id
"""
LIVE_OF = """
SELECT v.workflow_id, count(*) FROM workflows_run r JOIN workflows_workflowversion v ON v.id = r.version_id
WHERE r.finished_at IS NULL AND r.what_if_id IS NULL GROUP BY v.workflow_id
"""


def find_step(run_id: UUID, *, path: str, attempt: int | None = None) -> StepDetail | None:
    """One attempt (None: the latest) of one visit of a step; None when the run has none of that name."""
    rows = list(StepRun.objects.filter(run_id=run_id, path=path[:100]).order_by("attempt"))
    chosen = next((row for row in rows if row.attempt == attempt), rows[-1] if rows and attempt is None else None)
    if chosen is None:
        return None
    run = Run.objects.select_related("version").only("version__definition", "generation").get(pk=run_id)
    body = run.version.definition["steps"].get(chosen.step_id, {})
    effects = Effect.objects.filter(run_id=run_id, path=path).order_by("id")
    usage = UsageEntry.objects.filter(run_id=run_id, path=path).order_by("id")
    return StepDetail(
        step=step_view(chosen, body.get("title", "")),
        config=body.get("with", {}),
        attempts=len(rows),
        effects=tuple(map(_effect_line, effects)),
        usage=tuple(
            UsageRow(
                meter=row.meter,
                account=row.account,
                quantity=row.quantity,
                cost_micros=row.cost_micros,
                model=str(row.detail.get("model", "")),
            )
            for row in usage
        ),
    )


def _effect_line(effect: Effect) -> EffectLine:
    return EffectLine(
        id=effect.pk,
        type=effect.type,
        effect_class=effect.effect_class,
        state=effect.state,
        request=json.loads(effect.request),
        response=effect.response,
        dry_run=effect.dry_run,
        sends=effect.sends,
        sent_at=effect.sent_at,
        risk_class=effect.risk_class,
        reasons=tuple(effect.reasons),
    )


def find_effect(effect_id: UUID) -> EffectView:
    """An outside effect with late answers that came in. Raises ``UnknownEffect``."""
    effect = Effect.objects.filter(pk=effect_id).first()
    if effect is None:
        raise UnknownEffect(detail=str(effect_id))
    return effect_view(effect, effect.evidence.all())


def plan_replay(run_id: UUID, *, from_step: str = "", new_generation: bool = False) -> ReplayPlan:
    """What ``replay_run`` with the same arguments would execute again. Raises what it raises, and changes nothing."""
    view = get_run(run_id)
    if view.state in LIVE:
        raise RunNotRetryable(detail=f"run {run_id} is {view.state}")
    run = Run.objects.select_related("version").get(pk=run_id)
    steps = _latest_attempts(view.steps)
    kept: list[StepView] = []
    if from_step:
        require_rewind(parse(run.version.definition), history_of(run_id), from_step)
        last = max(index for index, step in enumerate(steps) if step.step_id == from_step)
        kept, steps = steps[:last], steps[last:]
    recorded = set(
        Effect.objects.filter(run__key_run_id=run.key_run_id, generation=run.generation, state=EffectState.SUCCEEDED)
        .values_list("path", flat=True)
    )  # fmt: skip
    usual = usual_costs(run.version.workflow_id)
    planned = tuple(
        PlannedStep(
            path=step.path,
            title=step.title,
            type=step.type,
            cost_micros=step.cost_micros if step.state == "succeeded" else usual.get(step.step_id),
            again=_again(step, recorded=step.path in recorded and not new_generation),
        )
        for step in steps
    )
    return ReplayPlan(
        run=view,
        from_step=from_step,
        new_generation=new_generation,
        steps=planned,
        kept=len(kept),
        cost_micros=sum(step.cost_micros or 0 for step in planned if step.again == "sent"),
    )


def usual_costs(workflow_id: UUID) -> dict[str, int]:
    """What a visit of each step of a workflow has cost on average lately, where any ended. One query."""
    rows = StepDay.objects.filter(workflow_id=workflow_id).exclude(step_id="").order_by("-day")[:500]
    sums: dict[str, list[int]] = {}
    for row in rows:
        found = sums.setdefault(row.step_id, [0, 0])
        found[0] += row.cost_micros
        found[1] += row.succeeded
    return {step: round(cost / count) for step, (cost, count) in sums.items() if count}


def _again(step: StepView, *, recorded: bool) -> str:
    handler = step_types.get(step.type) if step.type in step_types else None
    if handler is None or handler.effect is EffectClass.PURE:
        return "nothing"
    return "record" if recorded else "sent"


def _latest_attempts(steps: Iterable[StepView]) -> list[StepView]:
    latest: dict[str, StepView] = {}
    for step in steps:
        latest[step.path] = step
    return list(latest.values())


def list_workflows() -> list[WorkflowRow]:
    """All workflows by name with their latest runs. Four queries, whatever their number."""
    rows = Workflow.objects.select_related("current").annotate(versions_count=Count("versions")).order_by("name", "id")
    found = list(rows)
    with connection.cursor() as cursor:
        cursor.execute(STRIPS, [RECENT, STRIP])
        recent = {row[0]: row[1:] for row in cursor.fetchall()}
        cursor.execute(LIVE_OF)
        live = dict(cursor.fetchall())
    return [
        WorkflowRow(
            id=row.pk,
            slug=row.slug,
            name=row.name,
            version=row.current.number if row.current else 0,
            versions=row.versions_count,
            steps=len(row.current.definition.get("steps", ())) if row.current else 0,
            published_at=row.current.created_at if row.current else None,
            strip=_strip(recent[row.pk][3]) if row.pk in recent else (),
            runs=recent[row.pk][0] if row.pk in recent else 0,
            failed=recent[row.pk][1] if row.pk in recent else 0,
            cost_micros=recent[row.pk][2] if row.pk in recent else 0,
            live=live.get(row.pk, 0),
        )
        for row in found
    ]


def _strip(packed: Sequence[str]) -> tuple[tuple[UUID, str], ...]:
    return tuple((UUID(entry.split()[0]), entry.split()[1]) for entry in reversed(packed))


def get_workflow(slug: str) -> tuple[WorkflowRow, dict[str, Any]]:
    """A workflow with its current definition. Raises ``UnknownWorkflow``."""
    row = next((row for row in list_workflows() if row.slug == slug), None)
    if row is None:
        raise UnknownWorkflow(detail=slug)
    version = WorkflowVersion.objects.filter(workflow_id=row.id, number=row.version).values_list("definition").first()
    return row, dict(version[0]) if version else {}


def list_versions(workflow_id: UUID, *, limit: int = 20) -> list[tuple[int, Any]]:
    """Numbers and moments of a workflow's versions, newest first."""
    rows = WorkflowVersion.objects.filter(workflow_id=workflow_id).order_by("-number")
    return list(rows.values_list("number", "created_at")[:limit])


def list_live_runs(*, limit: int = 50) -> list[RunRow]:
    """Runs that have not ended, newest first."""
    rows: list[RunRow] = []
    for state in LIVE:
        rows += list_runs(state=state, limit=limit)
    return sorted(rows, key=lambda row: row.created_at, reverse=True)[:limit]


def count_live() -> dict[str, int]:
    """Runs that have not ended, by state, zeros included."""
    live = Run.objects.filter(finished_at__isnull=True, what_if__isnull=True)
    counted = dict(live.values_list("state").annotate(n=Count("pk")).order_by())
    return {state.value: counted.get(state.value, 0) for state in LIVE}


def require_run_row(run_id: UUID) -> RunRow:
    """One run's line. Raises ``UnknownRun``."""
    run = Run.objects.select_related("version__workflow").filter(pk=run_id).first()
    if run is None:
        raise UnknownRun(detail=str(run_id))
    return run_row(run)


DAY_FLOWS = """
SELECT r.trigger, w.slug, w.name, r.state, count(*), coalesce(sum(r.cost_micros), 0)::bigint
FROM (SELECT id, trigger, version_id, state, cost_micros, created_at FROM workflows_run WHERE what_if_id IS NULL
      ORDER BY id DESC LIMIT %s) r
JOIN workflows_workflowversion v ON v.id = r.version_id JOIN workflows_workflow w ON w.id = v.workflow_id
WHERE r.created_at > now() - interval '1 day' GROUP BY 1, 2, 3, 4
"""
LIVE_STEPS = """
SELECT w.slug, coalesce(nullif(v.definition #>> ARRAY['steps', s.step_id, 'title'], ''), s.step_id), s.state, count(*)
FROM workflows_run r JOIN workflows_steprun s ON s.run_id = r.id AND s.finished_at IS NULL
JOIN workflows_workflowversion v ON v.id = r.version_id JOIN workflows_workflow w ON w.id = v.workflow_id
WHERE r.finished_at IS NULL AND r.what_if_id IS NULL GROUP BY 1, 2, 3 ORDER BY 4 DESC LIMIT 60
"""


def list_day_flows() -> list[FlowRow]:
    """The last day's runs, among the latest two thousand, by what started them, workflow and state. One query."""
    with connection.cursor() as cursor:
        cursor.execute(DAY_FLOWS, [RECENT])
        return [
            FlowRow(trigger=row[0], workflow=row[1], name=row[2], state=row[3], count=row[4], cost_micros=row[5])
            for row in cursor.fetchall()
        ]


def list_live_steps() -> list[LiveStep]:
    """Where live runs are right now, the busiest steps first. One query."""
    with connection.cursor() as cursor:
        cursor.execute(LIVE_STEPS)
        return [LiveStep(workflow=row[0], title=row[1], state=row[2], count=row[3]) for row in cursor.fetchall()]
