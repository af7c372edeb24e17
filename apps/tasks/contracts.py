"""What other apps may know of tasks: plain frozen values, safe to keep after the tenant is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import IO, Any, Generic, TypeVar
from uuid import UUID

Row = TypeVar("Row")


@dataclass(frozen=True, kw_only=True)
class NewAttachment:
    """A file as it arrives. ``file`` is read from its start; its name and claimed type are not trusted."""

    name: str
    file: IO[bytes]


@dataclass(frozen=True, kw_only=True)
class AttachmentView:
    """A stored file: ``size`` in bytes, ``duration_s`` in seconds for audio and video (None: unknown or not media)."""

    id: UUID
    name: str
    kind: str
    media_type: str
    size: int
    duration_s: float | None


@dataclass(frozen=True, kw_only=True)
class ReviewView:
    """An answer that waits, or waited, for a person. ``reason`` is a code, ``why`` the sentence shown to them.

    ``held_*`` describe a decision that can still be taken back until ``held_until``.
    """

    id: UUID
    task_id: UUID
    reason: str
    why: str
    answer: str
    state: str
    decision: str
    edited_text: str
    note: str
    decided_by: int | None
    decided_at: datetime | None
    created_at: datetime
    score: int | None = None
    held_decision: str = ""
    held_by: int | None = None
    held_until: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class EventView:
    """One entry of a task's own timeline."""

    kind: str
    title: str
    detail: str
    actor_id: int | None
    at: datetime


@dataclass(frozen=True, kw_only=True)
class TaskRow:
    """One line of a task list."""

    id: UUID
    number: int
    title: str
    task_type: str
    type_name: str
    state: str
    priority: str
    source: str
    score: int | None
    target: int
    cost_micros: int
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class TaskView(TaskRow):
    """A whole task. ``cost_micros`` are millionths of a US dollar; ``criteria`` and ``checks`` are those of the last review."""

    body: str
    client: str
    due_on: date | None
    requested_by: int | None
    source_ref: Mapping[str, Any] = field(default_factory=dict)
    started_at: datetime | None
    draft: str
    result: str
    error_code: str
    error: str
    criteria: Sequence[Mapping[str, Any]] = ()
    checks: Sequence[Mapping[str, Any]] = ()
    reasons: str
    spread: int | None
    votes: int | None
    revisions: int
    attempt: int
    tokens: int
    model: str
    prompt_version: str
    workflow: str
    workflow_version: int | None
    revision: str
    run_id: UUID | None
    review: ReviewView | None
    attachments: Sequence[AttachmentView] = ()
    events: Sequence[EventView] = ()
    notion_url: str


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Row]):
    """One page of a list; ``next`` is the cursor of the following one or None."""

    rows: Sequence[Row]
    next: str | None


@dataclass(frozen=True, kw_only=True)
class TaskTypeView:
    """A task type as the portal and the API offer it."""

    slug: str
    name: str
    description: str
    target: int
    max_revisions: int
    workflow: str
    is_active: bool


@dataclass(frozen=True, kw_only=True)
class StuckTask:
    """A task nothing has touched for a while, with what was found: a code and what to do about it."""

    task_id: UUID
    number: int
    idle_s: float
    cause: str
    advice: str


@dataclass(frozen=True, kw_only=True)
class DeadLetter:
    """A failed task that waits for a person's replay. ``error`` says what happened and what to do."""

    task_id: UUID
    number: int
    title: str
    error_code: str
    error: str
    failed_at: datetime
    retries_left: int


@dataclass(frozen=True, kw_only=True)
class MetricRow:
    """Figures of one day, task type and client. Durations in milliseconds, cost in millionths of a US dollar."""

    day: date
    task_type: str
    client: str
    submitted: int
    done: int
    failed: int
    to_person: int
    passed_first_time: int
    duration_ms_p50: int | None
    duration_ms_p95: int | None
    tokens: int
    cost_micros: int
    score_avg: float | None
