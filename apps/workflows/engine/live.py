"""One run in the hands of this process: what was loaded, where it stands, and what the next checkpoint must write."""

import json
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from apps.dispatch.contracts import ClaimedWork
from apps.workflows.core import events as ev
from apps.workflows.core.definition import Definition
from apps.workflows.core.machine import apply, pending
from apps.workflows.core.state import Facts, Phase, RunState, Token, from_json, to_json
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.engine.plain_json import compact
from apps.workflows.engine.store import Row

if TYPE_CHECKING:
    from apps.workflows.whatif.shadow import Shadow

ENDED = ("succeeded", "failed", "cancelled")
INTERRUPTED = Failure(kind=FailureKind.UNKNOWN, code="interrupted", message="The worker was lost during the call.")


@dataclass(frozen=True, slots=True)
class Version:
    """A parsed version with its names. ``raw`` is the definition as it was published, ``taints`` what was read from it,
    ``secrets`` the names of those its steps use."""

    id: str
    workflow: str
    number: int
    definition: Definition
    raw: Mapping[str, Any] = field(default_factory=dict)
    taints: dict[bool, Any] = field(default_factory=dict)
    secrets: frozenset[str] = frozenset()


@dataclass(slots=True)
class Call:
    """One transmission (or look-up) under way or about to be, for one token of one run."""

    run_id: str
    token: int
    effect_id: str
    key: str
    type: str
    request_text: str
    request_hash: str
    work_id: int
    fence: int
    find: bool = False
    breaker: str = ""
    sends: int = 0
    ctx: Any = None
    # What people decided about; a held call is sent only while this is the digest of exactly what it would send.
    held: bool = False
    approved: str = ""
    judged: Any = None


@dataclass(slots=True)
class Line:
    """A history record with its times, cost and model."""

    record: ev.Record
    began: float
    ended: float | None
    cost: int = 0
    model: str = ""
    text: str | None = None


@dataclass(slots=True)
class LiveRun:
    """The run's committed state and the changes of the turn in progress."""

    work: ClaimedWork
    id: str
    version: Version
    facts: Facts
    subject_kind: str
    subject_id: str
    key_run_id: str
    generation: int
    state: RunState
    row_state: str
    actor: str = ""
    calls: dict[int, Call] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    # -- the turn in progress
    todo: deque[Token] = field(default_factory=deque)
    lines: dict[tuple[str, int], Line] = field(default_factory=dict)
    usage: list[dict[str, Any]] = field(default_factory=list)
    events: list[list[Any]] = field(default_factory=list)
    consumed: list[str] = field(default_factory=list)
    outputs: dict[tuple[str, int], str] = field(default_factory=dict)
    ended: bool = False
    blocked: bool = False
    steps_done: int = 0
    held_until_s: float = 0.0
    # the run whose step started this one and waits for it
    parent: str | None = None
    dirty: bool = False
    # -- what a shadow follows; None for every other run
    shadow: "Shadow | None" = None
    _uuid: UUID | None = None

    @classmethod
    def load(
        cls, work: ClaimedWork, row: Row, version: Version, calls: dict[int, Call], shadow: "Shadow | None" = None
    ) -> "LiveRun":
        """Build from a row of ``store.LOAD_RUNS``; a stored retry is applied at once, and a call that was under way and is not
        among ``calls`` counts as interrupted. ``shadow`` is what a shadow follows."""
        cursor = json.loads(row[4])
        inputs = json.loads(row[3])
        facts = Facts(
            inputs=inputs,
            run={
                "id": row[0],
                "workflow": version.workflow,
                "version": version.number,
                "trigger": row[7],
                "subject_kind": row[5],
                "subject_id": row[6],
            },
        )
        live = cls(
            work,
            row[0],
            version,
            facts,
            row[5],
            row[6],
            row[8],
            row[9],
            from_json(cursor),
            row[2],
            cursor.get("actor", ""),
        )
        if shadow is not None:
            live.shadow, live.version, live.facts = shadow, shadow.version, shadow.facts(inputs)
        live.events = row[12] or []
        live.parent = row[13]
        live.calls = {
            token: call
            for token, call in calls.items()
            if (found := live.state.token(token)) and found.phase is Phase.CALLING
        }
        if row[2] in ENDED:
            live.ended = True
            return live
        retry = cursor.get("retry")
        if retry:
            live.apply(ev.Retries(**retry), row[11])
        elif not live.state.tokens:
            live.apply(ev.Begin(), row[11])
        else:
            live._take_up(row[11])
        live.apply(ev.TimePassed(row[11]), row[11])
        return live

    def _take_up(self, now: float) -> None:
        for token in pending(self.state):
            if token.id in self.calls:
                continue
            if token.phase is Phase.CALLING:
                self.apply(ev.TriesAgain(token.id, INTERRUPTED), now)
            else:
                self.todo.append(token)

    def apply(self, event: ev.Event, now: float, *, model: str = "", cost: int = 0) -> None:
        """Let the state machine take an event and collect what it asks for."""
        self.state, actions = apply(self.version.definition, self.state, event, self.facts)
        for action in actions:
            self.dirty = True
            if type(action) is ev.Record:
                self._note(action, now, model, cost)
            elif type(action) is ev.Execute:
                self.todo.append(action.token)
            else:
                self.ended = True
        if self.state.error is not None and self.todo:
            self.todo = deque(token for token in self.todo if self.state.token(token.id) is not None)

    def _note(self, record: ev.Record, now: float, model: str, cost: int) -> None:
        place = (record.path, record.attempt)
        earlier = self.lines.get(place)
        began = earlier.began if earlier else now
        ended = None if record.state in ("running", "waiting", "review") else now
        self.lines[place] = Line(record, began, ended, cost, model)

    def phases(self) -> set[Phase]:
        """What the run's tokens are doing."""
        return {token.phase for token in self.state.tokens}

    def clear_turn(self) -> None:
        """Forget what the last checkpoint wrote."""
        self.lines = {}
        self.usage, self.events, self.consumed = [], [], []
        self.outputs = {}
        self.blocked = self.dirty = False
        self.steps_done = 0
        self.held_until_s = 0.0

    def uuid(self) -> UUID:
        """The run's id."""
        if self._uuid is None:
            self._uuid = UUID(self.id)
        return self._uuid


def moment(seconds: float) -> datetime:
    """An aware datetime from seconds since the epoch."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def row_state(live: LiveRun) -> str:
    """The run's state as people see it."""
    if live.state.ended:
        return live.state.status.value
    phases = live.phases()
    if phases & {Phase.READY, Phase.CALLING}:
        return "waiting" if live.blocked and Phase.CALLING not in phases else "running"
    if any(token.person and token.phase is Phase.WAITING for token in live.state.tokens):
        return "review"
    if phases & {Phase.WAITING, Phase.SLEEPING}:
        return "waiting"
    return "review" if Phase.REVIEW in phases else "running"


def run_json(live: LiveRun, now: float, cost: int) -> str:
    """The run's row for ``store.write_checkpoint``."""
    state = live.state
    return compact(
        {
            "id": live.id,
            "state": row_state(live),
            "cursor": to_json(state),
            "outputs": state.output,
            "error": state.error,
            "cost": cost,
            "began": now,
            "ended": now if state.ended else None,
        }
    )


def step_json(run_id: str, line: Line, output: str | None) -> str:
    """One history row for ``store.write_checkpoint``; ``output`` is its JSON text where that is known already."""
    record = line.record
    head = compact(
        {
            "run": run_id,
            "path": record.path,
            "attempt": record.attempt,
            "seq": record.seq,
            "step": record.step,
            "type": record.type,
            "state": record.state,
            "summary": record.summary[:500],
            "error": record.error,
            "cost": line.cost,
            "model": line.model[:120],
            "began": line.began,
            "ended": line.ended,
        }
    )
    if output is None:
        output = compact(record.output)
    return f'{head[:-1]},"output":{output}}}'
