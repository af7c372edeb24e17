"""Runs that the engine cannot carry on any more, and what they leave behind."""

from django.db.models.functions import Now

from apps.workflows.approvals.asking import withdraw
from apps.workflows.core.state import from_json, to_json
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.engine.abandon import abandon_open_effects
from apps.workflows.engine.children import wake_parents
from apps.workflows.enums import RunState, StepState
from apps.workflows.models import Run, StepRun
from apps.workflows.signals import RunFinished, run_finished
from apps.workflows.triggers.happenings import tell_run
from apps.workflows.whatif.progress import enqueue_judging


def fail_run(*, run_id: str, code: str, message: str, tenant_id: int) -> bool:
    """Mark a live run as failed, keeping its tokens so that a person can retry it. False when it had ended already.

    Inside the caller's transaction, in the tenant's context.
    """
    run = (
        Run.objects.select_for_update()
        .filter(pk=run_id, state__in=[RunState.RUNNING, RunState.WAITING, RunState.REVIEW])
        .first()
    )
    if run is None:
        return False
    abandon_open_effects(run=run, failure=Failure(kind=FailureKind.UNKNOWN, code=code, message=message))
    withdraw(run_ids=[run.pk], reason=message)
    error = {"code": code, "message": message, "path": ""}
    cursor = {**run.cursor} if run.cursor.get("retry") else to_json(_stopped(run))
    Run.objects.filter(pk=run_id).update(state=RunState.FAILED, finished_at=Now(), cursor=cursor, error=error)
    StepRun.objects.filter(run_id=run_id, state__in=[StepState.RUNNING, StepState.WAITING, StepState.REVIEW]).update(
        state=StepState.FAILED, error={"code": code, "message": message}, finished_at=Now()
    )
    if run.what_if_id is not None:
        enqueue_judging(tenant_id=tenant_id, what_if=str(run.what_if_id))
        return True
    if run.parent_id is not None:
        wake_parents(tenant_id=tenant_id, ended=[str(run.pk)])
    tell_run(run, state=RunState.FAILED.value, error=error)
    run_finished.announce(
        RunFinished(
            tenant_id=tenant_id,
            run_id=run.pk,
            state=RunState.FAILED.value,
            subject_kind=run.subject_kind,
            subject_id=run.subject_id,
        )
    )
    return True


def _stopped(run: Run) -> object:
    from dataclasses import replace

    from apps.workflows.core.state import Phase, Status

    state = from_json(run.cursor)
    parked = tuple(
        token if token.phase in (Phase.JOINED, Phase.LOOPING) else replace(token, phase=Phase.READY)
        for token in state.tokens
    )
    return replace(state, status=Status.FAILED, tokens=(), parked=(*state.parked, *parked))
