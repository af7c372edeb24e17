"""Taking a request: one transaction that makes the task, its number and its run, or nothing at all."""

import contextlib
import secrets
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

from django.core.files.base import File
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from apps.tasks import intake, media, storage
from apps.tasks.contracts import NewAttachment, TaskView
from apps.tasks.enums import EventKind, MediaKind, TaskSource, TaskState
from apps.tasks.errors import (
    IdempotencyKeyReused,
    InvalidRequest,
    MediaRefused,
    UnknownTaskType,
)
from apps.tasks.models import Attachment, Task, TaskType
from apps.tasks.selectors import get_task
from apps.tasks.services import defaults, recording, starting
from apps.tenants import facade as tenants

LIMIT = "tasks_per_month"
KEY_CONSTRAINT = "tasks_task_idempotency_key_once"
NEXT_NUMBER = """
    INSERT INTO tasks_taskcounter AS counter (id, last_number) VALUES (1, 1)
    ON CONFLICT (id) DO UPDATE SET last_number = counter.last_number + 1 RETURNING last_number
"""


def submit_task(
    *,
    source: str,
    title: str,
    body: str,
    task_type: str = "other",
    priority: str = "normal",
    due_on: date | str | None = None,
    qa_target: int | None = None,
    attachments: Sequence[NewAttachment] = (),
    requested_by: int | None = None,
    client: str = "",
    source_ref: Mapping[str, Any] = intake.NOTHING,
    idempotency_key: str = "",
) -> TaskView:
    """Accept a request and start its run; nothing is stored, and nothing spent, unless all of it can be accepted.

    A second call with the same source, person and ``idempotency_key`` returns the first one's task. Raises
    ``InvalidRequest``, ``UnknownTaskType``, ``MediaRefused``, ``IdempotencyKeyReused``, ``PlanLimitReached``.
    """
    request = intake.check(
        source=source,
        title=title,
        body=body,
        task_type=task_type,
        priority=priority,
        due_on=due_on,
        qa_target=qa_target,
        requested_by=requested_by,
        client=client,
        source_ref=source_ref,
        idempotency_key=idempotency_key,
    )
    kind = find_type(request.task_type)
    files = inspect_files(attachments)
    _require_readable_length(request, files)
    digest = request.content_hash([found.sha256 for found in files])
    known = _known_request(request, digest)
    if known is not None:
        return known
    with _stored(attachments) as paths:
        try:
            with transaction.atomic():
                task = _accept(request, kind=kind, digest=digest)
                _attach(task, files, paths)
                starting.start(task)
        except IntegrityError as error:
            if KEY_CONSTRAINT not in str(error):
                raise
            _forget_files(paths)
            winner = _known_request(request, digest)
            if winner is None:
                raise
            return winner
    return get_task(task.id)


def record_refusal(
    *,
    source: TaskSource,
    title: str,
    body: str,
    task_type: str,
    error_code: str,
    error: str,
    source_ref: Mapping[str, Any],
    idempotency_key: str = "",
    client: str = "",
) -> Task:
    """Keep a request that cannot be accepted as a failed task, so that its owner sees what to correct.

    Texts are cut to what fits; nothing runs, nothing is spent, the plan's count does not rise. Inside the caller's transaction.
    """
    kind = TaskType.objects.filter(slug=task_type).first() or find_type("other")
    task = Task.objects.create(
        number=_next_number(),
        title=intake.cleaned(title)[: intake.MAX_TITLE] or _("Untitled request"),
        body=intake.cleaned(body)[: intake.MAX_BODY],
        type=kind,
        target=kind.threshold,
        source=source,
        source_ref=dict(source_ref),
        client=client[: intake.MAX_CLIENT],
        state=TaskState.FAILED,
        error_code=error_code,
        error=error,
        finished_at=Now(),
        idempotency_key=idempotency_key,
    )
    task.refresh_from_db()
    recording.note(task, event=EventKind.REFUSED, detail=error)
    recording.announce(task, before="")
    return task


def find_type(slug: str) -> TaskType:
    """An active type. The built-in ones are put in place when they are missing. Raises ``UnknownTaskType``."""
    kind: TaskType | None = TaskType.objects.filter(slug=slug).first()
    if kind is None and defaults.install():
        kind = TaskType.objects.filter(slug=slug).first()
    if kind is None or not kind.is_active:
        known = ", ".join(TaskType.objects.active().order_by("id").values_list("slug", flat=True))
        raise UnknownTaskType(
            slug=slug, known=known, fields={"task_type": _("Use one of: %(known)s.") % {"known": known}}
        )
    return kind


def inspect_files(attachments: Sequence[NewAttachment]) -> list[media.Inspected]:
    """Every file checked by its bytes, within the product's limits and the plan's room. Raises ``MediaRefused``."""
    if len(attachments) > media.MAX_FILES:
        raise MediaRefused(fields={"attachments": _("At most %(limit)d files.") % {"limit": media.MAX_FILES}})
    files = [media.inspect(name=entry.name, file=entry.file, limits=media.MediaLimits()) for entry in attachments]
    _require_storage(files)
    return files


def _require_storage(files: Sequence[media.Inspected]) -> None:
    """The plan's room for files, old and new. Raises ``PlanLimitReached``."""
    if files:
        stored = Attachment.objects.aggregate(total=Sum("size"))["total"] or 0
        adding = sum(found.size for found in files)
        tenants.require_capacity("storage_mb", used=stored // media.MB, adding=-(-adding // media.MB))


def _require_readable_length(request: intake.Request, files: Sequence[media.Inspected]) -> None:
    total = len(request.body) + sum(len(found.text) for found in files)
    if total > intake.MAX_SOURCE_CHARS:
        raise InvalidRequest(
            fields={
                "attachments": _(
                    "Text and files together have %(length)d characters, the limit is %(limit)d. Send them as several tasks."
                )
                % {"length": total, "limit": intake.MAX_SOURCE_CHARS}
            }
        )


def _known_request(request: intake.Request, digest: str) -> TaskView | None:
    if not request.stored_key:
        return None
    row = Task.objects.filter(idempotency_key=request.stored_key).values("id", "request_hash").first()
    if row is None:
        return None
    if row["request_hash"] != digest:
        raise IdempotencyKeyReused
    return get_task(row["id"])


def _accept(request: intake.Request, *, kind: TaskType, digest: str) -> Task:
    tenants.count_usage(LIMIT)
    task = Task.objects.create(
        number=_next_number(),
        title=request.title,
        body=request.body,
        type=kind,
        source=request.source,
        source_ref=dict(request.source_ref),
        requested_by=request.requested_by,
        client=request.client,
        priority=request.priority,
        due_on=request.due_on,
        qa_target=request.qa_target,
        target=request.qa_target or kind.threshold,
        idempotency_key=request.stored_key,
        request_hash=digest,
        workflow=kind.workflow,
    )
    recording.note(task, event=EventKind.SUBMITTED, actor_id=request.requested_by)
    recording.announce(task, before="")
    return task


def _next_number() -> int:
    """The next number; the counter then stays locked until the caller's transaction ends, so there are no gaps."""
    with connection.cursor() as cursor:
        cursor.execute(NEXT_NUMBER)
        return int(cursor.fetchone()[0])


def _attach(task: Task, files: Sequence[media.Inspected], paths: Sequence[str]) -> None:
    Attachment.objects.bulk_create(
        Attachment(
            task=task,
            name=found.name,
            kind=MediaKind(found.kind),
            media_type=found.media_type,
            size=found.size,
            duration_s=found.duration_s,
            sha256=found.sha256,
            text=found.text,
            path=path,
        )
        for found, path in zip(files, paths, strict=True)
    )


@contextlib.contextmanager
def _stored(attachments: Sequence[NewAttachment]) -> Iterator[list[str]]:
    """Files written under random names in the tenant's folder; removed again when the block fails."""
    paths: list[str] = []
    try:
        for entry in attachments:
            entry.file.seek(0)
            paths.append(storage.files.save(f"{storage.FOLDER}/{secrets.token_hex(16)}", File(entry.file)))
        yield paths
    except BaseException:
        _forget_files(paths)
        raise


def _forget_files(paths: Sequence[str]) -> None:
    for path in paths:
        storage.files.delete(path)
