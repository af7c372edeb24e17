"""Versions of a workflow: publishing, listing, comparing, rolling back. What was published never changes."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, Q
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.workflows.contracts import VersionChangeView, VersionDiff, VersionView
from apps.workflows.core.definition import content_hash
from apps.workflows.differences import compare_definitions
from apps.workflows.enums import VersionChangeKind
from apps.workflows.errors import UnknownVersion, UnknownWorkflow, VersionMoved, WorkflowArchived
from apps.workflows.models import VersionChange, Workflow, WorkflowVersion
from apps.workflows.services.secrets import hold_secrets
from apps.workflows.triggers.syncing import sync as sync_triggers

MAX_NOTE = 500


def publish_workflow(
    *,
    workflow: str,
    definition: Mapping[str, Any],
    user_id: int | None = None,
    note: str = "",
    based_on: int | None = None,
) -> VersionView:
    """Check a definition, keep it as a version for good and make it the current one.

    The same content as an earlier version makes that one current again. ``based_on`` is the number the author started from: when
    another has become current since, nothing is published. Runs keep the version they began with. Raises ``InvalidDefinition``
    with one field per mistake, ``UnknownWorkflow``, ``WorkflowArchived``, ``VersionMoved``, ``InvalidInput`` (note).
    """
    from apps.workflows.services.definitions import require_valid

    _require_note(note)
    require_valid(definition, slug=workflow)
    with transaction.atomic():
        row = _locked(workflow)
        if based_on is not None and (row.current.number if row.current else 0) != based_on:
            raise VersionMoved(detail=f"{workflow} is not at {based_on} any more")
        version = version_for(row, definition, user_id=user_id, note=note)
        make_current(row, version, user_id=user_id, note=note)
    return get_version(workflow=workflow, number=version.number)


def rollback_workflow(*, workflow: str, number: int, user_id: int | None = None, note: str = "") -> VersionView:
    """Make an older version the current one again: graph, settings and triggers as they were. Running runs keep theirs.

    Recorded as an event of its own. Rolling back to the current version changes nothing. Raises ``UnknownWorkflow``,
    ``UnknownVersion``, ``WorkflowArchived``, ``SecretMissing``, ``InvalidInput`` (note).
    """
    _require_note(note)
    with transaction.atomic():
        row = _locked(workflow)
        version = WorkflowVersion.objects.filter(workflow=row, number=number).first()
        if version is None:
            raise UnknownVersion(detail=f"{workflow} has no version {number}")
        make_current(row, version, user_id=user_id, note=note, kind=VersionChangeKind.ROLLED_BACK)
    return get_version(workflow=workflow, number=number)


def list_versions(*, workflow: str, before: int | None = None, limit: int = 50) -> list[VersionView]:
    """Versions, newest first, below number ``before``. Two queries. Raises ``UnknownWorkflow``."""
    rows = _versions(workflow)
    if before is not None:
        rows = rows.filter(number__lt=before)
    return [_view(row) for row in rows.order_by("-number")[: max(1, min(limit, 200))]]


def get_version(*, workflow: str, number: int) -> VersionView:
    """One version. Raises ``UnknownWorkflow``, ``UnknownVersion``."""
    row = _versions(workflow).filter(number=number).first()
    if row is None:
        raise UnknownVersion(detail=f"{workflow} has no version {number}")
    return _view(row)


def list_version_changes(*, workflow: str, limit: int = 100) -> list[VersionChangeView]:
    """Which version became current when, by whom and why, newest first. Raises ``UnknownWorkflow``."""
    rows = VersionChange.objects.filter(workflow_id=_id_of(workflow)).select_related("version", "previous")
    return [
        VersionChangeView(
            number=row.version.number,
            previous=row.previous.number if row.previous else None,
            kind=row.kind,
            user_id=row.user_id,
            note=row.note,
            at=row.at,
        )
        for row in rows.order_by("-at", "-id")[: max(1, min(limit, 500))]
    ]


def diff_versions(*, workflow: str, old: int, new: int) -> VersionDiff:
    """What changed from version ``old`` to version ``new``, in words and as marks for the canvas.

    Raises ``UnknownWorkflow``, ``UnknownVersion``.
    """
    found = [get_version(workflow=workflow, number=number).definition for number in (old, new)]
    return compare_definitions(*found)


def version_for(
    workflow: Workflow, definition: Mapping[str, Any], *, user_id: int | None = None, note: str = ""
) -> WorkflowVersion:
    """The version with this content, made where there is none. The workflow's row is locked."""
    digest = content_hash(definition)
    found = WorkflowVersion.objects.filter(workflow=workflow, content_hash=digest).first()
    if found is not None:
        return found
    last = WorkflowVersion.objects.filter(workflow=workflow).aggregate(last=Max("number"))["last"] or 0
    return WorkflowVersion.objects.create(
        workflow=workflow,
        number=last + 1,
        definition=definition,
        content_hash=digest,
        created_by=user_id,
        note=note.strip(),
    )


def make_current(
    workflow: Workflow,
    version: WorkflowVersion,
    *,
    user_id: int | None = None,
    note: str = "",
    kind: VersionChangeKind = VersionChangeKind.PUBLISHED,
) -> None:
    """Let new runs start with this version and put it on record; nothing happens when it is current already.

    Raises ``SecretMissing`` when a secret it names was deleted meanwhile, which an old version may well have outlived."""
    if workflow.current_id == version.pk:
        return
    hold_secrets(version.definition)
    previous, workflow.current = workflow.current_id, version
    workflow.save(update_fields=["current"])
    sync_triggers(workflow, version)
    VersionChange.objects.create(
        workflow=workflow, version=version, previous_id=previous, kind=kind, user_id=user_id, note=note.strip()
    )


def _locked(slug: str) -> Workflow:
    row = Workflow.objects.select_for_update(of=("self",)).select_related("current").filter(slug=slug).first()
    if row is None:
        raise UnknownWorkflow(detail=slug)
    if row.archived_at is not None:
        raise WorkflowArchived(detail=slug)
    return row


def _id_of(slug: str) -> Any:
    found = Workflow.objects.filter(slug=slug).values_list("pk", flat=True).first()
    if found is None:
        raise UnknownWorkflow(detail=slug)
    return found


def _versions(slug: str) -> Any:
    live = Q(runs__finished_at__isnull=True, runs__isnull=False)
    return (
        WorkflowVersion.objects.filter(workflow_id=_id_of(slug))
        .select_related("workflow")
        .annotate(run_count=Count("runs"), live_count=Count("runs", filter=live))
    )


def _view(row: Any) -> VersionView:
    return VersionView(
        id=row.pk,
        number=row.number,
        definition=row.definition,
        content_hash=row.content_hash,
        note=row.note,
        created_by=row.created_by,
        published_at=row.created_at,
        current=row.workflow.current_id == row.pk,
        runs=row.run_count,
        live=row.live_count,
    )


def _require_note(note: str) -> None:
    if len(note) > MAX_NOTE or "\x00" in note:
        raise InvalidInput(fields={"note": _("At most 500 characters.")})


__all__ = [
    "diff_versions",
    "get_version",
    "list_version_changes",
    "list_versions",
    "make_current",
    "publish_workflow",
    "rollback_workflow",
    "version_for",
]
