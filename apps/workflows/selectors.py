"""Reads of workflows for the portal and other apps."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.db.models.lookups import EndsWith, StartsWith

from apps.workflows.contracts import EffectView, RunError, RunRow, RunView, StepView
from apps.workflows.core.state import Phase, from_json
from apps.workflows.enums import EffectState, StepState
from apps.workflows.errors import UnknownRun
from apps.workflows.models import Effect, HeldCancel, Run, StepRun
from apps.workflows.registries import step_types, subjects

LIST_LIMIT = 200
SEARCHED_AT_ONCE = 20_000
PART_OF_ID = re.compile(r"[0-9a-fA-F-]{4,36}")


def get_run(run_id: UUID) -> RunView:
    """One run with its history, oldest step first. Raises ``UnknownRun``."""
    run = Run.objects.select_related("version__workflow", "what_if").filter(pk=run_id).first()
    if run is None:
        raise UnknownRun(detail=str(run_id))
    definition = run.what_if.definition if run.what_if else run.version.definition
    titles = {step_id: body.get("title", "") for step_id, body in definition["steps"].items()}
    steps = StepRun.objects.filter(run_id=run_id).order_by("seq")
    waits = [token for token in from_json(run.cursor).tokens if token.phase is Phase.WAITING]
    return RunView(
        **_row(run),
        inputs=run.inputs,
        outputs=run.outputs,
        revision=run.revision,
        replay_of=run.replay_of,
        waiting_for=tuple(token.event for token in waits),
        waiting_at=tuple(token.path for token in waits),
        steps=tuple(step_view(step, titles.get(step.step_id, "")) for step in steps),
    )


def cancelled_by(run_id: UUID) -> int | None:
    """Who has just cancelled a run that may still be let go on; None when nobody has."""
    return HeldCancel.objects.filter(run_id=run_id).values_list("decided_by", flat=True).first()


def list_runs(
    *,
    workflow: str | None = None,
    state: str | None = None,
    trigger: str | None = None,
    subject_kind: str | None = None,
    subject_id: str | None = None,
    before: UUID | None = None,
    search: str = "",
    limit: int = 50,
) -> list[RunRow]:
    """Runs, newest first, at most 200. ``before`` is the last id of the previous page. One query, and one per sort of subject
    for a ``search`` by workflow, by what a run works for, or by the beginning or end of its id.

    A search looks at the ``SEARCHED_AT_ONCE`` runs before ``before``: see ``older_than_searched``.
    """
    runs = Run.objects.select_related("version__workflow").filter(what_if__isnull=True)
    runs = runs.defer("inputs", "cursor", "outputs", "version__definition")
    if workflow is not None:
        runs = runs.filter(version__workflow__slug=workflow)
    if state is not None:
        runs = runs.filter(state=state)
    if trigger is not None:
        runs = runs.filter(trigger=trigger)
    if subject_kind is not None:
        runs = runs.filter(subject_kind=subject_kind)
    if subject_id is not None:
        runs = runs.filter(subject_id=subject_id)
    if before is not None:
        runs = runs.filter(pk__lt=before)
    if words := search.replace("\x00", "").strip()[:100]:
        runs = runs.filter(_named(words), pk__in=_window(before).values("pk")[:SEARCHED_AT_ONCE])
    return [run_row(run) for run in runs.order_by("-pk")[: max(1, min(limit, LIST_LIMIT))]]


def older_than_searched(before: UUID | None) -> UUID | None:
    """Where a search goes on that has looked at the runs before ``before``; None when it has seen them all."""
    return _window(before).values_list("pk", flat=True)[SEARCHED_AT_ONCE - 1 : SEARCHED_AT_ONCE].first()


def _window(before: UUID | None) -> QuerySet[Run]:
    runs = Run.objects.order_by("-pk")
    return runs if before is None else runs.filter(pk__lt=before)


def _named(words: str) -> Q:
    found = Q(version__workflow__name__icontains=words)
    for subject in subjects:
        if subject.search is not None:
            found |= Q(subject_kind=subject.kind, subject_id__in=subject.search(words, LIST_LIMIT))
    if PART_OF_ID.fullmatch(words):
        text = Cast("pk", TextField())
        found |= Q(StartsWith(text, Value(words.lower()))) | Q(EndsWith(text, Value(words.lower())))
    return found


def list_effects_in_review(*, limit: int = 100) -> list[EffectView]:
    """Outside effects whose outcome nobody could tell, oldest first, with late answers that came in."""
    effects = Effect.objects.filter(state=EffectState.REVIEW).order_by("sent_at").prefetch_related("evidence")[:limit]
    return [effect_view(effect, effect.evidence.all()) for effect in effects]


def effect_view(effect: Effect, evidence: Iterable[Any]) -> EffectView:
    """The contract of one effect row."""
    import json

    return EffectView(
        id=effect.pk,
        run_id=effect.run_id,
        path=effect.path,
        type=effect.type,
        effect_class=effect.effect_class,
        state=effect.state,
        request=json.loads(effect.request),
        sent_at=effect.sent_at,
        evidence=tuple(
            {"outcome": item.outcome, "response": item.response, "received_at": item.received_at.isoformat()}
            for item in evidence
        ),
    )


def _row(run: Run) -> dict[str, Any]:
    return {
        "id": run.pk,
        "workflow": run.version.workflow.slug,
        "workflow_name": run.version.workflow.name,
        "version": run.version.number,
        "state": run.state,
        "subject_kind": run.subject_kind,
        "subject_id": run.subject_id,
        "trigger": run.trigger,
        "cost_micros": run.cost_micros,
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "error": _error(run.error),
    }


def run_row(run: Run) -> RunRow:
    """A run as a line of a list; its version and workflow must be loaded."""
    return RunRow(**_row(run))


def step_view(step: StepRun, title: str) -> StepView:
    """One attempt as others see it."""
    return StepView(
        path=step.path,
        step_id=step.step_id,
        type=step.type,
        title=title or step.step_id,
        state=step.state,
        attempt=step.attempt,
        started_at=step.started_at,
        finished_at=step.finished_at,
        summary=_said(step),
        output=step.output,
        error=_error(step.error),
        cost_micros=step.cost_micros,
        model=step.model,
    )


def _said(step: StepRun) -> str:
    if step.state != StepState.SUCCEEDED or not isinstance(step.output, dict) or step.type not in step_types:
        return step.summary
    return step_types.get(step.type).summary(step.output) or step.summary


def _error(stored: Mapping[str, str] | None) -> RunError | None:
    if not stored:
        return None
    return RunError(code=stored.get("code", ""), message=stored.get("message", ""), path=stored.get("path", ""))
