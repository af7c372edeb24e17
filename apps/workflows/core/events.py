"""What can happen to a run, and what the runner must do about it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from apps.workflows.core.state import Status, Token
from apps.workflows.core.taxonomy import Failure
from apps.workflows.core.values import Json


@dataclass(frozen=True, slots=True)
class Begin:
    """The run starts."""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """A step is done."""

    token: int
    output: Json
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Failed:
    """An attempt failed; with ``retry_at`` another one follows then, without it the step has failed."""

    token: int
    failure: Failure
    retry_at: float | None = None


@dataclass(frozen=True, slots=True)
class Waits:
    """A step waits for an event, until a moment or for ever; ``person`` when somebody has to decide."""

    token: int
    event: str
    until: float | None = None
    accept_early: bool = False
    summary: str = ""
    person: bool = False


@dataclass(frozen=True, slots=True)
class Released:
    """People may have decided about a step that waits for ``state.APPROVAL``: the same attempt goes on and looks."""

    token: int


@dataclass(frozen=True, slots=True)
class Sleeps:
    """A step rests; ``again`` runs it once more afterwards instead of ending it."""

    token: int
    until: float
    again: bool = False


@dataclass(frozen=True, slots=True)
class Calls:
    """A step's effect is intended or under way."""

    token: int


@dataclass(frozen=True, slots=True)
class Doubts:
    """Nobody can tell whether a step's effect happened: a person decides."""

    token: int
    failure: Failure


@dataclass(frozen=True, slots=True)
class TriesAgain:
    """A call that was interrupted (``failure`` says how), or that a person wants repeated, is made again now."""

    token: int
    failure: Failure


@dataclass(frozen=True, slots=True)
class TimePassed:
    """The database's clock stands at ``now``."""

    now: float


@dataclass(frozen=True, slots=True)
class Cancels:
    """Somebody cancels the run."""

    reason: str


@dataclass(frozen=True, slots=True)
class Retries:
    """A failed run is tried again: the stopped tokens, or from ``step`` with history rewound to the moment it began."""

    attempts: Mapping[str, int] = field(default_factory=dict)
    step: str = ""
    visits: Mapping[str, int] = field(default_factory=dict)
    results: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)


TokenEvent = Succeeded | Failed | Waits | Released | Sleeps | Calls | Doubts | TriesAgain
Event = Begin | TokenEvent | TimePassed | Cancels | Retries


@dataclass(frozen=True, slots=True)
class Execute:
    """Run this token's step."""

    token: Token


@dataclass(frozen=True, slots=True)
class Record:
    """Write one line of history; a later record of the same path and attempt replaces it."""

    seq: int
    path: str
    step: str
    type: str
    attempt: int
    state: str
    output: Json = None
    error: Mapping[str, str] | None = None
    summary: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over."""

    status: Status


Action = Execute | Record | Ended
