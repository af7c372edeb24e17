"""How tokens move through the graph: entering steps, parallel sections and joins, failing and ending."""

from dataclasses import replace

from apps.workflows.core import events as ev
from apps.workflows.core.definition import MAX_STEPS_PER_RUN, Definition, Step
from apps.workflows.core.state import Facts, Phase, RunState, Status, Token
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.core.values import Json, Scope, ValueProblem


def scope_of(state: RunState, facts: Facts, visit: int) -> Scope:
    """What references of a step can see."""
    return {
        "inputs": facts.inputs,
        "steps": state.results,
        "run": facts.run,
        "loop": {"visit": visit, "index": visit - 1},
    }


class TokenMoves:
    """One application of an event: a private mutable copy that becomes the next immutable state."""

    def __init__(self, definition: Definition, state: RunState, facts: Facts) -> None:
        self.definition = definition
        self.facts = facts
        self.tokens: dict[int, Token] = {token.id: token for token in state.tokens}
        self.visits = dict(state.visits)
        self.results = dict(state.results)
        self.attempts = dict(state.attempts)
        self.next_token, self.seq, self.steps = state.next_token, state.seq, state.steps
        self.status, self.error, self.parked, self.output = state.status, state.error, state.parked, state.output
        self.actions: list[ev.Action] = []

    def result(self) -> tuple[RunState, tuple[ev.Action, ...]]:
        if self.status is Status.RUNNING and not self.tokens:
            self._end()
        state = RunState(
            self.status,
            tuple(self.tokens.values()),
            self.visits,
            self.results,
            self.attempts,
            self.next_token,
            self.seq,
            self.steps,
            self.error,
            self.parked,
            self.output,
        )
        return state, tuple(self.actions)

    def _enter(self, step_id: str | None, frames: tuple[tuple[str, str], ...]) -> None:
        """Put a token on a step, passing through steps the machine answers itself."""
        if step_id is None:
            self._leave(frames)
            return
        step = self.definition.steps[step_id]
        if self.error is not None:
            self.parked = (*self.parked, self._new_token(step, self.visits.get(step_id, 0) + 1, frames))
            return
        if step.type == "join" and frames and frames[-1][1] == step_id:
            token = self._new_token(step, 0, frames, phase=Phase.JOINED)
            self.tokens[token.id] = token
            self._merge(frames)
            return
        visit = self.visits.get(step_id, 0) + 1
        token = self._new_token(step, visit, frames)
        if visit > step.max_visits or self.steps >= MAX_STEPS_PER_RUN:
            limit = (
                f"visited more than {step.max_visits} times"
                if visit > step.max_visits
                else f"step number {self.steps + 1}"
            )
            self._stop(
                token, Failure(kind=FailureKind.PERMANENT, code="visit_limit", message=f"{step_id} was {limit}.")
            )
            return
        self.visits[step_id] = visit
        self.steps += 1
        if step.type in ("switch", "parallel", "join"):
            self._control(step, token)
        else:
            self._ready(token, count=False)

    def _new_token(
        self, step: Step, visit: int, frames: tuple[tuple[str, str], ...], phase: Phase = Phase.READY
    ) -> Token:
        path = step.id if visit <= 1 else f"{step.id}#{visit}"
        base = self.attempts.get(path, 0)
        self.seq += 1
        token = Token(self.next_token, step.id, visit, phase, base + 1, base, self.seq, frames=frames)
        self.next_token += 1
        return token

    def _ready(self, token: Token, *, count: bool = True) -> None:
        """Run the token's step now; ``count`` makes it a further attempt with its own line of history."""
        if count:
            self.seq += 1
            token = replace(token, attempt=token.attempt + 1, seq=self.seq)
        token = replace(token, phase=Phase.READY, event="", wake_at=None, then="", person=False)
        self.tokens[token.id] = token
        self.actions.append(ev.Execute(token))

    def _rest(self, token: Token, state: str, *, summary: str = "") -> None:
        self.tokens[token.id] = token
        self._record(token, state, summary=summary)

    def _leave(self, frames: tuple[tuple[str, str], ...]) -> None:
        """A token came to an end inside ``frames``: joins that only waited for it go on."""
        if self.error is not None:
            return
        for depth in range(len(frames), 0, -1):
            if any(frames[depth - 1] in token.frames for token in self.tokens.values()):
                self._merge(frames[:depth])
                return

    def _merge(self, frames: tuple[tuple[str, str], ...]) -> None:
        group = [token for token in self.tokens.values() if frames[-1] in token.frames]
        if any(token.phase is not Phase.JOINED or token.frames != frames for token in group):
            return
        for token in group:
            del self.tokens[token.id]
        join = self.definition.steps[frames[-1][1]]
        visit = self.visits[join.id] = self.visits.get(join.id, 0) + 1
        self.steps += 1
        merged = self._new_token(join, visit, frames[:-1])
        self._settle_control(join, merged, {"arrived": len(group)})
        self._enter(join.next, frames[:-1])

    def _control(self, step: Step, token: Token) -> None:
        if step.type == "switch":
            try:
                target = self._choose(step, token.visit)
            except ValueProblem as problem:
                failure = Failure(kind=FailureKind.PERMANENT, code=problem.code, message=str(problem))
                self._finish_failed(token, failure)
                return
            self._settle_control(step, token, {"next": target})
            self._enter(target, token.frames)
        elif step.type == "parallel":
            self._settle_control(step, token, {"branches": list(step.branches)})
            frames = (*token.frames, (token.path, step.join))
            # All branches stand before any runs, so that a short one cannot close the group before the others began.
            self.tokens[-token.id] = replace(token, id=-token.id, phase=Phase.REVIEW, frames=frames)
            for branch in step.branches:
                self._enter(branch, frames)
            self.tokens.pop(-token.id, None)
            self._leave(frames)
        else:
            self._settle_control(step, token, {"arrived": 1})
            self._enter(step.next, token.frames)

    def _choose(self, step: Step, visit: int) -> str | None:
        scope = scope_of(self._view(), self.facts, visit)
        for case in step.cases:
            if case.when(scope):
                return case.next
        return step.default

    def _settle_control(self, step: Step, token: Token, output: Json) -> None:
        self.results[step.id] = {"output": output, "visits": token.visit}
        self._record(token, "succeeded", output=output)

    def _finish_failed(self, token: Token, failure: Failure) -> None:
        """A step has failed for good: its error route, or the end of the run."""
        step = self.definition.steps[token.step]
        timed_out = failure.code == "wait_timeout" and step.on_timeout
        route = step.on_timeout if timed_out else step.on_error
        if self.error is not None or not route:
            self._stop(token, failure)
            return
        self._record(token, "failed", failure=failure)
        self.results[token.step] = {"error": {"code": failure.code, "message": failure.message}, "visits": token.visit}
        self._enter(route, token.frames)

    def _stop(self, token: Token, failure: Failure) -> None:
        """The run fails. Calls under way are let finish; everything else is parked for a later retry."""
        self._record(token, "failed", failure=failure)
        self.tokens.pop(token.id, None)
        parked = [replace(token, phase=Phase.READY)]
        if self.error is None:
            self.error = {"code": failure.code, "message": failure.message, "path": token.path}
        for other in [t for t in self.tokens.values() if t.phase is not Phase.CALLING]:
            del self.tokens[other.id]
            if other.id > 0:
                parked.append(other if other.phase is Phase.JOINED else replace(other, phase=Phase.READY))
                if other.phase in (Phase.WAITING, Phase.REVIEW):
                    self._record(other, "cancelled")
        self.actions = [action for action in self.actions if not isinstance(action, ev.Execute)]
        self.parked = (*self.parked, *parked)

    def _end(self) -> None:
        if self.error is None and self.definition.output is not None:
            try:
                self.output = self.definition.output(scope_of(self._view(), self.facts, 1))
            except ValueProblem as problem:
                self.error = {"code": problem.code, "message": str(problem), "path": "output"}
        self.status = Status.SUCCEEDED if self.error is None else Status.FAILED
        self.actions.append(ev.Ended(self.status))

    def _view(self) -> RunState:
        return RunState(results=self.results)

    def _record(
        self, token: Token, state: str, *, output: Json = None, failure: Failure | None = None, summary: str = ""
    ) -> None:
        error = {"code": failure.code, "message": failure.message} if failure else None
        step = self.definition.steps[token.step]
        self.actions.append(
            ev.Record(token.seq, token.path, token.step, step.type, token.attempt, state, output, error, summary)
        )
