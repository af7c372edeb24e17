"""Lets go of what a run's unfinished metered effects hold reserved when the run ends from outside."""

import json
import logging

from django.db import transaction

from apps.core.ids import new_id
from apps.tenants.facade import current_tenant
from apps.workflows.contracts import StepContext, UsageLine
from apps.workflows.core.taxonomy import Failure
from apps.workflows.engine import store
from apps.workflows.enums import Account, EffectClass, EffectState
from apps.workflows.models import Effect, Run
from apps.workflows.registries import step_types

logger = logging.getLogger(__name__)


def abandon_open_effects(*, run: Run, failure: Failure) -> None:
    """Tell the handlers of intended and sent effects that their attempt is given up, and book what a sent one may have cost.

    Inside the caller's transaction. A handler that fails, or that this code does not know, is logged: the run ends all the same,
    and what was only intended is never sent.
    """
    # Locked, because a worker marks its effects as sent in a transaction that does not ask for its claim.
    open_effects = Effect.objects.select_for_update().filter(
        run_id=run.pk, state__in=[EffectState.INTENDED, EffectState.SENDING]
    )
    for effect in open_effects.order_by("pk"):
        try:
            with transaction.atomic():
                _let_go(run, effect, failure)
        except Exception:
            logger.exception("effect could not be abandoned", extra={"run": str(run.pk), "effect": str(effect.pk)})
        if effect.state == EffectState.INTENDED:
            Effect.objects.filter(pk=effect.pk, state=EffectState.INTENDED).update(
                state=EffectState.FAILED, error={"code": failure.code, "message": failure.message[:500]}
            )


def _let_go(run: Run, effect: Effect, failure: Failure) -> None:
    handler = step_types.get(effect.type)
    ctx, request = _context(run, effect), json.loads(effect.request)
    handler.abandon(ctx, request, failure)
    if effect.state == EffectState.SENDING and handler.effect is EffectClass.METERED:
        _book(run, effect, handler.waste(ctx, request))


def _context(run: Run, effect: Effect) -> StepContext:
    step_id, _, visit = effect.path.partition("#")
    return StepContext(
        tenant=current_tenant(),
        run_id=run.pk,
        workflow=run.version.workflow.slug,
        version=run.version.number,
        step_id=step_id,
        path=effect.path,
        visit=int(visit or 1),
        attempt=1,
        config={},
        dry_run=effect.dry_run,
        key=effect.key,
        now=effect.created_at,
        subject_kind=run.subject_kind,
        subject_id=run.subject_id,
        revision=run.revision,
    )


def _book(run: Run, effect: Effect, lines: tuple[UsageLine, ...] | None) -> None:
    if lines is None:
        return
    common = {"account": Account.WASTE.value, "run": str(run.pk), "path": effect.path}
    source = f"{effect.key}:waste:{effect.sends}"
    rows = [
        {
            **common,
            "id": str(new_id()),
            "meter": line.meter,
            "source": f"{source}:{number}",
            "quantity": line.quantity,
            "cost": line.cost_micros,
            "detail": dict(line.detail),
        }
        for number, line in enumerate(lines)
    ]
    unknown = {
        **common,
        "id": str(new_id()),
        "meter": f"{effect.type}.calls",
        "source": source,
        "quantity": 1,
        "cost": 0,
        "detail": {},
    }
    store.post_usage(rows or [unknown])
