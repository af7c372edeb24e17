"""Tasks nobody has touched for half an hour: why, and what to do about it."""

from uuid import UUID

from django.utils.translation import gettext as _

from apps.tasks.contracts import StuckTask
from apps.tasks.enums import EventKind, TaskState
from apps.tasks.models import Task, TaskEvent
from apps.tasks.services.clock import after, database_now
from apps.workflows import facade as workflows
from apps.workflows.contracts import RunView
from apps.workflows.enums import RunState
from apps.workflows.errors import UnknownRun

STUCK_AFTER_S = 30 * 60
PAGE = 200


def find_stuck(*, idle_s: float = STUCK_AFTER_S, limit: int = PAGE) -> list[StuckTask]:
    """Open tasks that do not wait for a person and were not touched for ``idle_s`` seconds, longest first, with the cause found."""
    now = database_now()
    rows = Task.objects.filter(state__in=[TaskState.NEW, TaskState.RUNNING], touched_at__lt=after(-idle_s)).order_by(
        "touched_at"
    )[:limit]
    found = []
    for task in rows:
        cause, advice = cause_of(task.run_id)
        found.append(
            StuckTask(
                task_id=task.id,
                number=task.number,
                idle_s=(now - task.touched_at).total_seconds(),
                cause=cause,
                advice=advice,
            )
        )
    return found


def note_stuck() -> int:
    """Write the cause into each stuck task's timeline, once until the task moves again. Returns how many are new."""
    new = 0
    for stuck in find_stuck():
        text = f"{stuck.cause}: {stuck.advice}"
        last = TaskEvent.objects.filter(task_id=stuck.task_id).order_by("-at", "-id").first()
        if last is None or last.kind != EventKind.STUCK or last.detail != text:
            TaskEvent.objects.create(task_id=stuck.task_id, kind=EventKind.STUCK, detail=text)
            new += 1
    return new


def cause_of(run_id: UUID | None) -> tuple[str, str]:
    """(code, what to do) for the run of a task that does not move."""
    if run_id is None:
        return "no_run", _("It never got a run. Cancel it and send it again.")
    try:
        run = workflows.get_run(run_id)
    except UnknownRun:
        return "run_missing", _("Its run is gone. Cancel it and send it again.")
    if run.state == RunState.REVIEW and not run.waiting_for:
        return "effect_unknown", _("A step's outcome is unknown. Decide about it on the run's page.")
    if run.state in (RunState.WAITING, RunState.REVIEW):
        return "waiting", _waiting_text(run)
    if run.state != RunState.RUNNING:
        return "run_ended", _("Its run has ended; the next sweep closes the task.")
    if run.started_at is None:
        return "not_started", _(
            "No worker has taken it yet. Check that workers run and that the workspace is not paused."
        )
    return "slow_step", _slow_text(run)


def _waiting_text(run: RunView) -> str:
    if run.waiting_for:
        return _("It waits for: %(events)s.") % {"events": ", ".join(run.waiting_for)}
    return _("It waits for its next try. The run's page says when and why.")


def _slow_text(run: RunView) -> str:
    step = run.steps[-1] if run.steps else None
    if step is None:
        return _("It has begun but no step is recorded. Check the worker's log.")
    return _("It is at the step “%(title)s”, try %(attempt)d. Check the model's or service's state.") % {
        "title": step.title,
        "attempt": step.attempt,
    }
