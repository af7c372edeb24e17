"""Turns rows into the frozen values other apps see."""

from collections.abc import Sequence

from apps.tasks.contracts import (
    AttachmentView,
    EventView,
    ReviewView,
    TaskRow,
    TaskTypeView,
    TaskView,
)
from apps.tasks.enums import EventKind, TaskSource
from apps.tasks.models import (
    Attachment,
    NotionRow,
    ReviewItem,
    Task,
    TaskEvent,
    TaskType,
)


def task_row(task: Task) -> TaskRow:
    """One line of a list; the task's type must be loaded."""
    return TaskRow(**_row_values(task))


def _row_values(task: Task) -> dict[str, object]:
    return {
        "id": task.id,
        "number": task.number,
        "title": task.title,
        "task_type": task.type.slug,
        "type_name": task.type.name,
        "state": task.state,
        "priority": task.priority,
        "source": task.source,
        "score": task.score,
        "target": task.target,
        "cost_micros": task.cost_micros,
        "created_at": task.created_at,
        "finished_at": task.finished_at,
    }


def task_view(
    task: Task,
    *,
    attachments: Sequence[Attachment] = (),
    events: Sequence[TaskEvent] = (),
    review: ReviewItem | None = None,
    notion_row: NotionRow | None = None,
) -> TaskView:
    """The whole task."""
    return TaskView(
        **_row_values(task),
        body=task.body,
        client=task.client,
        due_on=task.due_on,
        requested_by=task.requested_by,
        source_ref=dict(task.source_ref),
        started_at=task.started_at,
        draft=task.draft,
        result=task.result,
        error_code=task.error_code,
        error=task.error,
        criteria=list(task.criteria),
        checks=list(task.checks),
        reasons=task.reasons,
        spread=task.spread,
        votes=task.votes,
        revisions=task.revisions,
        attempt=task.attempt,
        tokens=task.tokens,
        model=task.model,
        prompt_version=task.prompt_version,
        workflow=task.workflow,
        workflow_version=task.workflow_version,
        revision=task.revision,
        run_id=task.run_id,
        review=review_view(review) if review else None,
        attachments=[attachment_view(row) for row in attachments],
        events=[event_view(row) for row in events],
        notion_url=notion_row.url
        if notion_row
        else str(task.source_ref.get("url", ""))
        if task.source == TaskSource.NOTION
        else "",
    )


def review_view(item: ReviewItem) -> ReviewView:
    """An answer that waits, or waited, for a person."""
    held = getattr(item, "held", None)
    return ReviewView(
        id=item.id,
        task_id=item.task_id,
        reason=item.reason,
        why=item.why,
        answer=item.answer,
        state=item.state,
        decision=item.decision,
        edited_text=item.edited_text,
        note=item.note,
        decided_by=item.decided_by,
        decided_at=item.decided_at,
        created_at=item.created_at,
        score=item.score,
        held_decision=held.decision if held else "",
        held_by=held.decided_by if held else None,
        held_until=held.effective_at if held else None,
    )


def attachment_view(row: Attachment) -> AttachmentView:
    """A stored file."""
    return AttachmentView(
        id=row.id, name=row.name, kind=row.kind, media_type=row.media_type, size=row.size, duration_s=row.duration_s
    )


def event_view(row: TaskEvent) -> EventView:
    """One entry of the task's own timeline, titled in the reader's language."""
    return EventView(
        kind=row.kind, title=str(EventKind(row.kind).label), detail=row.detail, actor_id=row.actor_id, at=row.at
    )


def type_view(row: TaskType) -> TaskTypeView:
    """A task type."""
    return TaskTypeView(
        slug=row.slug,
        name=row.name,
        description=row.description,
        target=row.threshold,
        max_revisions=row.max_revisions,
        workflow=row.workflow,
        is_active=row.is_active,
    )
