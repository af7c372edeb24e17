"""The state of one run: tokens walking the graph, how often each step was visited, and the latest results.

Immutable: every change makes a new value. ``to_json`` and ``from_json`` are the stored form; inputs are stored beside it.
Times are seconds since the epoch by the database's clock.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from apps.workflows.core.values import Json

FORMAT = 1
Frames = tuple[tuple[str, str], ...]
# What a token waits for while people decide about its step; nobody outside can signal an event that begins with $.
APPROVAL = "$approval"


class Phase(StrEnum):
    """What a token is doing."""

    READY = "ready"
    CALLING = "calling"
    WAITING = "waiting"
    SLEEPING = "sleeping"
    REVIEW = "review"
    JOINED = "joined"
    LOOPING = "looping"


class Status(StrEnum):
    """What the run as a whole is doing."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Token:
    """One place where the run is. ``base`` is the number of attempts before this round of tries, for retry counting.

    ``frames`` are the parallel sections and loops it is in, outermost first: (path of the parallel step, id of its join) or
    (path of the loop's visit, id of the loop).
    ``then`` says what follows a sleep: ``done``, ``again`` or ``retry``. ``person`` marks a wait that somebody has to end.
    """

    id: int
    step: str
    visit: int
    phase: Phase
    attempt: int = 1
    base: int = 0
    seq: int = 0
    event: str = ""
    accept_early: bool = False
    wake_at: float | None = None
    then: str = ""
    frames: Frames = ()
    person: bool = False

    @property
    def path(self) -> str:
        """``<step>`` for the first visit, ``<step>#<n>`` for later ones."""
        return self.step if self.visit == 1 else f"{self.step}#{self.visit}"


@dataclass(frozen=True, slots=True)
class Loop:
    """One visit of a loop: its items, the one it is at, what the earlier ones gave.

    ``last`` is the step the current item finished latest, ``visits`` how often it came to each step.
    """

    items: tuple[Json, ...] = ()
    index: int = 0
    results: tuple[Json, ...] = ()
    last: str = ""
    visits: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunState:
    """Everything the machine knows. ``parked`` holds the tokens a failure stopped, so that a person can try again."""

    status: Status = Status.RUNNING
    tokens: tuple[Token, ...] = ()
    visits: Mapping[str, int] = field(default_factory=dict)
    results: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)
    attempts: Mapping[str, int] = field(default_factory=dict)
    next_token: int = 1
    seq: int = 0
    steps: int = 0
    error: Mapping[str, str] | None = None
    parked: tuple[Token, ...] = ()
    output: Json = None
    loops: Mapping[str, Loop] = field(default_factory=dict)

    def token(self, token_id: int) -> Token | None:
        """The token by its number, None when it is gone."""
        for token in self.tokens:
            if token.id == token_id:
                return token
        return None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.status is not Status.RUNNING


@dataclass(frozen=True, slots=True)
class Facts:
    """What never changes during a run: its inputs and what ``run.*`` refers to."""

    inputs: Mapping[str, Json]
    run: Mapping[str, Json] = field(default_factory=dict)


def to_json(state: RunState) -> dict[str, Any]:
    """The stored form; a finished run keeps nothing but its parked tokens and results, and those only when it failed."""
    if state.status in (Status.SUCCEEDED, Status.CANCELLED):
        return {"v": FORMAT, "status": state.status.value}
    loops = {path: [loop.items, loop.index, loop.results, loop.last, loop.visits] for path, loop in state.loops.items()}
    return {
        "v": FORMAT,
        "status": state.status.value,
        "tokens": [_token_to_json(token) for token in state.tokens],
        "visits": dict(state.visits),
        "results": dict(state.results),
        "attempts": dict(state.attempts),
        "next_token": state.next_token,
        "seq": state.seq,
        "steps": state.steps,
        "error": state.error,
        "parked": [_token_to_json(token) for token in state.parked],
        **({"loops": loops} if loops else {}),
    }


def from_json(stored: Mapping[str, Any]) -> RunState:
    """The state as it was stored; an empty object is a run that has not begun."""
    return RunState(
        status=Status(stored.get("status", "running")),
        tokens=tuple(_token_from_json(token) for token in stored.get("tokens", ())),
        visits=stored.get("visits", {}),
        results=stored.get("results", {}),
        attempts=stored.get("attempts", {}),
        next_token=stored.get("next_token", 1),
        seq=stored.get("seq", 0),
        steps=stored.get("steps", 0),
        error=stored.get("error"),
        parked=tuple(_token_from_json(token) for token in stored.get("parked", ())),
        loops={
            path: Loop(tuple(row[0]), row[1], tuple(row[2]), row[3], row[4])
            for path, row in stored.get("loops", {}).items()
        },
    )


def _token_to_json(token: Token) -> list[Any]:
    return [
        token.id,
        token.step,
        token.visit,
        token.phase.value,
        token.attempt,
        token.base,
        token.seq,
        token.event,
        token.accept_early,
        token.wake_at,
        token.then,
        [list(frame) for frame in token.frames],
        token.person,
    ]


def _token_from_json(row: list[Any]) -> Token:
    frames = tuple((frame[0], frame[1]) for frame in row[11])
    return Token(
        row[0], row[1], row[2], Phase(row[3]), row[4], row[5], row[6], row[7], row[8], row[9], row[10], frames,
        bool(row[12]) if len(row) > 12 else False,
    )  # fmt: skip
