"""How effects end: the answer of a call becomes the outcome of the effect and of the step, in one transaction."""

import json
from typing import Any

from apps.workflows.conf import OUTPUT_LIMIT_BYTES, quiescence_s
from apps.workflows.contracts import StepContext, StepHandler, StepResult
from apps.workflows.core import events as ev
from apps.workflows.core.definition import Step
from apps.workflows.core.effects import may_retry, state_after
from apps.workflows.core.state import Phase, Token
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.engine.effect_rows import EffectRows
from apps.workflows.engine.failures import classify
from apps.workflows.engine.live import Call, LiveRun
from apps.workflows.engine.plain_json import UnstorableValue, storable
from apps.workflows.enums import EffectClass

NOT_FOUND = Failure(
    kind=FailureKind.TRANSIENT, code="did_not_happen", message="The service has no trace of the earlier attempt."
)


class EffectOutcomes(EffectRows):
    """Takes answers in."""

    def answered(self, live: LiveRun, call: Call, result: Any, error: BaseException | None, now: float) -> None:
        """Take the outcome of a transmission or look-up of this run."""
        token = live.state.token(call.token)
        if live.calls.pop(call.token, None) is None or token is None or token.phase is not Phase.CALLING:
            return
        step = live.version.definition.steps[token.step]
        handler = self.steps.handlers[step.type]
        try:
            text = None if error is not None else storable(result, limit=OUTPUT_LIMIT_BYTES)
        except UnstorableValue as problem:
            error, text = problem, None
        self._note_breaker(call, error)
        if error is not None:
            self._call_failed(live, token, step, handler, call, error, now)
        elif call.find and result is None:
            self._outcome(call, "failed")
            live.apply(ev.TriesAgain(token.id, NOT_FOUND), now)
        else:
            self._finish(live, token, step, handler, call.ctx, call, json.loads(text or "null"), now, owned=True)

    def _note_breaker(self, call: Call, error: BaseException | None) -> None:
        if call.breaker:
            ok = error is None or classify(error, sent=True).kind in (FailureKind.PERMANENT, FailureKind.DENIED)
            self.breakers.record(self.steps.tenant.id, call.breaker, ok=ok)

    def _finish(
        self,
        live: LiveRun,
        token: Token,
        step: Step,
        handler: StepHandler,
        ctx: StepContext,
        call: Call,
        response: Any,
        now: float,
        *,
        owned: bool,
    ) -> None:
        """The effect happened: record it, and let the handler turn the answer into the step's result."""
        if owned:
            self._outcome(call, "succeeded", response=response)
        try:
            result = self.steps.guard.run(lambda: handler.settle(ctx, json.loads(call.request_text), response))
            if not isinstance(result, StepResult):
                raise TypeError(f"settle answered {type(result).__name__} instead of StepResult")
            self.steps.succeed(live, token, result, now)
        except Exception as error:  # noqa: BLE001 - whatever a step's code raises is the step's failure
            self.steps.failed(live, token, step, handler, error, now)

    def _call_failed(
        self,
        live: LiveRun,
        token: Token,
        step: Step,
        handler: StepHandler,
        call: Call,
        error: BaseException,
        now: float,
    ) -> None:
        failure = classify(error, sent=True)
        unknown = state_after(failure) == "unknown"
        note = {"code": failure.code, "message": failure.message[:500]}
        if call.find:
            self._outcome(call, "unknown", error=note)
        elif handler.effect is EffectClass.METERED:
            if unknown:
                self._book_waste(live, token, handler, call.ctx, call, call.sends)
            self._abandon(handler, call.ctx, call.request_text, failure)
            self._outcome(call, "failed", error=note)
        else:
            self._outcome(call, "unknown" if unknown else "failed", error=note)
            if not unknown:
                self._abandon(handler, call.ctx, call.request_text, failure)
        doubtful = (unknown or call.find) and handler.effect is not EffectClass.METERED
        allowed = call.find or may_retry(handler.effect.value, failure, resend_when_unknown=handler.resend_when_unknown)
        failure = self._patient(failure, step, handler, doubtful=doubtful and not call.find)
        pause = self.steps.pause(token, step, handler, failure) if allowed else None
        if doubtful and pause is None:
            self._outcome(call, "review", error=note)
            live.apply(ev.Doubts(token.id, failure), now)
        else:
            live.apply(ev.Failed(token.id, failure, None if pause is None else now + pause), now)

    def _patient(self, failure: Failure, step: Step, handler: StepHandler, *, doubtful: bool) -> Failure:
        """A look-up must not overtake the call it asks about, so it waits until the call cannot be on its way any more."""
        if not doubtful or handler.effect is not EffectClass.LOOKUP:
            return failure
        quiet = (step.timeout_s or handler.timeout_s) + quiescence_s()
        return Failure(
            kind=failure.kind,
            code=failure.code,
            message=failure.message,
            retry_after=max(quiet, failure.retry_after or 0.0),
        )
