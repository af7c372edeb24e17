"""Rows about effects that one turn collects and writes: intents, claims taken over, outcomes, waste."""

import json
from collections.abc import Callable
from typing import Any

from apps.workflows.approvals.gate import Judged
from apps.workflows.contracts import StepContext, StepHandler
from apps.workflows.core import events as ev
from apps.workflows.core.state import Token
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.engine import store
from apps.workflows.engine.breaker import Breakers
from apps.workflows.engine.live import Call, LiveRun
from apps.workflows.engine.steps import StepRunner


class EffectRows:
    """Collects rows until ``flush``; ``calls`` is what may be sent once the transaction is committed."""

    def __init__(self, *, steps: StepRunner, breakers: Breakers) -> None:
        self.steps = steps
        self.breakers = breakers
        self.calls: list[tuple[LiveRun, Call]] = []
        self._new: list[tuple[LiveRun, Token, Call, dict[str, Any]]] = []
        self._asking: dict[str, Callable[[], None]] = {}
        self._taken: dict[str, dict[str, Any]] = {}
        self._outcomes: dict[str, dict[str, Any]] = {}

    def flush(self, now: float) -> None:
        """Write what was collected: claims taken over, new intents, outcomes. An intent somebody else just made waits its turn."""
        if self._taken:
            store.take_over(list(self._taken.values()))
            self._taken = {}
        self._write_intents(now)
        if self._outcomes:
            store.record_outcomes(list(self._outcomes.values()))
            self._outcomes = {}
        for ask in self._asking.values():
            ask()
        self._asking = {}

    def _write_intents(self, now: float) -> None:
        if self._new:
            fresh = store.intend([row for _live, _token, _call, row in self._new])
            for live, token, call, row in self._new:
                if row["state"] != "intended":
                    continue
                if call.key in fresh:
                    if not call.held:
                        self.calls.append((live, call))
                else:
                    busy = Failure(
                        kind=FailureKind.TRANSIENT, code="effect_busy", message="Another run is at the same effect."
                    )
                    self._asking.pop(call.effect_id, None)
                    live.apply(ev.Failed(token.id, busy, now + 1.0), now)
            self._new = []

    def _take(
        self, call: Call, state: str, error: dict[str, Any] | None = None, *, judged: Judged | None = None
    ) -> None:
        self._taken[call.effect_id] = {
            "id": call.effect_id,
            "state": state,
            "work": call.work_id,
            "fence": call.fence,
            "request": call.request_text,
            "hash": call.request_hash,
            "error": error,
            **(judged.columns() if judged is not None else {}),
        }

    def _outcome(self, call: Call, state: str, *, response: Any = None, error: dict[str, Any] | None = None) -> None:
        self._outcomes[call.effect_id] = {
            "id": call.effect_id,
            "state": state,
            "response": response,
            "error": error,
            "work": call.work_id,
            "fence": call.fence,
        }

    def _abandon(self, handler: StepHandler, ctx: StepContext, text: str, failure: Failure) -> None:
        if type(handler).abandon is not StepHandler.abandon:
            self.steps.guard.run(lambda: handler.abandon(ctx, json.loads(text), failure))

    def _book_waste(
        self, live: LiveRun, token: Token, handler: StepHandler, ctx: StepContext, call: Call, sends: int
    ) -> None:
        lines = handler.waste(ctx, json.loads(call.request_text))
        if lines is None:
            return
        for number, line in enumerate(lines):
            live.usage.append(
                {
                    "account": "waste",
                    "meter": line.meter,
                    "source": f"{call.key}:waste:{sends}:{number}",
                    "quantity": line.quantity,
                    "cost": line.cost_micros,
                    "path": token.path,
                    "detail": dict(line.detail),
                }
            )
        if not lines:
            live.usage.append(
                {
                    "account": "waste",
                    "meter": f"{handler.type}.calls",
                    "source": f"{call.key}:waste:{sends}",
                    "quantity": 1,
                    "cost": 0,
                    "path": token.path,
                    "detail": {},
                }
            )
