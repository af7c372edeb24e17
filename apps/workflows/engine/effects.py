"""Effects within one turn: intents before a byte leaves, outcomes together with the step's success.

Rules R1-R5: the intent is committed before sending; the key never depends on attempt, fence, time or model output; the request is
frozen with the intent (metered calls excepted, which may differ from attempt to attempt); one claim may send at a time; the
outcome of the effect and of the step commit together.
"""

import json
import logging
from collections.abc import Callable, Iterable
from typing import Any

from apps.core.ids import new_id
from apps.workflows.conf import quiescence_s
from apps.workflows.contracts import StepContext, StepHandler
from apps.workflows.core import events as ev
from apps.workflows.core.definition import Step, canonical
from apps.workflows.core.effects import EffectFacts, Move, effect_key, next_move, request_digest
from apps.workflows.core.state import Token
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.engine import store
from apps.workflows.engine.approving import EffectApprovals, Question
from apps.workflows.engine.breaker import Breakers
from apps.workflows.engine.failures import classify, connection_is_gone
from apps.workflows.engine.live import INTERRUPTED, Call, LiveRun
from apps.workflows.engine.plain_json import UnstorableValue, clean, storable
from apps.workflows.engine.steps import BadConfig, StepRunner, make_context
from apps.workflows.enums import EffectClass

logger = logging.getLogger(__name__)
REQUEST_LIMIT_BYTES = 2_000_000
NOT_JUDGED = {"risk": "", "reasons": [], "held": False}


class EffectRunner(EffectApprovals):
    """Begins, takes over and ends the effects of one turn."""

    def __init__(self, *, steps: StepRunner, breakers: Breakers, is_rehearsal: Callable[[], bool]) -> None:
        super().__init__(steps=steps, breakers=breakers)
        self.is_rehearsal = is_rehearsal

    def begin(self, lives: Iterable[LiveRun], now: float) -> None:
        """Start the effect of every ready effect step of these runs; afterwards ``calls`` holds what may be sent."""
        starting = [(live, token) for live in lives for token in self._take_effect_tokens(live)]
        if not starting:
            return
        by_place = {(live.id, token.id): self._key(live, token) for live, token in starting}
        known = {row[1]: row for row in store.load_effects(sorted(set(by_place.values())))}
        for live, token in starting:
            step = live.version.definition.steps[token.step]
            handler = self.steps.handlers[step.type]
            try:
                self._begin_one(live, token, step, handler, known.get(by_place[live.id, token.id]), now)
            except Exception as error:  # noqa: BLE001 - whatever a step's code raises is the step's failure
                self._refused(live, token, step, handler, error, now)

    def _take_effect_tokens(self, live: LiveRun) -> list[Token]:
        taken, kept = [], []
        for token in live.todo:
            handler = self.steps.handlers.get(live.version.definition.steps[token.step].type)
            mine = (
                handler is not None and handler.effect is not EffectClass.PURE and live.state.token(token.id) is token
            )
            (taken if mine else kept).append(token)
        live.todo.clear()
        live.todo.extend(kept)
        return taken

    def _key(self, live: LiveRun, token: Token) -> str:
        return effect_key(
            tenant=self.steps.tenant.id,
            run=live.key_run_id,
            path=token.step,
            loop_index=token.visit - 1,
            ordinal=0,
            generation=live.generation,
        )

    def _context(self, live: LiveRun, token: Token, step: Step, handler: StepHandler, now: float) -> StepContext:
        dry_run = handler.effect is not EffectClass.METERED and self.is_rehearsal()
        return make_context(
            live,
            token,
            step,
            handler,
            tenant=self.steps.tenant,
            now=now,
            dry_run=dry_run,
            validator=self.steps.validators[step.type],
        )

    def _begin_one(
        self, live: LiveRun, token: Token, step: Step, handler: StepHandler, row: store.Row | None, now: float
    ) -> None:
        ctx = self._context(live, token, step, handler, now)
        if live.shadow is not None:
            ctx = live.shadow.as_asked(ctx, step.type)
            if row is None and self._answered_inside(live, token, step, handler, ctx, now):
                return
        if row is None:
            self._intend(live, token, handler, ctx, now)
        else:
            self._carry_on(live, token, step, handler, ctx, row, now)

    def _answered_inside(
        self, live: LiveRun, token: Token, step: Step, handler: StepHandler, ctx: StepContext, now: float
    ) -> bool:
        """Whether a shadow's effect was answered without sending; only a model call somebody pays for is not."""
        from apps.workflows.whatif.answering import answer_inside

        reply = answer_inside(self, live, token, step, handler, ctx, now)
        if reply is None:
            return False
        call = self._call(live, token, handler, ctx, reply.pop("request"), str(new_id()))
        call.judged = self._judge(live, token, handler, call.request_text, dry_run=True)
        self._new.append((live, token, call, self._row(live, token, handler, call) | reply | {"dry_run": True}))
        return True

    def judges_held(self, live: LiveRun, token: Token, handler: StepHandler, text: str) -> bool:
        """Whether people would be asked before this request goes out."""
        return self._judge(live, token, handler, text, dry_run=True).held

    def _intend(self, live: LiveRun, token: Token, handler: StepHandler, ctx: StepContext, now: float) -> None:
        rehearsed = ctx.dry_run and not handler.handles_dry_run
        text = self._prepare(handler, ctx)
        judged = self._judge(live, token, handler, text, dry_run=rehearsed)
        if not rehearsed and not judged.held and self._held_back(live, token, handler, ctx, text, now):
            return
        call = self._call(live, token, handler, ctx, text, str(new_id()))
        call.held, call.judged = judged.held, judged
        row = self._row(live, token, handler, call)
        if rehearsed:
            row |= {"state": "succeeded", "response": {"dry_run": True, "would_ask": judged.held}}
            result = handler.rehearse(ctx, json.loads(text))
            self.steps.succeed(live, token, result, now)
        elif judged.held:
            self._ask_people(live, token, call, judged, now)
        else:
            live.apply(ev.Calls(token.id), now)
        self._new.append((live, token, call, row))

    @staticmethod
    def _row(live: LiveRun, token: Token, handler: StepHandler, call: Call) -> dict[str, Any]:
        return {
            "id": call.effect_id,
            "run": live.id,
            "path": token.path,
            "generation": live.generation,
            "type": handler.type,
            "class": handler.effect.value,
            "key": call.key,
            "request": call.request_text,
            "hash": call.request_hash,
            "dry_run": call.ctx.dry_run,
            "state": "intended",
            "work": call.work_id,
            "fence": call.fence,
            **(call.judged.columns() if call.judged is not None else NOT_JUDGED),
        }

    def _prepare(self, handler: StepHandler, ctx: StepContext) -> str:
        request = self.steps.guard.run(lambda: handler.prepare(ctx))
        storable(request, limit=REQUEST_LIMIT_BYTES)
        return clean(canonical(request))

    def _held_back(
        self, live: LiveRun, token: Token, handler: StepHandler, ctx: StepContext, text: str, now: float
    ) -> bool:
        """Whether an open breaker postpones the call."""
        key = handler.breaker_key(ctx, json.loads(text))
        pause = self.breakers.pause(self.steps.tenant.id, key) if key else 0.0
        if pause <= 0:
            return False
        failure = Failure(
            kind=FailureKind.THROTTLED, code="breaker_open", message="The service is failing; calls to it are paused."
        )
        self._abandon(handler, ctx, text, failure)
        live.apply(ev.Failed(token.id, failure, now + pause), now)
        return True

    def _call(
        self, live: LiveRun, token: Token, handler: StepHandler, ctx: StepContext, text: str, effect_id: str
    ) -> Call:
        return Call(
            run_id=live.id,
            token=token.id,
            effect_id=effect_id,
            key=ctx.key,
            type=handler.type,
            request_text=text,
            request_hash=request_digest(text),
            work_id=live.work.id,
            fence=live.work.fence,
            ctx=ctx,
            breaker=handler.breaker_key(ctx, json.loads(text)),
        )

    def _carry_on(
        self,
        live: LiveRun,
        token: Token,
        step: Step,
        handler: StepHandler,
        ctx: StepContext,
        row: store.Row,
        now: float,
    ) -> None:
        (
            effect_id,
            _key,
            effect_class,
            state,
            text,
            digest,
            _work,
            _fence,
            sends,
            first_sent,
            sent,
            response,
            evidence,
            risk,
            held,
            asked,
        ) = row
        if request_digest(text) != digest:
            raise UnstorableValue(
                "request_changed", "The stored request does not match its recorded hash; it is not sent."
            )
        call = self._call(live, token, handler, ctx, text, effect_id)
        call.held = held
        if state == "succeeded" or evidence is not None:
            if state != "succeeded":
                self._take(call, "unknown")
            self._finish(
                live,
                token,
                step,
                handler,
                ctx,
                call,
                json.loads(response if state == "succeeded" else evidence),
                now,
                owned=state != "succeeded",
            )
            return
        facts = EffectFacts(
            effect_class=effect_class,
            state=state,
            first_sent_at=first_sent,
            sent_at=sent,
            key_window_s=handler.key_window_s,
            timeout_s=step.timeout_s or handler.timeout_s,
            quiescence_s=quiescence_s(),
            resend_when_unknown=handler.resend_when_unknown,
            can_find=type(handler).find is not StepHandler.find,
        )
        plan = next_move(facts, now=now)
        if plan.move is Move.SEND:
            question = Question.of(asked, was_judged=bool(risk))
            fresh = state == "intended" and sends == 0
            self._send_again(
                live, token, handler, ctx, call, now, sends=sends, waste=plan.waste, question=question, fresh=fresh
            )
        elif plan.move is Move.FIND:
            call.find = True
            self._take(call, "unknown")
            live.apply(ev.Calls(token.id), now)
            self.calls.append((live, call))
        elif plan.move is Move.WAIT:
            self._take(call, "unknown")
            live.apply(ev.Failed(token.id, INTERRUPTED, plan.at), now)
        else:
            self._take(call, "review")
            live.apply(ev.Doubts(token.id, INTERRUPTED), now)

    def _send_again(
        self,
        live: LiveRun,
        token: Token,
        handler: StepHandler,
        ctx: StepContext,
        call: Call,
        now: float,
        *,
        sends: int,
        waste: bool,
        question: Question,
        fresh: bool,
    ) -> None:
        if handler.effect is EffectClass.METERED and not (call.held and fresh):
            if waste:
                self._book_waste(live, token, handler, ctx, call, sends)
            self._abandon(handler, ctx, call.request_text, INTERRUPTED)
            call.request_text = self._prepare(handler, ctx)
            call.request_hash = request_digest(call.request_text)
        if not self._may_be_sent(live, token, handler, call, question, now):
            return
        if self._held_back(live, token, handler, ctx, call.request_text, now):
            return
        self._take(call, "intended", judged=call.judged)
        live.apply(ev.Calls(token.id), now)
        self.calls.append((live, call))

    def _refused(
        self, live: LiveRun, token: Token, step: Step, handler: StepHandler, error: Exception, now: float
    ) -> None:
        """Preparing failed, so nothing was sent."""
        if connection_is_gone(error):
            raise error
        failure = (
            Failure(kind=FailureKind.PERMANENT, code="bad_config", message=str(error))
            if isinstance(error, BadConfig)
            else classify(error, sent=False)
        )
        if failure.kind is FailureKind.POISON:
            logger.error("effect could not be prepared", exc_info=error, extra={"run": live.id, "step": token.path})
        self.steps.fail(live, token, step, handler, failure, now)
