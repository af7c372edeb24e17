"""One turn for one tenant: load, advance, checkpoint in one transaction, then send what was intended.

Nothing is written for a run unless dispatch accepted its fence first, in the same transaction. A turn can be made again from the
database at any point: whatever was not committed did not happen, whatever was committed is found.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import ClaimedWork, Settlement
from apps.dispatch.enums import WorkState
from apps.tenants.contracts import TenantRef
from apps.workflows.conf import STEPS_PER_CHECKPOINT
from apps.workflows.contracts import StepHandler
from apps.workflows.core import events as ev
from apps.workflows.core.state import APPROVAL, Phase
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.engine import store
from apps.workflows.engine.breaker import Breakers
from apps.workflows.engine.checkpoint import Checkpoint
from apps.workflows.engine.effects import EffectRunner
from apps.workflows.engine.live import Call, LiveRun, Version
from apps.workflows.engine.steps import StepRunner
from apps.workflows.faultpoints import reach
from apps.workflows.whatif.shadow import load_shadows

logger = logging.getLogger(__name__)
PERSON_SAID = Failure(kind=FailureKind.UNKNOWN, code="resolved", message="A person decided about the earlier attempt.")


@dataclass(slots=True)
class Answer:
    """What a call submitted to the lanes came back with."""

    work: ClaimedWork
    call: Call
    result: Any
    error: BaseException | None


@dataclass(slots=True)
class Outcome:
    """What the engine must remember after a committed turn."""

    kept: list[LiveRun]
    released: list[int]
    lost: list[int]
    calls: list[tuple[LiveRun, Call]]


class Turn(Checkpoint):
    """The work of one transaction for one tenant."""

    def __init__(
        self,
        *,
        tenant: TenantRef,
        handlers: Mapping[str, StepHandler],
        validators: Mapping[str, Any],
        breakers: Breakers,
        versions: Callable[[Iterable[str]], Mapping[str, Version]],
        is_rehearsal: Callable[[], bool],
    ) -> None:
        self.tenant = tenant
        self.handlers = handlers
        self.versions = versions
        self.steps = StepRunner(tenant=tenant, handlers=handlers, validators=validators)
        self.effects = EffectRunner(steps=self.steps, breakers=breakers, is_rehearsal=is_rehearsal)
        self.now = 0.0

    def run(
        self,
        fresh: Sequence[ClaimedWork],
        held: Sequence[LiveRun],
        answers: Sequence[Answer],
        under_way: Mapping[int, dict[int, Call]],
    ) -> Outcome:
        """Advance freshly claimed items and runs held in memory whose calls came back. Raises database errors; then nothing
        was written and everything must be loaded again, with the calls ``under_way`` by work id and token."""
        with transaction.atomic():
            lives, gone = self._load(fresh, under_way)
            reach("turn.loaded")
            lives += held
            by_id = {live.work.id: live for live in lives}
            for live in lives:
                self._advance_in_memory(live)
            fenced = self._fence(lives, answers)
            reach("turn.fenced")
            lost = [live.work.id for live in lives if live.work.id in fenced.refused]
            lives = [live for live in lives if live.work.id not in fenced.refused]
            self._touch_the_world(
                [live for live in lives if live.work.id in fenced.accepted],
                [answer for answer in answers if answer.work.id in fenced.accepted],
                by_id,
            )
            lost += self._checkpoint(lives, gone)
            self._before_commit(answers)
        self._after_commit(answers)
        lost_ids = set(lost)
        lives = [live for live in lives if live.work.id not in lost_ids]
        for live in lives:
            live.clear_turn()
        kept = [live for live in lives if not live.ended and live.calls]
        released = [live.work.id for live in lives if live.ended or not live.calls] + [work.id for work in gone]
        return Outcome(
            kept=kept,
            released=released,
            lost=lost,
            calls=[pair for pair in self.effects.calls if pair[0].work.id not in lost_ids],
        )

    def _before_commit(self, answers: Sequence[Answer]) -> None:
        if self.effects.calls:
            reach("intent.before_commit")
        if answers:
            reach("result.before_commit")
        reach("checkpoint.before_commit")

    def _after_commit(self, answers: Sequence[Answer]) -> None:
        if self.effects.calls:
            reach("intent.after_commit")
        if answers:
            reach("result.after_commit")
        reach("checkpoint.after_commit")

    # -- loading ------------------------------------------------------------------------------------------------------

    def _load(
        self, fresh: Sequence[ClaimedWork], under_way: Mapping[int, dict[int, Call]]
    ) -> tuple[list[LiveRun], list[ClaimedWork]]:
        if not fresh:
            self.now = store.database_clock()
            return [], []
        by_ref = {work.ref: work for work in fresh}
        rows = store.load_runs(list(by_ref))
        versions = self.versions({row[1] for row in rows})
        shadows = load_shadows(rows)
        lives = []
        for row in rows:
            self.now = row[11]
            work = by_ref.pop(row[0])
            lives.append(LiveRun.load(work, row, versions[row[1]], under_way.get(work.id, {}), shadows.get(row[0])))
        return lives, list(by_ref.values())

    def _advance_in_memory(self, live: LiveRun) -> None:
        self.steps.advance(live, self.now, in_memory_only=True)

    # -- steps that need the database or the world ---------------------------------------------------------------------

    def _fence(self, lives: Sequence[LiveRun], answers: Sequence[Answer]) -> "_Fenced":
        """Make sure of the claims whose runs are about to touch the database, for long enough to finish the step."""
        answered = {answer.work.id for answer in answers}
        wanted = [live for live in lives if live.work.id in answered or live.events or self._needs_database(live)]
        if not wanted:
            return _Fenced(frozenset(), frozenset())
        for live in wanted:
            live.held_until_s = self._time_needed(live)
        accepted = dispatch.settle(
            [
                Settlement(
                    work_id=live.work.id,
                    fence=live.work.fence,
                    to=WorkState.RUNNING,
                    keep_running_until_s=live.held_until_s,
                )
                for live in wanted
            ]
        )
        return _Fenced(accepted, frozenset(live.work.id for live in wanted) - accepted)

    def _needs_database(self, live: LiveRun) -> bool:
        return any(live.version.definition.steps[token.step].type in self.handlers for token in live.todo)

    def _touch_the_world(self, lives: list[LiveRun], answers: list[Answer], by_id: Mapping[int, LiveRun]) -> None:
        self._fetch_events(lives)
        for answer in answers:
            self.effects.answered(by_id[answer.work.id], answer.call, answer.result, answer.error, self.now)
        self.effects.flush(self.now)
        while True:
            for live in lives:
                self._resolved_by_person(live)
                self.steps.deliver_events(live, self.now)
                self.steps.advance(live, self.now, in_memory_only=False)
            self.effects.begin(lives, self.now)
            self.effects.flush(self.now)
            if not any(self._can_go_on(live) for live in lives):
                break
        for live, call in self.effects.calls:
            live.calls[call.token] = call

    def _can_go_on(self, live: LiveRun) -> bool:
        return bool(live.todo) and not live.blocked and live.steps_done < STEPS_PER_CHECKPOINT

    def _fetch_events(self, lives: Iterable[LiveRun]) -> None:
        """Runs held in memory learn of signals that came while a call was under way."""
        waiting = {live.id: live for live in lives if live.calls and live.phases() & {Phase.WAITING, Phase.REVIEW}}
        if waiting:
            for run_id, events in store.load_events(waiting):
                waiting[run_id].events = events

    def _resolved_by_person(self, live: LiveRun) -> None:
        for event_id, name, _slot, payload in list(live.events):
            if name == APPROVAL:
                self._released(live, event_id, payload)
            if name != "$effect":
                continue
            live.consumed.append(event_id)
            live.events = [event for event in live.events if event[0] != event_id]
            for token in live.state.tokens:
                if token.phase is Phase.REVIEW and token.path == payload.get("path"):
                    if payload.get("decision") == "give_up":
                        failure = Failure(
                            kind=FailureKind.DENIED,
                            code="given_up",
                            message=payload.get("reason") or "A person gave this up.",
                        )
                        live.apply(ev.Failed(token.id, failure, None), self.now)
                    else:
                        live.apply(ev.TriesAgain(token.id, PERSON_SAID), self.now)
                    break

    def _released(self, live: LiveRun, event_id: str, payload: Mapping[str, Any]) -> None:
        """Somebody decided: the step looks at what is on record, which alone counts."""
        live.consumed.append(event_id)
        live.events = [event for event in live.events if event[0] != event_id]
        for token in live.state.tokens:
            if token.event == APPROVAL and token.path == payload.get("path"):
                live.apply(ev.Released(token.id), self.now)
                break


@dataclass(frozen=True, slots=True)
class _Fenced:
    accepted: frozenset[int]
    refused: frozenset[int]
