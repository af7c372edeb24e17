"""Runs started by a step of another run: one, or one for each item of a list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F
from django.utils.translation import gettext as _

from apps.core.errors import InvalidInput
from apps.core.ids import new_id
from apps.dispatch.enums import Queue
from apps.workflows.core.effects import request_digest
from apps.workflows.enums import RunState
from apps.workflows.errors import UnknownWorkflow
from apps.workflows.faultpoints import reach
from apps.workflows.models import Run, WorkflowVersion
from apps.workflows.services.recovery import retry_run
from apps.workflows.services.runs import checked_inputs, create_run, is_live

MAX_DEPTH = 5
MAX_ITEMS = 1000


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a step wants run: ``inputs`` of each child in order, ``at_once`` of them side by side.

    ``key`` makes the children's idempotency keys: a replayed parent's children answer from the record of the original's.
    """

    parent_id: UUID
    path: str
    attempt: int
    key: str
    workflow: str
    version: int | None
    inputs: Sequence[Mapping[str, Any]]
    at_once: int
    stop_on_failure: bool


@dataclass(frozen=True, kw_only=True)
class Child:
    """A child as its parent sees it; ``error`` None unless it failed or was cancelled."""

    run_id: UUID
    index: int
    state: str
    output: Any
    error: Mapping[str, str] | None


def advance(wanted: Wanted, *, retrying: bool) -> tuple[Child, ...] | None:
    """Start what may be started now. The ended children in order once nothing is left to wait for, else None.

    ``retrying`` is true at the beginning of an attempt: children that failed are then tried again where they stopped. With
    ``stop_on_failure`` none is started after one has failed. Raises ``UnknownWorkflow``, ``InvalidRunInput``, ``InvalidInput``
    (too deep, a circle of calls).
    """
    rows = {row.parent_index: row for row in _children(wanted)}
    if retrying:
        _try_again(wanted, list(rows.values()))
        rows = {row.parent_index: row for row in _children(wanted)}
    live = sum(is_live(row.state) for row in rows.values())
    failed = any(row.state == RunState.FAILED for row in rows.values())
    missing = [index for index in range(len(wanted.inputs)) if index not in rows]
    if wanted.stop_on_failure and failed:
        missing = []
    starting = missing[: max(0, wanted.at_once - live)]
    if starting:
        _start(wanted, starting, version_id=next((row.version_id for row in rows.values()), None))
    if live or starting:
        return None
    return tuple(
        Child(run_id=row.pk, index=index, state=row.state, output=row.outputs, error=row.error)
        for index, row in sorted(rows.items())
    )


def _children(wanted: Wanted) -> Any:
    rows = Run.objects.filter(parent_id=wanted.parent_id, parent_path=wanted.path)
    # Of an item that was cancelled and begun again the later run counts: it comes later and takes the place.
    return rows.only("id", "parent_index", "state", "outputs", "error", "version_id").order_by("created_at", "id")


def _try_again(wanted: Wanted, rows: Sequence[Run]) -> None:
    mine = Run.objects.filter(parent_id=wanted.parent_id, parent_path=wanted.path)
    mine.exclude(state__in=[RunState.SUCCEEDED, RunState.CANCELLED]).update(parent_attempt=wanted.attempt)
    cancelled = [row.parent_index for row in rows if row.state == RunState.CANCELLED]
    if cancelled:
        _start(wanted, cancelled, version_id=rows[0].version_id)
    for row in rows:
        if row.state == RunState.FAILED:
            retry_run(run_id=row.pk)


def _start(wanted: Wanted, indexes: Sequence[int], *, version_id: UUID | None) -> None:
    parent = Run.objects.only("depth", "parent_id", "queue", "priority", "version_id").get(pk=wanted.parent_id)
    version = _version(wanted, version_id)
    _require_no_circle(parent, version)
    for index in indexes:
        inputs = checked_inputs(version.definition, wanted.inputs[index])
        create_run(
            run_id=new_id(),
            version_id=version.pk,
            inputs=inputs,
            queue=Queue(parent.queue),
            priority=parent.priority,
            trigger="workflow",
            key_run_id=UUID(request_digest(f"{wanted.key}/{index}")[:32]),
            parent_id=wanted.parent_id,
            parent_path=wanted.path,
            parent_index=index,
            parent_attempt=wanted.attempt,
            depth=parent.depth + 1,
        )
    reach("children.started")


def _version(wanted: Wanted, version_id: UUID | None) -> WorkflowVersion:
    """All children of one visit have the version the first began with."""
    rows = WorkflowVersion.objects.select_related("workflow")
    if version_id is not None:
        return rows.get(pk=version_id)
    rows = rows.filter(workflow__slug=wanted.workflow, workflow__archived_at__isnull=True)
    found = (
        rows.filter(number=wanted.version) if wanted.version else rows.filter(workflow__current_id=F("pk"))
    ).first()
    if found is None:
        raise UnknownWorkflow(detail=f"no published workflow {wanted.workflow!r}")
    return found


def _require_no_circle(parent: Run, version: WorkflowVersion) -> None:
    if parent.depth + 1 > MAX_DEPTH:
        raise InvalidInput(_("Workflows call each other more than %(most)s deep."), most=MAX_DEPTH)
    above: Run | None = parent
    while above is not None:
        if above.version.workflow_id == version.workflow_id:
            raise InvalidInput(_("This workflow is running above already: it would call itself for ever."))
        above = Run.objects.filter(pk=above.parent_id).first() if above.parent_id else None
