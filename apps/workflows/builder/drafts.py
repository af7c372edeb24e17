"""Opening, changing, undoing and replacing drafts. Each change is one transaction under the draft's lock.

Who sends a change names the revision it was made for. When somebody else was faster nothing is changed and the answer says
what happened meanwhile; sent again with ``on_top`` the same patches are applied to what stands now.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from apps.core.ids import new_id
from apps.live import facade as live
from apps.tenants.facade import current_tenant
from apps.workflows.builder.changes import ChangeDoesNotFit, carry_out, differences, inverted
from apps.workflows.builder.errors import DraftChanged, InvalidPatch, NothingToUndo, UndoDoesNotFit
from apps.workflows.builder.models import ChangeState, DraftChange, WorkflowDraft
from apps.workflows.builder.patches import BLANK, PatchRefused, apply_patches, check_shape
from apps.workflows.core.validate import MAX_BYTES
from apps.workflows.engine.plain_json import UnstorableValue, storable
from apps.workflows.errors import UnknownWorkflow, WorkflowArchived
from apps.workflows.models import Workflow

KEPT_CHANGES = 200
Json = Any


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A draft as it stands. ``based_on`` is the version it grew from, 0 for none."""

    workflow_id: UUID
    slug: str
    name: str
    document: Mapping[str, Json]
    revision: int
    based_on: int
    published: int
    updated_by: int | None
    updated_at: Any
    can_undo: bool = False
    can_redo: bool = False


@dataclass(frozen=True, kw_only=True)
class Meanwhile:
    """One change somebody made after the revision a sender knew."""

    revision: int
    actor_id: int | None
    patches: Sequence[Json]
    made_at: Any


def require_workflow(slug: str, *, archived: bool = True) -> Workflow:
    """The workflow's row with its current version. Raises ``UnknownWorkflow``, or ``WorkflowArchived`` when that matters."""
    row = Workflow.objects.select_related("current").filter(slug=slug[:80]).first()
    if row is None:
        raise UnknownWorkflow(detail=slug[:80])
    if not archived and row.archived_at is not None:
        raise WorkflowArchived(detail=slug)
    return row


def get_draft(*, slug: str, actor_id: int) -> Draft:
    """The draft of a workflow; one that was never changed is its current version. Raises ``UnknownWorkflow``."""
    workflow = require_workflow(slug)
    row = WorkflowDraft.objects.select_related("based_on").filter(pk=workflow.pk).first()
    return _view(workflow, row, actor_id)


def _view(workflow: Workflow, row: WorkflowDraft | None, actor_id: int) -> Draft:
    published = workflow.current.number if workflow.current else 0
    states: set[str] = set()
    if row is not None:
        states = set(row.changes.filter(actor_id=actor_id).values_list("state", flat=True).distinct())
    return Draft(
        workflow_id=workflow.pk,
        slug=workflow.slug,
        name=workflow.name,
        document=row.document if row else _beginning(workflow),
        revision=row.revision if row else 1,
        based_on=row.based_on.number if row and row.based_on else (0 if row else published),
        published=published,
        updated_by=row.updated_by if row else None,
        updated_at=row.updated_at if row else None,
        can_undo=ChangeState.DONE in states,
        can_redo=ChangeState.UNDONE in states,
    )


def _beginning(workflow: Workflow) -> dict[str, Json]:
    return dict(workflow.current.definition) if workflow.current else json.loads(json.dumps(BLANK))


def change_draft(
    *, slug: str, revision: int, patches: Sequence[Json], actor_id: int, batch: UUID | None = None, on_top: bool = False
) -> Draft:
    """Apply patches to revision ``revision`` of the draft, or to what stands now with ``on_top``.

    The same ``batch`` again changes nothing and answers with the draft as it stands. Raises ``InvalidPatch`` (nothing was
    changed), ``DraftChanged``, ``WorkflowArchived``, ``UnknownWorkflow``.
    """

    def patched(document: Mapping[str, Json]) -> dict[str, Json]:
        try:
            return apply_patches(document, patches, rename_taken=on_top)
        except PatchRefused as refusal:
            raise InvalidPatch.of(refusal) from None

    kept = _stored({"patches": patches})["patches"]
    return _change(slug, None if on_top else revision, patched, kept, actor_id, batch)


def replace_document(*, slug: str, document: Json, actor_id: int, reason: str) -> Draft:
    """Put a whole document in the draft's place (import, back to a version); undo takes it back. Raises ``InvalidPatch``."""
    try:
        if not isinstance(document, Mapping):
            raise PatchRefused("bad_shape", "document")
        check_shape(document)
    except PatchRefused as refusal:
        raise InvalidPatch.of(refusal) from None
    return _change(slug, None, lambda _old: dict(document), [{"op": "replace", "reason": reason}], actor_id, None)


def _change(
    slug: str,
    revision: int | None,
    work: Callable[[Mapping[str, Json]], dict[str, Json]],
    patches: list[Json],
    actor_id: int,
    batch: UUID | None,
) -> Draft:
    with transaction.atomic():
        workflow, row = _locked(slug, actor_id)
        if batch is not None and row.changes.filter(batch=batch).exists():
            return _view(workflow, row, actor_id)
        if revision is not None and row.revision != revision:
            raise DraftChanged(detail=f"{slug} is at {row.revision}, sent for {revision}")
        before = row.document
        after = _stored(work(before))
        found = differences(before, after)
        if not found:
            return _view(workflow, row, actor_id)
        row.changes.filter(actor_id=actor_id, state=ChangeState.UNDONE).update(state=ChangeState.UNDO)
        _write(row, after, found, patches, actor_id, batch or new_id(), ChangeState.DONE)
        return _view(workflow, row, actor_id)


def _locked(slug: str, actor_id: int) -> tuple[Workflow, WorkflowDraft]:
    workflow = require_workflow(slug, archived=False)
    WorkflowDraft.objects.get_or_create(
        workflow=workflow,
        defaults={"document": _beginning(workflow), "based_on": workflow.current, "updated_by": actor_id},
    )
    row = WorkflowDraft.objects.select_for_update(of=("self",)).select_related("based_on").get(pk=workflow.pk)
    return workflow, row


def _stored(document: Mapping[str, Json]) -> dict[str, Json]:
    try:
        text = storable(document, limit=MAX_BYTES)
    except UnstorableValue as problem:
        code = "too_large" if problem.code == "output_too_large" else "bad_shape"
        raise InvalidPatch.of(PatchRefused(code, "document")) from None
    stored: dict[str, Json] = json.loads(text)
    return stored


def _write(
    row: WorkflowDraft,
    after: dict[str, Json],
    found: list[dict[str, Json]],
    patches: list[Json],
    actor_id: int,
    batch: UUID,
    state: ChangeState,
) -> None:
    row.document, row.revision, row.updated_by = after, row.revision + 1, actor_id
    row.updated_at = Now()
    row.save(update_fields=["document", "revision", "updated_by", "updated_at"])
    row.changes.create(
        revision=row.revision, batch=batch, patches=patches, changes=found, state=state, actor_id=actor_id
    )
    row.changes.filter(revision__lte=row.revision - KEPT_CHANGES).delete()
    live.changed(tenant_id=current_tenant().id, topics=[f"draft:{row.pk}"])


def undo(*, slug: str, actor_id: int) -> Draft:
    """Take one's own latest standing change back. Raises ``NothingToUndo``, ``UndoDoesNotFit``."""
    return _step_back(slug, actor_id, ChangeState.DONE, ChangeState.UNDONE, newest_first=True)


def redo(*, slug: str, actor_id: int) -> Draft:
    """Make one's own change that was taken back last again. Raises ``NothingToUndo``, ``UndoDoesNotFit``."""
    return _step_back(slug, actor_id, ChangeState.UNDONE, ChangeState.DONE, newest_first=False)


def _step_back(slug: str, actor_id: int, having: ChangeState, becoming: ChangeState, *, newest_first: bool) -> Draft:
    with transaction.atomic():
        workflow, row = _locked(slug, actor_id)
        order = "-revision" if newest_first else "revision"
        change = row.changes.filter(actor_id=actor_id, state=having).order_by(order).first()
        if change is None:
            raise NothingToUndo(detail=slug)
        wanted = inverted(change.changes) if having is ChangeState.DONE else change.changes
        try:
            after = carry_out(row.document, wanted)
            check_shape(after)
        except (ChangeDoesNotFit, PatchRefused) as problem:
            raise UndoDoesNotFit(detail=str(problem)) from None
        change.state = becoming
        change.save(update_fields=["state"])
        op = "undo" if having is ChangeState.DONE else "redo"
        patches = [{"op": op, "revision": change.revision, "of": change.patches}]
        _write(row, after, wanted, patches, actor_id, new_id(), ChangeState.UNDO)
        return _view(workflow, row, actor_id)


def list_meanwhile(*, slug: str, revision: int) -> list[Meanwhile]:
    """What happened to a draft after ``revision``, oldest first."""
    rows = DraftChange.objects.filter(draft__workflow__slug=slug, revision__gt=revision).order_by("revision")
    return [
        Meanwhile(revision=row.revision, actor_id=row.actor_id, patches=row.patches, made_at=row.made_at)
        for row in rows[:KEPT_CHANGES]
    ]


def settle_draft(*, workflow: Workflow) -> None:
    """The draft was published: it now grows from the workflow's current version."""
    WorkflowDraft.objects.filter(pk=workflow.pk).update(based_on=workflow.current)
