"""Runs pure steps of a live run until it waits, calls or ends."""

import json
import logging
import random
from collections.abc import Callable, Mapping
from typing import Any

from apps.tenants.contracts import TenantRef
from apps.workflows.conf import OUTPUT_LIMIT_BYTES, STEPS_PER_CHECKPOINT, code_revision
from apps.workflows.contracts import Sleep, StepContext, StepHandler, StepResult, Wait
from apps.workflows.core import events as ev
from apps.workflows.core.definition import Step
from apps.workflows.core.effects import effect_key
from apps.workflows.core.machine import scope_of
from apps.workflows.core.retry import effective, pause_before_retry
from apps.workflows.core.state import Phase, Token
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.engine.failures import classify, connection_is_gone
from apps.workflows.engine.guard import StepGuard
from apps.workflows.engine.live import LiveRun, moment
from apps.workflows.engine.plain_json import storable
from apps.workflows.enums import EffectClass

logger = logging.getLogger(__name__)
FOREVER_S = 10 * 365 * 86400.0


class BadConfig(ValueError):
    """A step's filled-in config does not fit its type's schema."""


def make_context(
    live: LiveRun,
    token: Token,
    step: Step,
    handler: StepHandler,
    *,
    tenant: TenantRef,
    now: float,
    validator: Any,
    dry_run: bool = False,
) -> StepContext:
    """The context of one attempt, with references filled in and the config checked. Raises ``ValueProblem``, ``BadConfig``."""
    config = step.config(scope_of(live.state, live.facts, token.visit, token.frames))
    if not validator.is_valid(config):
        problem = next(validator.iter_errors(config))
        place = ".".join(str(part) for part in problem.instance_path)
        raise BadConfig(f"The step's settings do not fit{' at ' + place if place else ''}: {problem.message[:300]}")
    return StepContext(
        tenant=tenant,
        run_id=live.uuid(),
        workflow=live.version.workflow,
        version=live.version.number,
        step_id=step.id,
        path=token.path,
        visit=token.visit,
        attempt=token.attempt,
        config=config,
        dry_run=dry_run,
        key=effect_key(
            tenant=tenant.id,
            run=live.key_run_id,
            path=step.id,
            loop_index=token.visit - 1,
            ordinal=0,
            generation=live.generation,
        ),
        now=moment(now),
        subject_kind=live.subject_kind,
        subject_id=live.subject_id,
        revision=code_revision(),
    )


class StepRunner:
    """Executes pure steps for one turn. ``validators`` are the config schemas by step type."""

    def __init__(
        self, *, tenant: TenantRef, handlers: Mapping[str, StepHandler], validators: Mapping[str, Any]
    ) -> None:
        self.tenant = tenant
        self.handlers = handlers
        self.validators = validators
        self.guard = StepGuard()

    def advance(self, live: LiveRun, now: float, *, in_memory_only: bool) -> None:
        """Run ready pure steps. Steps that touch the database or the world stay in ``live.todo`` when ``in_memory_only``;
        effect steps always do. A run that has had its share of steps in this checkpoint stops."""
        kept: list[Token] = []
        while live.todo and live.steps_done < STEPS_PER_CHECKPOINT:
            token = live.todo.popleft()
            if live.state.token(token.id) is not token and not self._still_current(live, token):
                continue
            step = live.version.definition.steps[token.step]
            handler = self.handlers.get(step.type)
            if handler is None:
                live.blocked = True
                kept.append(token)
            elif (
                handler.effect is not EffectClass.PURE
                or token.phase is Phase.CALLING
                or (in_memory_only and handler.touches_database)
            ):
                kept.append(token)
            else:
                live.steps_done += 1
                self._run(live, token, step, handler, now)
        live.todo.extendleft(reversed(kept))

    @staticmethod
    def _still_current(live: LiveRun, token: Token) -> bool:
        current = live.state.token(token.id)
        return current is not None and current.phase is token.phase and current.attempt == token.attempt

    def _run(self, live: LiveRun, token: Token, step: Step, handler: StepHandler, now: float) -> None:
        if live.shadow is not None:
            from apps.workflows.whatif.answering import run_inside

            run_inside(self, live, token, step, handler, now)
            return
        try:
            ctx = make_context(
                live, token, step, handler, tenant=self.tenant, now=now, validator=self.validators[step.type]
            )
            answer = self.guarded(handler, lambda: handler.run(ctx))
            self.accept(live, token, answer, now)
        except Exception as error:  # noqa: BLE001 - whatever a step's code raises is the step's failure
            self.failed(live, token, step, handler, error, now)

    def guarded(self, handler: StepHandler, work: Callable[[], Any]) -> Any:
        """Run a handler's code so that its failure undoes its own writes only."""
        return self.guard.run(work) if handler.touches_database else work()

    def accept(self, live: LiveRun, token: Token, answer: object, now: float) -> None:
        """Apply what a pure step answered. Raises ``UnstorableValue`` or ``TypeError`` for an answer it cannot take."""
        if isinstance(answer, StepResult):
            self.succeed(live, token, answer, now)
        elif isinstance(answer, Wait):
            until = None if answer.timeout_s is None else now + max(0.0, min(answer.timeout_s, FOREVER_S))
            waits = ev.Waits(token.id, answer.event, until, answer.accept_early, answer.summary, answer.needs_person)
            live.apply(waits, now)
        elif isinstance(answer, Sleep):
            live.apply(ev.Sleeps(token.id, now + max(0.0, min(answer.seconds, FOREVER_S)), answer.again), now)
        else:
            raise TypeError(f"a step answered {type(answer).__name__} instead of StepResult, Wait or Sleep")

    def succeed(self, live: LiveRun, token: Token, result: StepResult, now: float) -> None:
        """Record a step's success with its usage. Raises ``UnstorableValue`` before anything is applied."""
        text = storable(result.output, limit=OUTPUT_LIMIT_BYTES)
        output = json.loads(text)
        cost = sum(line.cost_micros for line in result.usage)
        model = next((str(line.detail["model"]) for line in result.usage if line.detail.get("model")), "")
        live.outputs[token.path, token.attempt] = text
        for line in result.usage:
            live.usage.append(
                {
                    "account": "tenant",
                    "meter": line.meter,
                    "source": line.source_key,
                    "quantity": line.quantity,
                    "cost": line.cost_micros,
                    "path": token.path,
                    "detail": dict(line.detail),
                }
            )
        live.apply(ev.Succeeded(token.id, output, result.summary), now, model=model, cost=cost)

    def failed(
        self, live: LiveRun, token: Token, step: Step, handler: StepHandler, error: Exception, now: float
    ) -> None:
        """Record a failed attempt of a pure step and plan the next. A lost database connection is not the step's fault."""
        if connection_is_gone(error):
            raise error
        if isinstance(error, BadConfig):
            failure = Failure(kind=FailureKind.PERMANENT, code="bad_config", message=str(error))
        else:
            failure = classify(error, sent=False)
        if failure.kind is FailureKind.POISON:
            logger.error("step failed", exc_info=error, extra={"run": live.id, "step": token.path, "type": step.type})
        self.fail(live, token, step, handler, failure, now)

    def fail(self, live: LiveRun, token: Token, step: Step, handler: StepHandler, failure: Failure, now: float) -> None:
        """Apply a classified failure: another attempt after a jittered pause, or the step's end."""
        pause = self.pause(token, step, handler, failure)
        live.apply(ev.Failed(token.id, failure, None if pause is None else now + pause), now)

    @staticmethod
    def pause(token: Token, step: Step, handler: StepHandler, failure: Failure) -> float | None:
        """Seconds until the next attempt of a step, None when it has had its last."""
        attempts, base, cap = effective(
            handler.retry.max_attempts, handler.retry.base_s, handler.retry.cap_s, step.retry
        )
        return pause_before_retry(
            failure,
            tries=token.attempt - token.base,
            max_attempts=attempts,
            base_s=base,
            cap_s=cap,
            roll=random.random(),  # noqa: S311 - jitter, not a secret
        )

    def deliver_events(self, live: LiveRun, now: float) -> None:
        """Hand unconsumed events to the steps that wait for them."""
        for event_id, name, slot, payload in live.events:
            for token in live.state.tokens:
                if token.phase is not Phase.WAITING or token.event != name:
                    continue
                if slot.partition(" ")[0] == token.path or (slot == "early" and token.accept_early):
                    self._resume(live, token, payload, now)
                    live.consumed.append(event_id)
                    break
        live.events = [event for event in live.events if event[0] not in live.consumed]

    def _resume(self, live: LiveRun, token: Token, payload: Mapping[str, Any], now: float) -> None:
        step = live.version.definition.steps[token.step]
        handler = self.handlers.get(step.type)
        if handler is None:
            return
        try:
            ctx = make_context(
                live, token, step, handler, tenant=self.tenant, now=now, validator=self.validators[step.type]
            )
            self.accept(live, token, self.guarded(handler, lambda: handler.resume(ctx, payload)), now)
        except Exception as error:  # noqa: BLE001 - whatever a step's code raises is the step's failure
            self.failed(live, token, step, handler, error, now)
