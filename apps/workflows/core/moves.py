"""How tokens move through the graph: entering steps, parallel sections, joins and loops, failing and ending."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from apps.workflows.core import events as ev
from apps.workflows.core import loops
from apps.workflows.core.definition import CONTROL_TYPES, MAX_STEPS_PER_RUN, Definition, Step
from apps.workflows.core.state import Facts, Frames, Loop, Phase, RunState, Status, Token
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.core.values import Json, Scope, ValueProblem

# Phases that outlast a failure: the token holds a place for others and is not run itself.
PLACES = (Phase.JOINED, Phase.LOOPING)


def scope_of(state: RunState, facts: Facts, visit: int, frames: Frames = ()) -> Scope:
    """What references of a step can see; inside loops ``loop`` has the item, ``loop.outer`` is the loop around."""
    return {
        "inputs": facts.inputs,
        "steps": state.results,
        "run": facts.run,
        "loop": _loop_scope(state.loops, visit, frames),
    }


def _loop_scope(known: Mapping[str, Loop], visit: int, frames: Frames) -> dict[str, Json]:
    scope: dict[str, Json] = {"visit": visit, "index": visit - 1}
    around: dict[str, Json] = {}
    for path, _step in frames if known else ():
        loop = known.get(path)
        if loop is not None:
            scope = {"visit": visit, "index": loop.index, "item": loop.items[loop.index], "count": len(loop.items)}
            around = scope = scope | ({"outer": around} if around else {})
    return scope


class TokenMoves:
    """One application of an event: a private mutable copy that becomes the next immutable state."""

    def __init__(self, definition: Definition, state: RunState, facts: Facts) -> None:
        self.definition = definition
        self.facts = facts
        self.tokens: dict[int, Token] = {token.id: token for token in state.tokens}
        self.visits = dict(state.visits)
        self.results = dict(state.results)
        self.attempts = dict(state.attempts)
        self.loops = dict(state.loops)
        self._todo: list[Callable[[], None]] = []
        self._moving = False
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
            self.loops,
        )
        return state, tuple(self.actions)

    def enter(self, step_id: str | None, frames: Frames) -> None:
        """Put a token on a step, passing through steps the machine answers itself: depth first, without recursion."""
        self._todo.append(lambda: self._enter(step_id, frames))
        self._move()

    def _move(self) -> None:
        if self._moving:
            return
        self._moving = True
        while self._todo:
            self._todo.pop()()
        self._moving = False

    def _enter(self, step_id: str | None, frames: Frames) -> None:
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
        times = self._times(step_id, visit, frames)
        if times > step.max_visits or self.steps >= MAX_STEPS_PER_RUN:
            limit = (
                f"visited more than {step.max_visits} times"
                if times > step.max_visits
                else f"step number {self.steps + 1}"
            )
            self._stop(
                token, Failure(kind=FailureKind.PERMANENT, code="visit_limit", message=f"{step_id} was {limit}.")
            )
            return
        self.visits[step_id] = visit
        self.steps += 1
        if step.type in CONTROL_TYPES:
            self._control(step, token)
        else:
            self._ready(token, count=False)

    def _times(self, step_id: str, visit: int, frames: Frames) -> int:
        """Which visit this is; inside a loop they are counted anew for every item."""
        path = self._innermost(frames)
        if path is None:
            return visit
        loop = self.loops[path]
        times = loop.visits.get(step_id, 0) + 1
        self.loops[path] = replace(loop, visits={**loop.visits, step_id: times})
        return times

    def _innermost(self, frames: Frames) -> str | None:
        """Path of the loop around, None outside of loops."""
        return next((path for path, _step in reversed(frames) if path in self.loops), None) if self.loops else None

    def note_last(self, token: Token) -> None:
        """Remember for the loop around which step finished latest."""
        path = self._innermost(token.frames)
        if path is not None:
            self.loops[path] = replace(self.loops[path], last=token.step)

    def _new_token(self, step: Step, visit: int, frames: Frames, phase: Phase = Phase.READY) -> Token:
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
        self.record(token, state, summary=summary)

    def _leave(self, frames: Frames) -> None:
        """A token came to an end inside ``frames``: joins and loops that only waited for it go on."""
        if self.error is not None:
            return
        for depth in range(len(frames), 0, -1):
            frame = frames[depth - 1]
            if any(frame in token.frames for token in self.tokens.values()):
                self._merge(frames[:depth])
                return
            if frame[0] in self.loops:
                loops.end_item(self, frames[:depth])
                return

    def _merge(self, frames: Frames) -> None:
        group = [token for token in self.tokens.values() if frames[-1] in token.frames]
        if frames[-1][0] in self.loops or any(
            token.phase is not Phase.JOINED or token.frames != frames for token in group
        ):
            return
        for token in group:
            del self.tokens[token.id]
        join = self.definition.steps[frames[-1][1]]
        visit = self.visits[join.id] = self.visits.get(join.id, 0) + 1
        self.steps += 1
        merged = self._new_token(join, visit, frames[:-1])
        self.settle_control(join, merged, {"arrived": len(group)})
        self.note_last(merged)
        self.enter(join.next, frames[:-1])

    def _control(self, step: Step, token: Token) -> None:
        if step.type in ("switch", "condition"):
            try:
                chosen, target = self._choose(step, token)
            except ValueProblem as problem:
                failure = Failure(kind=FailureKind.PERMANENT, code=problem.code, message=str(problem))
                self.finish_failed(token, failure)
                return
            answer: Json = {"next": target} if step.type == "switch" else {"next": target, "result": chosen}
            self.settle_control(step, token, answer)
            self.enter(target, token.frames)
        elif step.type == "loop":
            loops.begin(self, step, token)
        elif step.type == "parallel":
            self.settle_control(step, token, {"branches": list(step.branches)})
            frames = (*token.frames, (token.path, step.join))
            # All branches stand before any runs, so that a short one cannot close the group before the others began.
            self.tokens[-token.id] = replace(token, id=-token.id, phase=Phase.REVIEW, frames=frames)
            self._todo.append(lambda: self._all_stand(token.id, frames))
            self._todo += [lambda branch=branch: self._enter(branch, frames) for branch in reversed(step.branches)]  # type: ignore[misc]
            self._move()
        else:
            self.settle_control(step, token, {"arrived": 1})
            self.enter(step.next, token.frames)

    def _all_stand(self, placeholder: int, frames: Frames) -> None:
        self.tokens.pop(-placeholder, None)
        self._leave(frames)

    def _choose(self, step: Step, token: Token) -> tuple[bool, str | None]:
        scope = self.scope(token.visit, token.frames)
        for case in step.cases:
            if case.when(scope):
                return True, case.next
        return False, step.default

    def settle_control(self, step: Step, token: Token, output: Json) -> None:
        self.results[step.id] = {"output": output, "visits": token.visit}
        self.record(token, "succeeded", output=output)

    def finish_failed(self, token: Token, failure: Failure) -> None:
        """A step has failed for good: its error route, or the end of the run."""
        step = self.definition.steps[token.step]
        timed_out = failure.code == "wait_timeout" and step.on_timeout
        route = step.on_timeout if timed_out else step.on_error
        if self.error is not None or not route:
            self._stop(token, failure)
            return
        self.record(token, "failed", failure=failure)
        self.results[token.step] = {"error": {"code": failure.code, "message": failure.message}, "visits": token.visit}
        self.enter(route, token.frames)

    def _stop(self, token: Token, failure: Failure) -> None:
        """The run fails. Calls under way are let finish; everything else is parked for a later retry."""
        self.record(token, "failed", failure=failure)
        self.tokens.pop(token.id, None)
        parked = [token if token.phase in PLACES else replace(token, phase=Phase.READY)]
        if self.error is None:
            self.error = {"code": failure.code, "message": failure.message, "path": token.path}
        for other in [t for t in self.tokens.values() if t.phase is not Phase.CALLING]:
            del self.tokens[other.id]
            if other.id > 0:
                parked.append(other if other.phase in PLACES else replace(other, phase=Phase.READY))
                if other.phase is Phase.LOOPING:
                    self.record(other, "failed", failure=failure)
                if other.phase in (Phase.WAITING, Phase.REVIEW):
                    self.record(other, "cancelled")
        self.actions = [action for action in self.actions if not isinstance(action, ev.Execute)]
        self.parked = (*self.parked, *parked)

    def _end(self) -> None:
        if self.error is None and self.definition.output is not None:
            try:
                self.output = self.definition.output(self.scope(1, ()))
            except ValueProblem as problem:
                self.error = {"code": problem.code, "message": str(problem), "path": "output"}
        self.status = Status.SUCCEEDED if self.error is None else Status.FAILED
        self.actions.append(ev.Ended(self.status))

    def scope(self, visit: int, frames: Frames) -> Scope:
        """What a value sees at this moment (see ``scope_of``)."""
        return scope_of(RunState(results=self.results, loops=self.loops), self.facts, visit, frames)

    def record(
        self, token: Token, state: str, *, output: Json = None, failure: Failure | None = None, summary: str = ""
    ) -> None:
        error = {"code": failure.code, "message": failure.message} if failure else None
        step = self.definition.steps[token.step]
        self.actions.append(
            ev.Record(token.seq, token.path, token.step, step.type, token.attempt, state, output, error, summary)
        )
