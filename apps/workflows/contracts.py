"""What a step handler sees and answers. What other apps may know of runs (``records``) and of documents (``language``) is handed
on from here, so that they have one door."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.utils.functional import Promise

from apps.core.reach import READ, UNKNOWN_WRITE, Reach
from apps.tenants.contracts import TenantRef
from apps.workflows.core.taxonomy import Failure, FailureKind
from apps.workflows.core.values import as_text
from apps.workflows.enums import EffectClass
from apps.workflows.language import (
    DiffLine,
    SecretChangeView,
    SecretUse,
    SecretView,
    StepDescription,
    VersionChangeView,
    VersionDiff,
    VersionView,
    WorkflowView,
)
from apps.workflows.records import (
    EffectLine,
    EffectView,
    FlowRow,
    LiveStep,
    PlannedStep,
    ReplayPlan,
    RevenueSource,
    RunError,
    RunRow,
    RunView,
    StepDetail,
    StepView,
    Subject,
    UsageRow,
    WorkflowRow,
)

__all__ = [
    "DiffLine", "EffectClass", "EffectFailed", "EffectLine", "EffectView", "Failure", "FailureKind", "FlowRow", "Json", "LiveStep",
    "PlannedStep", "Reach", "ReplayPlan", "RetryPolicy",
    "RevenueSource", "RunError", "RunRow", "RunView", "SecretChangeView", "SecretUse", "SecretView", "Sleep", "StepContext",
    "StepDescription", "StepDetail", "StepHandler", "StepResult", "StepView", "Subject", "TenantRef", "UsageLine", "UsageRow",
    "VersionChangeView", "VersionDiff", "VersionView", "Wait", "WorkflowRow", "WorkflowView", "as_text",
]  # fmt: skip

Json = Any


@dataclass(frozen=True, kw_only=True, slots=True)
class StepContext:
    """One attempt of one visit of a step. ``config`` is the step's ``with`` with references filled in.

    ``key`` is the effect's idempotency key: the same for every attempt of this visit. ``dry_run`` is true for a tenant before
    launch on steps that touch the world. ``now`` is the database's clock. ``revision`` is the code revision.
    """

    tenant: TenantRef
    run_id: UUID
    workflow: str
    version: int
    step_id: str
    path: str
    visit: int
    attempt: int
    config: Mapping[str, Json]
    dry_run: bool
    key: str
    now: datetime
    subject_kind: str
    subject_id: str
    revision: str


@dataclass(frozen=True, kw_only=True)
class UsageLine:
    """One line for the meter ledger; ``source_key`` makes it unique per meter, so it is posted once however often the step runs.

    ``detail`` may name a ``model``, which then shows in the step's history. ``cost_micros`` is millionths of a US dollar.
    """

    meter: str
    source_key: str
    quantity: int
    cost_micros: int
    detail: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class StepResult:
    """Success of a step. ``output`` is what ``steps.<id>.output`` refers to; ``summary`` is one human line for the timeline."""

    output: Mapping[str, Json]
    usage: tuple[UsageLine, ...] = ()
    summary: str = ""


@dataclass(frozen=True, kw_only=True)
class Wait:
    """The step waits for ``facade.signal_run(event=...)``; after ``timeout_s`` it takes ``on_timeout`` or fails.

    A signal that came before the wait began counts only with ``accept_early``. ``needs_person`` says that somebody has to
    decide: the step and its run are shown as needing a person, not as waiting.
    """

    event: str
    timeout_s: float | None = None
    accept_early: bool = False
    summary: str = ""
    needs_person: bool = False


@dataclass(frozen=True, kw_only=True)
class Sleep:
    """The step rests for ``seconds`` and is then done with an empty output, or is run once more when ``again`` is set."""

    seconds: float
    again: bool = False


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """At most ``max_attempts`` tries; the pause before try n+1 is random between 0 and ``min(cap_s, base_s * 2**n)`` seconds."""

    max_attempts: int = 8
    base_s: float = 2.0
    cap_s: float = 900.0


class EffectFailed(Exception):
    """Raised by ``perform`` or ``find`` to say exactly how a call failed, where the exception alone would not tell.

    ``kind`` decides what happens next (see ``core.taxonomy``); ``retry_after`` is in seconds.
    """

    def __init__(
        self,
        kind: FailureKind,
        code: str,
        message: str = "",
        *,
        retry_after: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message or code)
        self.failure = Failure(kind=kind, code=code, message=message, retry_after=retry_after, status=status)


class StepHandler:
    """Base of all step types; one instance is registered in ``registries.step_types``.

    A PURE step implements ``run``. Every other class implements ``prepare``, ``perform`` and ``settle``, and where it needs
    them ``unlock``, ``abandon`` and ``find`` (LOOKUP). ``run``, ``prepare``, ``settle`` and ``abandon`` are called inside the
    engine's transaction, in the tenant's context, and must not call the network; ``perform`` and ``find`` run on a thread
    without a database connection. Every method may be called more than once for the same ``key``.
    """

    type: ClassVar[str]
    title: ClassVar[str | Promise] = ""
    # For the palette, forms and docs: one or two sentences, where it is filed, the icon's name.
    description: ClassVar[str | Promise] = ""
    category: ClassVar[str] = "other"
    icon: ClassVar[str] = "box"
    version: ClassVar[int] = 1
    effect: ClassVar[EffectClass] = EffectClass.PURE
    config_schema: ClassVar[Mapping[str, Json]] = {"type": "object"}
    output_schema: ClassVar[Mapping[str, Json]] = {"type": "object"}
    timeout_s: ClassVar[float] = 30.0
    retry: ClassVar[RetryPolicy] = RetryPolicy()
    # PURE only: False for steps that touch no table, so that the engine runs them in memory without a savepoint.
    touches_database: ClassVar[bool] = True
    # How long the provider remembers a key (KEYED): the same bytes are sent again only inside 80 % of it.
    key_window_s: ClassVar[float] = 24 * 3600.0
    # BLIND only: True sends again although the first attempt may have arrived (at least once instead of at most once).
    resend_when_unknown: ClassVar[bool] = False
    # True when prepare/perform look at ``dry_run`` themselves; otherwise the engine sends nothing before launch.
    handles_dry_run: ClassVar[bool] = False
    # Settings that choose a recipient, url, amount, object or tool (dotted path in ``with`` -> kind): what a model or a stranger
    # wrote may not fill them unseen.
    sensitive: ClassVar[Mapping[str, str]] = {}
    # Whose words the output is: ``untrusted`` a model's or a stranger's, ``closed`` one of fixed values whatever went in;
    # ``trusted_outputs`` are fields of the output that are closed although the rest is not.
    untrusted: ClassVar[bool] = False
    closed: ClassVar[bool] = False
    trusted_outputs: ClassVar[frozenset[str]] = frozenset()
    # Codes this type can fail with beside those every step can; ``advice`` has what to do about each, the manual shows both.
    errors: ClassVar[tuple[str, ...]] = ()

    def reach(self, request: Mapping[str, Json]) -> Reach:
        """Whom and what the rendered request reaches; what is not understood counts as the riskiest sort."""
        return READ if self.effect in (EffectClass.PURE, EffectClass.METERED) else UNKNOWN_WRITE

    def editable(self, request: Mapping[str, Json]) -> tuple[Mapping[str, Json], Mapping[str, Json]] | None:
        """What a person who approves may change of a rendered request, with its JSON Schema; None when nothing."""
        return None

    def edited(self, request: Mapping[str, Json], value: Mapping[str, Json]) -> Mapping[str, Json]:
        """The request with ``value`` in place of what ``editable`` gave; everything else stays."""
        raise TypeError(f"{type(self).__name__} cannot be edited")

    def run(self, ctx: StepContext) -> StepResult | Wait | Sleep:
        """PURE: do the work. May read and write the app's own tables."""
        raise TypeError(f"{type(self).__name__} is not a pure step")

    def resume(self, ctx: StepContext, payload: Mapping[str, Json]) -> StepResult | Wait:
        """PURE: the awaited event arrived with ``payload``. Answering ``Wait`` goes on waiting, for another event perhaps."""
        return StepResult(output=payload)

    def summary(self, output: Mapping[str, Json]) -> str:
        """One line about a finished step in the reader's language, from its output; empty for the line kept with the run."""
        return ""

    def prepare(self, ctx: StepContext) -> Mapping[str, Json]:
        """The request as JSON, without secrets; frozen with the intent. METERED steps prepare afresh for each attempt."""
        raise TypeError(f"{type(self).__name__} has no outside effect")

    def rehearse(self, ctx: StepContext, request: Mapping[str, Json]) -> StepResult:
        """Before launch, instead of sending: the result the workflow goes on with. ``request`` is what would have been sent."""
        return StepResult(output={"dry_run": True, "request": dict(request)}, summary="Dry run: nothing was sent")

    def breaker_key(self, ctx: StepContext, request: Mapping[str, Json]) -> str:
        """``provider:credential`` whose repeated failures pause further calls; empty for no breaker."""
        return ""

    def unlock(self, ctx: StepContext, request: Mapping[str, Json]) -> object:
        """Credentials for the call; never stored. Called just before sending; the database may be read."""
        return None

    def perform(self, request: Mapping[str, Json], secrets: object, *, key: str, deadline: float) -> Mapping[str, Json]:
        """Make the call; ``deadline`` is on ``time.monotonic()``. Network only. Raises ``EffectFailed`` or httpx errors."""
        raise TypeError(f"{type(self).__name__} has no outside effect")

    def settle(self, ctx: StepContext, request: Mapping[str, Json], response: Mapping[str, Json]) -> StepResult:
        """Turn the answer into the step's result, inside the transaction that records it."""
        return StepResult(output=response)

    def abandon(self, ctx: StepContext, request: Mapping[str, Json], error: Failure) -> None:
        """The attempt failed or was given up: release what ``prepare`` reserved."""

    def waste(self, ctx: StepContext, request: Mapping[str, Json]) -> tuple[UsageLine, ...] | None:
        """METERED: what an attempt of unknown outcome may have cost; booked to the platform, never to the tenant.

        Without lines one of unknown cost is booked; None books nothing (reads).
        """
        return ()

    def find(
        self, request: Mapping[str, Json], secrets: object, *, key: str, deadline: float
    ) -> Mapping[str, Json] | None:
        """LOOKUP: the response as ``perform`` would have given it if the effect happened, else None. Network only."""
        raise TypeError(f"{type(self).__name__} cannot look its effect up")
