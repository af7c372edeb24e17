"""The state machine: ``(definition, state, event) -> (new state, actions)``.

No clock, no chance, no I/O: the same events give the same states and actions, which is what makes a recorded run replayable.
An event for a token that is gone or in another phase changes nothing, so a late or doubled event is harmless.
"""

from dataclasses import replace

from apps.workflows.core import events as ev
from apps.workflows.core.definition import CONTROL_TYPES, Definition
from apps.workflows.core.moves import PLACES, TokenMoves, scope_of
from apps.workflows.core.state import APPROVAL, Facts, Phase, RunState, Status, Token
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.core.values import Json

__all__ = ["apply", "pending", "scope_of"]

OPEN = (Phase.READY, Phase.CALLING, Phase.WAITING, Phase.REVIEW)
# The phases in which a token takes an event about itself; in any other the event is late and changes nothing.
PHASES: dict[type, tuple[Phase, ...]] = {
    ev.Succeeded: OPEN,
    ev.Failed: OPEN,
    ev.Calls: (Phase.READY,),
    ev.Doubts: (Phase.READY, Phase.CALLING),
    ev.TriesAgain: (Phase.CALLING, Phase.REVIEW),
    ev.Waits: (Phase.READY, Phase.WAITING),
    ev.Released: (Phase.WAITING,),
    ev.Sleeps: (Phase.READY,),
}


def apply(
    definition: Definition, state: RunState, event: ev.Event, facts: Facts
) -> tuple[RunState, tuple[ev.Action, ...]]:
    """The state after ``event`` and what to do now. A run that has ended takes no event, a failed one only ``Retries``."""
    if state.ended and not (state.status is Status.FAILED and isinstance(event, ev.Retries)):
        return state, ()
    turn = _Turn(definition, state, facts)
    turn.take(event)
    return turn.result()


def pending(state: RunState) -> tuple[Token, ...]:
    """Tokens whose step must be run or whose call must be looked into, after a run was loaded from storage."""
    return tuple(token for token in state.tokens if token.phase in (Phase.READY, Phase.CALLING))


class _Turn(TokenMoves):
    """What each kind of event does to the tokens."""

    def take(self, event: ev.Event) -> None:
        """Let the event happen."""
        match event:
            case ev.Begin():
                if not self.tokens and not self.steps:
                    self.enter(self.definition.start, ())
            case ev.TimePassed(now):
                self._time(now)
            case ev.Cancels(reason):
                self._cancel(reason)
            case ev.Retries():
                self._retry(event)
            case _:
                token = self.tokens.get(event.token)
                if token is not None and token.phase in PHASES[type(event)]:
                    self._take_for(token, event)

    def _take_for(self, token: Token, event: ev.TokenEvent) -> None:
        match event:
            case ev.Succeeded(_, output, summary):
                self._succeed(token, output, summary)
            case ev.Failed(_, failure, retry_at):
                self._fail(token, failure, retry_at)
            case ev.Calls():
                self._rest(replace(token, phase=Phase.CALLING), "running")
            case ev.Doubts(_, failure):
                self._doubt(token, failure)
            case ev.TriesAgain(_, failure):
                self.record(token, "failed", failure=failure)
                self._ready(token)
            case ev.Waits(_, name, until, early, summary, person):
                waiting = replace(
                    token, phase=Phase.WAITING, event=name, wake_at=until, accept_early=early, person=person
                )
                self._rest(waiting, "review" if person else "waiting", summary=summary)
            case ev.Released():
                if token.event == APPROVAL:
                    self._ready(token, count=False)
            case ev.Sleeps(_, until, again):
                then = "again" if again else "done"
                self._rest(replace(token, phase=Phase.SLEEPING, wake_at=until, then=then), "waiting")

    def _succeed(self, token: Token, output: Json, summary: str) -> None:
        del self.tokens[token.id]
        self.results[token.step] = {"output": output, "visits": token.visit}
        self.record(token, "succeeded", output=output, summary=summary)
        self.note_last(token)
        self.enter(self.definition.steps[token.step].next, token.frames)

    def _fail(self, token: Token, failure: Failure, retry_at: float | None) -> None:
        if retry_at is not None and self.error is None:
            self.record(token, "failed", failure=failure)
            self.tokens[token.id] = replace(token, phase=Phase.SLEEPING, wake_at=retry_at, then="retry", event="")
            return
        self.tokens.pop(token.id, None)
        self.finish_failed(token, failure)

    def _doubt(self, token: Token, failure: Failure) -> None:
        if self.error is not None:
            self.tokens.pop(token.id, None)
            self.record(token, "review", failure=failure)
            self.parked = (*self.parked, token)
            return
        self.tokens[token.id] = replace(token, phase=Phase.REVIEW)
        self.record(token, "review", failure=failure)

    def _time(self, now: float) -> None:
        for token in sorted(self.tokens.values(), key=lambda t: t.id):
            if self.tokens.get(token.id) is not token or token.wake_at is None or token.wake_at > now:
                continue
            if token.phase is Phase.WAITING:
                failure = Failure(
                    kind=FailureKind.PERMANENT, code="wait_timeout", message=f"No {token.event!r} came in time."
                )
                del self.tokens[token.id]
                self.finish_failed(token, failure)
            elif token.phase is Phase.SLEEPING and token.then == "done":
                self._succeed(token, {}, "")
            elif token.phase is Phase.SLEEPING:
                self._ready(token, count=token.then == "retry")

    def _cancel(self, reason: str) -> None:
        for token in self.tokens.values():
            if token.phase is not Phase.JOINED:
                self.record(token, "cancelled", summary=reason)
        self.tokens.clear()
        self.status = Status.CANCELLED
        self.error = {"code": "cancelled", "message": reason, "path": ""}
        self.actions.append(ev.Ended(self.status))

    def _retry(self, event: ev.Retries) -> None:
        if self.status is not Status.FAILED:
            return
        self.status, self.error, self.output = Status.RUNNING, None, None
        self.attempts = dict(event.attempts)
        parked, self.parked = self.parked, ()
        if event.step:
            self.tokens.clear()
            self.loops.clear()
            self.visits, self.results = dict(event.visits), dict(event.results)
            self.enter(event.step, ())
            return
        for token in parked:
            if token.phase in PLACES:
                self.tokens[token.id] = token
        for token in (token for token in parked if token.phase not in PLACES):
            if token.visit > self.visits.get(token.step, 0):
                self.enter(token.step, token.frames)
            else:
                self._resume_parked(token)
        self._unblock()

    def _unblock(self) -> None:
        """Joins and loops whose last inner token finished while the run was failing go on now."""
        for token in [token for token in self.tokens.values() if token.phase in PLACES]:
            if token.id not in self.tokens:
                continue
            if token.phase is Phase.JOINED:
                self._merge(token.frames)
            else:
                self.record(token, "running")
                self._leave((*token.frames, (token.path, token.step)))

    def _resume_parked(self, token: Token) -> None:
        base = self.attempts.get(token.path, token.attempt)
        self.seq += 1
        token = replace(token, attempt=base + 1, base=base, seq=self.seq)
        step = self.definition.steps[token.step]
        if step.type in CONTROL_TYPES:
            self._control(step, token)
        else:
            self._ready(token, count=False)
