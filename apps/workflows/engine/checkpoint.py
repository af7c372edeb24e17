"""The checkpoint of one turn: claims are settled first, then rows are written for the accepted ones only."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.connectors import facade as connectors
from apps.connectors.contracts import NewEvent
from apps.core.ids import new_id
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import ClaimedWork, Settlement
from apps.dispatch.enums import WorkState
from apps.live import facade as live_updates
from apps.tenants.contracts import TenantRef
from apps.workflows.approvals.asking import withdraw
from apps.workflows.conf import CALL_MARGIN_S, UNKNOWN_TYPE_PAUSE_S
from apps.workflows.contracts import StepHandler
from apps.workflows.core.state import Phase, Status
from apps.workflows.engine import store
from apps.workflows.engine.children import wake_parents
from apps.workflows.engine.live import LiveRun, row_state, run_json, step_json
from apps.workflows.enums import EffectClass
from apps.workflows.live_topics import topics_of_run
from apps.workflows.signals import RunFinished, RunWaiting, run_finished, run_waiting
from apps.workflows.triggers.happenings import run_event
from apps.workflows.whatif.progress import shadows_moved

DATABASE_STEP_S = 60.0
RUN_ENDED = "The run ended before anybody decided."


class Checkpoint:
    """What a turn writes, and how long each claim is still needed."""

    tenant: TenantRef
    handlers: Mapping[str, StepHandler]
    now: float

    def _checkpoint(self, lives: Sequence[LiveRun], gone: Sequence[ClaimedWork]) -> list[int]:
        """Settle the claims, then write rows for the accepted ones. Returns the ids that were refused."""
        settlements = {live.work.id: settlement for live in lives if (settlement := self._settlement(live)) is not None}
        wanted = [
            *settlements.values(),
            *(
                Settlement(work_id=work.id, fence=work.fence, to=WorkState.DONE, error_code="unknown_run")
                for work in gone
            ),
        ]
        accepted = dispatch.settle(wanted)
        refused = [work_id for work_id in settlements if work_id not in accepted]
        writing = [live for live in lives if live.work.id not in settlements or live.work.id in accepted]
        if refused:
            self._require_harmless(lives, refused)
        self._write(writing)
        return refused

    def _require_harmless(self, lives: Sequence[LiveRun], refused: Sequence[int]) -> None:
        """A claim made sure of earlier in this transaction holds its row lock and cannot be refused now."""
        for live in lives:
            if live.work.id in refused and live.held_until_s:
                raise RuntimeError(f"work {live.work.id} was refused after it was fenced in the same transaction")

    def _settlement(self, live: LiveRun) -> Settlement | None:
        work, state = live.work, live.state
        common: dict[str, Any] = {"work_id": work.id, "fence": work.fence, "count_attempt": False}
        if live.ended:
            return Settlement(**common, to=WorkState.DONE)
        phases = live.phases()
        if Phase.CALLING in phases:
            needed = self._time_needed(live)
            if live.held_until_s >= needed:
                return None
            return Settlement(**common, to=WorkState.RUNNING, keep_running_until_s=needed)
        if Phase.READY in phases:
            return Settlement(**common, to=WorkState.READY, delay_s=UNKNOWN_TYPE_PAUSE_S if live.blocked else 0)
        due = min((token.wake_at for token in state.tokens if token.wake_at is not None), default=None)
        delay = 0.0 if due is None else max(0.001, due - self.now)
        if phases & {Phase.WAITING, Phase.REVIEW}:
            alone = phases <= {Phase.REVIEW, Phase.JOINED, Phase.LOOPING}
            return Settlement(
                **common, to=WorkState.REVIEW if alone else WorkState.WAITING, delay_s=0 if alone else delay
            )
        return Settlement(**common, to=WorkState.READY, delay_s=delay)

    def _write(self, lives: Sequence[LiveRun]) -> None:
        costs = self._post_usage(lives)
        runs, steps, consumed = [], [], []
        flows: dict[str, dict[str, int]] = {}
        topics: list[str] = []
        shadows: list[LiveRun] = []
        happened: list[NewEvent] = []
        for live in lives:
            if not live.dirty and (live.ended or (row_state(live) == live.row_state and not live.consumed)):
                continue
            runs.append(run_json(live, self.now, costs.get(live.id, 0)))
            for place, line in live.lines.items():
                steps.append(
                    step_json(live.id, line, live.outputs.get(place) if line.record.state == "succeeded" else None)
                )
            consumed += live.consumed
            if live.shadow is not None:
                shadows.append(live)
                continue
            topics += topics_of_run(live.id, live.subject_kind, live.subject_id)
            count_flow(flows, live)
            happened += happening_of(live)
            self._announce(live)
        if runs:
            store.write_checkpoint(runs=runs, steps=steps)
            connectors.publish_events(happened)
            topics += shadows_moved(self.tenant.id, shadows)
            self._withdraw_questions(lives)
            live_updates.changed(tenant_id=self.tenant.id, topics=["runs", *topics], flows=flows)
        if consumed:
            store.consume_events(consumed)
        ended = [live.id for live in lives if live.parent is not None and live.dirty and live.state.ended]
        wake_parents(tenant_id=self.tenant.id, ended=ended)

    @staticmethod
    def _withdraw_questions(lives: Sequence[LiveRun]) -> None:
        """A run that failed at one place does not wait for people at another."""
        failed = [live.uuid() for live in lives if live.state.status is Status.FAILED]
        if failed:
            withdraw(run_ids=failed, reason=RUN_ENDED)

    def _post_usage(self, lives: Sequence[LiveRun]) -> dict[str, int]:
        lines = [{"id": str(new_id()), "run": live.id, **line} for live in lives for line in live.usage]
        if not lines:
            return {}
        posted = store.post_usage(lines)
        costs: dict[str, int] = {}
        for line in lines:
            if line["account"] == "tenant" and (line["meter"], line["source"]) in posted:
                costs[line["run"]] = costs.get(line["run"], 0) + line["cost"]
        return costs

    def _announce(self, live: LiveRun) -> None:
        state = row_state(live)
        common = {
            "tenant_id": self.tenant.id,
            "run_id": live.uuid(),
            "state": state,
            "subject_kind": live.subject_kind,
            "subject_id": live.subject_id,
        }
        if live.state.ended:
            run_finished.announce(RunFinished(**common))
        elif state in ("waiting", "review") and state != live.row_state:
            names = tuple(token.event for token in live.state.tokens if token.phase is Phase.WAITING)
            run_waiting.announce(RunWaiting(**common, waiting_for=names))
        live.row_state = state

    def _time_needed(self, live: LiveRun) -> float:
        longest = DATABASE_STEP_S
        for token in live.state.tokens:
            step = live.version.definition.steps[token.step]
            handler = self.handlers.get(step.type)
            if handler is not None and handler.effect is not EffectClass.PURE:
                longest = max(longest, (step.timeout_s or handler.timeout_s) + CALL_MARGIN_S)
        return longest


def happening_of(live: LiveRun) -> list[NewEvent]:
    """What is told about a run that came into another state."""
    state = row_state(live)
    if state == live.row_state:
        return []
    event = run_event(
        run_id=live.id,
        state=state,
        workflow=live.version.workflow,
        subject_kind=live.subject_kind,
        subject_id=live.subject_id,
        error=live.state.error,
    )
    return [event] if event is not None else []


def count_flow(flows: dict[str, dict[str, int]], live: LiveRun) -> None:
    """Count that a run came into another state, for pictures of what flows."""
    state = row_state(live)
    if state != live.row_state:
        counts = flows.setdefault(live.version.workflow, {})
        counts[state] = counts.get(state, 0) + 1
