"""Trying again, cancelling, and finding what is stuck: by a person, or by the rule of the kind of failure."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from apps.accounts import facade as accounts
from apps.core.errors import PlatformError
from apps.dispatch.errors import TooLateToUndo
from apps.tasks.contracts import DeadLetter, TaskView
from apps.tasks.enums import EventKind, TaskState
from apps.tasks.errors import IllegalMove, InvalidRequest
from apps.tasks.lifecycle import CLOSED, retries_left
from apps.tasks.models import Task
from apps.tasks.notion import projections
from apps.tasks.selectors import get_task, load_task
from apps.tasks.services import recording, reviewing, starting, submitting
from apps.tenants.errors import PlanLimitReached
from apps.tenants.facade import count_usage
from apps.workflows import facade as workflows
from apps.workflows.errors import RunNotRetryable, UnknownRun

MAX_REPLAY = 100
"""The original replayed ten a day by itself; here a person chooses, so the cap only bounds one click."""


def retry_task(*, task_id: UUID | str, user_id: int, from_step: str = "") -> TaskView:
    """Start a failed task again where it stopped (or from a step of its run), or afresh when its run had ended properly.

    Keeps what was paid for.

    Raises ``NotAllowed``, ``UnknownTask`` and ``IllegalMove`` (it is not failed).
    """
    accounts.require(user_id, "runs.replay")
    with transaction.atomic():
        task = _start_again(load_task(task_id), actor_id=user_id, from_step=from_step)
    return get_task(task.id)


def replay_dead(*, task_ids: Sequence[UUID | str], user_id: int) -> dict[str, str]:
    """Retry many failed tasks, each on its own. Answers "" for those started and an error code for the others."""
    accounts.require(user_id, "runs.replay")
    answers: dict[str, str] = {}
    for task_id in list(task_ids)[:MAX_REPLAY]:
        try:
            retry_task(task_id=task_id, user_id=user_id)
        except PlatformError as error:
            answers[str(task_id)] = error.code
        else:
            answers[str(task_id)] = ""
    return answers


def retry_by_rule(task_id: UUID) -> bool:
    """Start a task again whose kind of failure passes by itself and whose time has come. False when somebody was faster."""
    with transaction.atomic():
        task = load_task(task_id)
        if task.state != TaskState.FAILED or task.retry_at is None:
            return False
        _start_again(task, actor_id=None)
    return True


def cancel_task(*, task_id: UUID | str, user_id: int, reason: str = "") -> TaskView:
    """End a task that is not closed yet; calls already on their way are paid for. Raises ``IllegalMove`` when it is closed."""
    accounts.require(user_id, "tasks.cancel")
    why = reason.strip()[:500] or _("Cancelled by a person.")
    with transaction.atomic():
        task = load_task(task_id)
        if task.run_id is not None and task.state not in CLOSED:
            workflows.cancel_run(run_id=task.run_id, reason=why)
        task = recording.require_lock(task.id)
        if task.state in CLOSED:
            raise IllegalMove(state=TaskState(task.state).label)
        reviewing.withdraw_reviews(task)
        recording.move(task, to=TaskState.CANCELLED, event=EventKind.CANCELLED, detail=why, actor_id=user_id)
        projections.task_moved(task)
    return get_task(task.id)


def hold_cancel(*, task_id: UUID | str, user_id: int) -> None:
    """Stop a task that is not closed yet; it ends when the seconds for ``undo_cancel`` are over.

    Raises ``NotAllowed``, ``UnknownTask``, ``IllegalMove`` when it is closed, and ``AlreadyDecided`` when it was just cancelled.
    """
    accounts.require(user_id, "tasks.cancel")
    task = load_task(task_id)
    if task.state in CLOSED or task.run_id is None:
        raise IllegalMove(state=TaskState(task.state).label)
    workflows.hold_cancel(run_id=task.run_id, user_id=user_id)


def undo_cancel(*, task_id: UUID | str, user_id: int) -> None:
    """Let a task go on that one has just cancelled. Raises ``TooLateToUndo``."""
    accounts.require(user_id, "tasks.cancel")
    task = load_task(task_id)
    if task.run_id is None:
        raise TooLateToUndo
    workflows.undo_cancel(run_id=task.run_id, user_id=user_id)


def list_dead_letters(*, limit: int = 100) -> list[DeadLetter]:
    """Failed tasks, newest first, with what went wrong and how many automatic tries are left."""
    rows = Task.objects.filter(state=TaskState.FAILED).order_by("-finished_at")[:limit]
    return [
        DeadLetter(
            task_id=task.id,
            number=task.number,
            title=task.title,
            error_code=task.error_code,
            error=task.error,
            failed_at=task.finished_at,
            retries_left=retries_left(code=task.error_code, tries=task.auto_retries) if task.retry_at else 0,
        )
        for task in rows
        if task.finished_at is not None
    ]


def _start_again(task: Task, *, actor_id: int | None, from_step: str = "") -> Task:
    """Resume the failed run, else start a new one. Workflows first: locks are taken in one order everywhere."""
    if task.state != TaskState.FAILED:
        raise IllegalMove(state=TaskState(task.state).label)
    resumed = task.run_id is not None and _resume_run(task.run_id, actor_id, from_step)
    if task.run_id is None:
        _readmit(task)
    locked = recording.require_lock(task.id)
    if locked.state != TaskState.FAILED or locked.run_id != task.run_id:
        raise IllegalMove(state=TaskState(locked.state).label)
    recording.move(
        locked,
        to=TaskState.RUNNING,
        event=EventKind.RETRIED,
        actor_id=actor_id,
        error="",
        error_code="",
        is_billed=False,
        retry_at=None,
        attempt=locked.attempt + 1,
        auto_retries=locked.auto_retries + (1 if actor_id is None else 0),
    )
    if not resumed:
        starting.start(locked)
    projections.task_moved(locked)
    return locked


def _readmit(task: Task) -> None:
    """A request that was never accepted may come back only when what refused it can have changed."""
    if task.error_code != PlanLimitReached.code:
        raise InvalidRequest(_("This request was refused: %(why)s Send a corrected one."), why=task.error)
    count_usage(submitting.LIMIT)


def _resume_run(run_id: UUID, actor_id: int | None, from_step: str) -> bool:
    actor = f"user {actor_id}" if actor_id is not None else "retry rule"
    try:
        if from_step:
            workflows.retry_run(run_id=run_id, from_step=from_step, actor=actor)
            return True
        run = workflows.get_run(run_id)
        failed = [step for step in run.steps if step.state == "failed"]
        ended_by_rule = bool(failed) and failed[-1].type == "fail"
        cause = next((step for step in reversed(failed) if step.type != "fail"), None)
        workflows.retry_run(run_id=run_id, from_step=cause.step_id if ended_by_rule and cause else None, actor=actor)
    except (UnknownRun, RunNotRetryable):
        if from_step:
            raise
        return False
    return True
