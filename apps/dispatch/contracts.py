"""What other apps exchange with dispatch. Times are aware datetimes of the database's clock, durations seconds."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from apps.dispatch.enums import Queue, ScheduleScope, WorkState


@dataclass(frozen=True, kw_only=True)
class NewWork:
    """One thing to be done. ``kind`` names a registered kind, ``ref`` what it is about (an id, never content).

    ``run_at`` (or ``delay_s`` from now) postpones it. While an item with the same tenant, kind and ``dedupe_key`` is live, a
    second one is not created; with ``again`` a duplicate that is already *running* is run once more after it ends, so a
    change made behind its back is not missed. Lower ``priority`` goes first within a tenant and queue. ``timeout_s`` bounds one
    attempt and ``max_attempts`` their number (None = the kind's own, or 60 and 8), ``cost`` is its weight in fair sharing
    between tenants (1.0 = an ordinary item).
    """

    kind: str
    ref: str
    queue: Queue = Queue.DEFAULT
    priority: int = 100
    run_at: datetime | None = None
    delay_s: float = 0
    dedupe_key: str = ""
    again: bool = False
    timeout_s: float | None = None
    max_attempts: int | None = None
    cost: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class ClaimedWork:
    """An item this process may work on until ``deadline_at``, as long as nobody raised its ``fence``."""

    id: int
    tenant_id: int
    schema_name: str
    epoch: int
    kind: str
    ref: str
    fence: int
    attempt: int
    losses: int
    nudges: int
    deadline_at: datetime
    enqueued_at: datetime
    queue: str = Queue.DEFAULT
    max_attempts: int = 8


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """How one claimed item ends or goes on; accepted only while ``fence`` is current.

    ``delay_s`` postpones ``ready`` and sets the timer of ``waiting`` (0 = wait for a nudge only). ``count_attempt`` False gives
    the attempt back (``waiting`` always does). ``ready`` with ``error_code`` after the last attempt becomes ``dead``.
    ``running`` keeps the item, with a new deadline ``keep_running_until_s`` seconds from now.
    """

    work_id: int
    fence: int
    to: WorkState
    delay_s: float = 0
    count_attempt: bool = True
    error_code: str = ""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    keep_running_until_s: float | None = None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """Answer of one call submitted to the lanes: exactly one of ``result`` and ``error`` counts."""

    work: ClaimedWork
    token: object
    result: object | None
    error: BaseException | None


class Lanes(Protocol):
    """Where an engine sends calls that wait on the network."""

    def submit(self, work: ClaimedWork, call: Callable[[], object], token: object) -> None:
        """Run ``call`` on a thread that owns no database connection; the answer comes back through ``resume``.

        A call whose turn comes after the lease went stale is not made: its answer carries ``LeaseLost``.
        """

    def release(self, work_ids: Iterable[int]) -> None:
        """Free the slots of items that are settled; unknown ids are ignored."""

    def may_start(self) -> bool:
        """Whether the lease is fresh enough to start a new effect."""


class BatchEngine(Protocol):
    """Executes many items of one kind. Called only on the loop's main thread, outside any transaction."""

    def start(self, batch: Sequence[ClaimedWork], lanes: Lanes) -> None:
        """Take on freshly claimed items. Each must later be settled and released, or reported lost."""

    def resume(self, finished: Sequence[Finished], lanes: Lanes) -> None:
        """Take the answers of submitted calls."""

    def settle_lost(self, work_ids: Collection[int]) -> None:
        """These items are not ours any more: drop them from memory and write nothing for them."""


@dataclass(frozen=True, kw_only=True)
class EngineKind:
    """A kind of work executed by a batch engine; ``engine`` builds one per process."""

    name: str
    engine: Callable[[], BatchEngine]


class JobContext(Protocol):
    """What a job handler gets."""

    tenant: Any
    work: ClaimedWork
    attempt: int

    def now(self) -> datetime:
        """The database's clock."""

    def complete_in_transaction(self) -> None:
        """Settle the item as done inside the caller's atomic block. Raises ``WorkLost`` when it was fenced out."""

    def is_lost(self) -> bool:
        """Whether the item is known to be somebody else's by now; a long handler asks between units of work."""


@dataclass(frozen=True, kw_only=True)
class JobKind:
    """A kind of work executed by one function call on a thread that owns a database connection.

    The handler runs in the tenant's context, outside any transaction, and must be safe to run twice. ``PlatformError`` with
    ``retryable`` (or ``retry_after``) is tried again with full jitter; InvalidInput, NotAllowed and NotFound are final; anything
    else is tried again until ``max_attempts``. ``max_parallel`` bounds running items of this kind per process.
    """

    name: str
    handler: Callable[[JobContext], None]
    timeout_s: float = 60
    max_attempts: int = 8
    max_parallel: int = 2


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Work of ``kind`` every ``every_s`` seconds, for the platform or for every tenant; the item's ``ref`` is the name.

    Missed instants are caught up once. With ``overlap`` False an instant is skipped while the previous item is still live.
    """

    name: str
    every_s: float
    kind: str
    scope: ScheduleScope = ScheduleScope.TENANT
    queue: Queue = Queue.DEFAULT
    overlap: bool = False
    timeout_s: float = 60


@dataclass(frozen=True, kw_only=True)
class TenantGate:
    """How the loop enters a tenant; filled by the tenants app.

    ``enter(tenant_id, epoch)`` yields the tenant and raises a ``PlatformError`` before any SQL when the tenant is unknown,
    inactive or of another epoch.
    """

    name: str
    enter: Callable[[int, int], AbstractContextManager[Any]]


@dataclass(frozen=True, kw_only=True)
class WorkView:
    """One work item as shown to people and other apps."""

    id: int
    tenant_id: int
    kind: str
    ref: str
    queue: str
    state: str
    attempt: int
    losses: int
    run_at: datetime
    enqueued_at: datetime
    finished_at: datetime | None
    error_code: str
    evidence: Mapping[str, Any]
