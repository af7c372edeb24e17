"""Cancelling, retrying and replaying runs, and a person's word about effects whose outcome is unknown."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.core.errors import InvalidInput
from apps.core.ids import new_id
from apps.dispatch import facade as dispatch
from apps.dispatch.enums import Queue, WorkState
from apps.tenants.facade import current_tenant
from apps.workflows.approvals.asking import withdraw
from apps.workflows.conf import RUN_KIND
from apps.workflows.core import events as ev
from apps.workflows.core.definition import parse
from apps.workflows.core.rewind import Line, Rewound, attempts_of, enclosing, rewind
from apps.workflows.core.state import RunState, Status, to_json
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.engine.abandon import abandon_open_effects
from apps.workflows.engine.children import wake_parents
from apps.workflows.enums import EffectState, StepState
from apps.workflows.errors import AlreadyDecided, NotWaiting, RunNotRetryable
from apps.workflows.models import Effect, Run, RunEvent, StepRun
from apps.workflows.services.runs import announce_change, create_run, enqueue_run, is_live, require_run
from apps.workflows.signals import RunFinished, run_finished
from apps.workflows.triggers.happenings import tell_run
from apps.workflows.whatif.errors import ShadowCannotRunAgain
from apps.workflows.whatif.progress import enqueue_judging

RESOLUTIONS = ("happened", "send_again", "give_up")
EFFECT_EVENT = "$effect"


def cancel_run(*, run_id: UUID, reason: str) -> None:
    """End a live run and the runs it started now. A worker that is at one is fenced out; a call on its way may still take effect.

    A run that has ended stays as it is. A run that waits for the cancelled one is woken. Raises ``UnknownRun``.
    """
    tenant = current_tenant()
    with transaction.atomic():
        ended = [one for one in stop_work(run_id=run_id, reason=reason) if _end_as_cancelled(tenant.id, one, reason)]
        # A parent that was cancelled with its children needs no news of them.
        wake_parents(tenant_id=tenant.id, ended=[str(one) for one in ended if one == run_id])


def stop_work(*, run_id: UUID, reason: str) -> list[UUID]:
    """Take a run, and every run below it that goes on, from their workers for good: nothing is sent or started by them any more.

    Inside the caller's transaction. Returns their ids, children before their parents. In that order their work items are locked, as
    the runner does, which wakes a parent when its child ends.
    """
    stopped: list[UUID] = []
    while True:
        below = Run.objects.filter(parent_id=run_id, finished_at=None).exclude(pk__in=stopped).order_by("pk")
        for child in list(below.values_list("pk", flat=True)):
            stopped += stop_work(run_id=child, reason=reason)
        before = transaction.savepoint()
        dispatch.cancel(tenant_id=current_tenant().id, kind=RUN_KIND, ref=str(run_id), reason=reason[:200])
        if not below.exclude(pk__in=stopped).exists():
            transaction.savepoint_commit(before)
            return [*stopped, run_id]
        # A turn that was under way while we waited for the item has started more: they come first.
        transaction.savepoint_rollback(before)


def _end_as_cancelled(tenant_id: int, run_id: UUID, reason: str) -> bool:
    """Whether it was still going on."""
    run = require_run(run_id, lock=True)
    if not is_live(run.state):
        return False
    abandon_open_effects(run=run, failure=Failure(kind=FailureKind.DENIED, code="cancelled", message=reason))
    withdraw(run_ids=[run_id], reason=reason)
    error = {"code": "cancelled", "message": reason[:500], "path": ""}
    Run.objects.filter(pk=run_id).update(
        state=Status.CANCELLED, error=error, finished_at=Now(), cursor=to_json(RunState(status=Status.CANCELLED))
    )
    StepRun.objects.filter(run_id=run_id, state__in=[StepState.RUNNING, StepState.WAITING, StepState.REVIEW]).update(
        state=StepState.CANCELLED, summary=reason[:500], finished_at=Now()
    )
    announce_change(run_id=run_id, subject_kind=run.subject_kind, subject_id=run.subject_id)
    if run.what_if_id is not None:
        enqueue_judging(tenant_id=tenant_id, what_if=str(run.what_if_id))
        return True
    tell_run(run, state=Status.CANCELLED.value)
    run_finished.announce(
        RunFinished(
            tenant_id=tenant_id,
            run_id=run_id,
            state=Status.CANCELLED.value,
            subject_kind=run.subject_kind,
            subject_id=run.subject_id,
        )
    )
    return True


def cancel_copied_runs() -> int:
    """In a fresh copy of a workspace: end the runs that were under way in the original. Returns how many."""
    live = list(Run.objects.filter(finished_at__isnull=True).values_list("pk", flat=True))
    for run_id in live:
        cancel_run(run_id=run_id, reason=gettext("The workspace was copied while this was under way."))
    return len(live)


def retry_run(*, run_id: UUID, from_step: str | None = None, actor: str = "", new_generation: bool = False) -> None:
    """Try a failed run again: where it stopped, or from the latest visit of ``from_step``.

    Effects keep their keys, so one that happened is not repeated; ``new_generation`` chooses new keys and repeats them.
    ``actor`` is recorded. Raises ``UnknownRun``, ``RunNotRetryable`` (not failed, or ``from_step`` never ran or lies between a
    parallel step and its join).
    """
    with transaction.atomic():
        run = require_run(run_id, lock=True)
        require_real(run)
        if run.state != Status.FAILED:
            raise RunNotRetryable(detail=f"run {run_id} is {run.state}")
        history = history_of(run_id)
        definition = parse(run.version.definition)
        if from_step is None:
            event = ev.Retries(attempts=attempts_of(history))
        else:
            back = require_rewind(definition, history, from_step)
            event = ev.Retries(attempts=back.attempts, step=from_step, visits=back.visits, results=back.results)
        generation = run.generation + (1 if new_generation else 0)
        Run.objects.filter(pk=run_id).update(
            state=Status.RUNNING,
            error=None,
            outputs=None,
            finished_at=None,
            generation=generation,
            cursor={**run.cursor, "retry": retry_to_json(event), "actor": actor[:200]},
        )
        enqueue_run(run_id=run_id, queue=Queue(run.queue), priority=run.priority)
        announce_change(run_id=run_id, subject_kind=run.subject_kind, subject_id=run.subject_id)


def replay_run(
    *, run_id: UUID, from_step: str | None = None, new_generation: bool = False, started_by: int | None = None
) -> UUID:
    """Start a new run of the same version with the same inputs, from the beginning or from the latest visit of ``from_step``.

    It shares the original's idempotency keys: effects that happened are answered from the record and nothing is sent or billed
    twice. ``new_generation`` chooses new keys, so everything happens again. ``started_by`` is who asks for the replay; without
    one the first starter counts. Raises ``UnknownRun``, ``RunNotRetryable``.
    """
    with transaction.atomic():
        run = require_run(run_id)
        require_real(run)
        if is_live(run.state):
            raise RunNotRetryable(
                _("This run is still going on. Replay it once it has ended."), detail=f"run {run_id} is {run.state}"
            )
        definition = parse(run.version.definition)
        cursor: dict[str, Any] = {}
        if from_step is not None:
            back = require_rewind(definition, history_of(run_id), from_step)
            event = ev.Retries(step=from_step, visits=back.visits, results=back.results)
            cursor = {"status": Status.FAILED.value, "retry": retry_to_json(event)}
        new = new_id()
        generation = run.generation
        if new_generation:
            highest = (
                Run.objects.filter(key_run_id=run.key_run_id)
                .order_by("-generation")
                .values_list("generation", flat=True)
            )
            generation = highest[0] + 1
        create_run(
            run_id=new,
            version_id=run.version_id,
            inputs=run.inputs,
            queue=Queue(run.queue),
            priority=run.priority,
            trigger="replay",
            subject_kind=run.subject_kind,
            subject_id=run.subject_id,
            replay_of=run.pk,
            key_run_id=run.key_run_id,
            generation=generation,
            cursor=cursor,
            started_by=run.started_by if started_by is None else started_by,
        )
        return new


def resolve_effect(
    *, effect_id: UUID, decision: str, response: Mapping[str, Any] | None = None, actor: str = "", reason: str = ""
) -> None:
    """A person's word about an effect in review: ``happened`` (with the ``response`` to go on with), ``send_again`` or ``give_up``.

    The first decision counts. Raises ``NotFound``-family ``UnknownRun``, ``InvalidInput`` and ``AlreadyDecided``.
    """
    if decision not in RESOLUTIONS:
        raise InvalidInput(fields={"decision": _("One of happened, send_again, give_up.")})
    with transaction.atomic():
        effect = Effect.objects.filter(pk=effect_id).values("run_id", "path", "sends", "state").first()
        if effect is None:
            raise NotWaiting(detail=f"no effect {effect_id}")
        error = {"code": f"person_{decision}", "message": reason[:500], "actor": actor[:200]}
        moved = Effect.objects.filter(pk=effect_id, state=EffectState.REVIEW)
        if decision == "happened":
            count = moved.update(
                state=EffectState.SUCCEEDED, response=dict(response or {}), error=error, finished_at=Now()
            )
        else:
            count = moved.update(state=EffectState.FAILED, error=error, finished_at=Now())
        if not count:
            raise AlreadyDecided(detail=f"effect {effect_id} is {effect['state']}")
        try:
            with transaction.atomic():
                RunEvent.objects.create(
                    run_id=effect["run_id"],
                    event=EFFECT_EVENT,
                    slot=f"{effect['path']}/{effect['sends']}",
                    payload={"decision": decision, "path": effect["path"], "reason": reason[:500]},
                )
        except IntegrityError:
            raise AlreadyDecided(detail=f"effect {effect_id}") from None
        tenant_id, ref = current_tenant().id, str(effect["run_id"])
        dispatch.nudge(tenant_id=tenant_id, kind=RUN_KIND, ref=ref)
        dispatch.resolve_review(
            tenant_id=tenant_id,
            kind=RUN_KIND,
            ref=ref,
            to=WorkState.READY,
            reason=reason or decision,
            actor=actor or "unknown",
        )


def retry_to_json(event: ev.Retries) -> dict[str, Any]:
    """The stored form of a retry; the runner applies it when it takes the run on (see ``engine.live``)."""
    return {
        "attempts": dict(event.attempts),
        "step": event.step,
        "visits": dict(event.visits),
        "results": dict(event.results),
    }


def require_real(run: Run) -> None:
    """Raise ``ShadowCannotRunAgain`` for a run that only shows what would have happened."""
    if run.what_if_id is not None:
        raise ShadowCannotRunAgain(detail=str(run.pk))


def history_of(run_id: UUID) -> list[Line]:
    """A run's recorded history as the pure core reads it."""
    rows = StepRun.objects.filter(run_id=run_id).order_by("seq")
    return [
        Line(
            seq=row.seq,
            path=row.path,
            step=row.step_id,
            attempt=row.attempt,
            state=row.state,
            output=row.output,
            error=row.error,
        )
        for row in rows
    ]


def _titled(definition: Any, step: str) -> str:
    return str(definition.steps[step].title or step)


def require_rewind(definition: Any, history: list[Line], step: str) -> Rewound:
    """The state before the latest visit of a step. Raises ``RunNotRetryable``."""
    outer = enclosing(definition, step) if step in definition.steps else ""
    if outer:
        raise RunNotRetryable(
            _(
                "“%(step)s” lies inside “%(outer)s”, where there is no single place to go on from. Begin at “%(outer)s” instead."
            )
            % {"step": _titled(definition, step), "outer": _titled(definition, outer)},
            detail=f"{step} in {outer}",
        )
    if step not in definition.steps:
        raise RunNotRetryable(_("This version has no such step. Choose one from the run's history."), detail=step)
    back = rewind(history, step)
    if back is None:
        raise RunNotRetryable(_("This step has not run yet. Choose one from the run's history."), detail=step)
    return back
