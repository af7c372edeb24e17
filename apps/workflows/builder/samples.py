"""Outputs of steps that are known: pinned by a person for trying out, or seen in the latest runs."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.workflows.builder.models import StepSample
from apps.workflows.engine.plain_json import UnstorableValue, storable
from apps.workflows.enums import StepState
from apps.workflows.models import Run, StepRun

Json = Any
MAX_SAMPLE = 64_000
RUNS_LOOKED_AT = 10


def pinned(workflow_id: UUID) -> dict[str, Json]:
    """Pinned outputs by step."""
    return dict(StepSample.objects.filter(workflow_id=workflow_id).values_list("step_id", "output"))


def seen(workflow_id: UUID) -> dict[str, Json]:
    """The latest output of each step among the latest runs, by step; the inputs of the latest run under the empty name."""
    latest = Run.objects.filter(version__workflow_id=workflow_id).order_by("-pk").values_list("pk", "inputs")
    runs = list(latest[:RUNS_LOOKED_AT])
    rows = StepRun.objects.filter(run_id__in=[run for run, _inputs in runs], state=StepState.SUCCEEDED)
    given: dict[str, Json] = {"": runs[0][1]} if runs else {}
    return given | dict(rows.order_by("run_id", "seq").values_list("step_id", "output"))


def known_outputs(workflow_id: UUID) -> dict[str, Json]:
    """What is seen, and over it what is pinned."""
    return seen(workflow_id) | pinned(workflow_id)


def pin(*, workflow_id: UUID, step_id: str, text: str, actor_id: int) -> None:
    """Use this JSON object as the step's output in tests. Raises ``InvalidInput`` naming ``output``."""
    try:
        output = json.loads(text)
        kept = json.loads(storable(output, limit=MAX_SAMPLE))
    except (ValueError, RecursionError, UnstorableValue) as problem:
        raise InvalidInput(fields={"output": _("Write JSON of at most 64 KB.")}, detail=str(problem)) from None
    if not isinstance(kept, Mapping):
        raise InvalidInput(fields={"output": _("The output of a step is an object: {…}.")})
    StepSample.objects.update_or_create(
        workflow_id=workflow_id,
        step_id=step_id[:60],
        defaults={"output": kept, "updated_by": actor_id, "updated_at": Now()},
    )


def unpin(*, workflow_id: UUID, step_id: str) -> None:
    """Do the step again in tests. Twice is fine."""
    StepSample.objects.filter(workflow_id=workflow_id, step_id=step_id[:60]).delete()
