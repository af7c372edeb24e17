"""What a run of a draft would probably cost, from what its steps have cost so far."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Avg, Count

from apps.workflows.builder import graph
from apps.workflows.builder.palette import Kind, title_of
from apps.workflows.enums import EffectClass, StepState
from apps.workflows.models import StepRun

Json = Any
RECENT = 5_000


@dataclass(frozen=True, kw_only=True)
class StepEstimate:
    """One step: ``micros`` is None where nothing is known; ``effect`` is its effect class."""

    step: str
    title: str
    effect: str
    micros: int | None


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Each step once. ``unknown`` counts steps that may cost something nobody knows yet."""

    steps: tuple[StepEstimate, ...]
    micros: int
    unknown: int


def estimate(document: Mapping[str, Json], workflow_id: UUID, kinds: Mapping[str, Kind]) -> Estimate:
    """The average of the same step in this workflow, else of its kind anywhere; steps without outside effect cost nothing."""
    recent = StepRun.objects.filter(state=StepState.SUCCEEDED).order_by("-run_id").values("pk")[:RECENT]
    done = StepRun.objects.filter(pk__in=recent).order_by()
    own = dict(
        done.filter(run__version__workflow_id=workflow_id).values_list("step_id").annotate(mean=Avg("cost_micros"))
    )
    anywhere = {
        kind: mean for kind, mean, _n in done.values_list("type").annotate(mean=Avg("cost_micros"), n=Count("seq"))
    }
    rows = []
    for step_id in graph.in_reading_order(document):
        body = document["steps"][step_id]
        kind = kinds.get(str(body.get("type")))
        effect = kind.effect if kind else ""
        mean = own.get(step_id, anywhere.get(str(body.get("type"))))
        free = effect in ("control", EffectClass.PURE)
        micros = round(mean) if mean is not None else 0 if free else None
        rows.append(StepEstimate(step=step_id, title=title_of(step_id, body, kinds), effect=effect, micros=micros))
    return Estimate(
        steps=tuple(rows), micros=sum(row.micros or 0 for row in rows), unknown=sum(row.micros is None for row in rows)
    )
