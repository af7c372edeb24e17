"""What other apps may see of runs and workflows at work: rows, views, plans, figures, and what they offer in return. Part of
``contracts``."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.functional import Promise

Json = Any


@dataclass(frozen=True, kw_only=True)
class RunError:
    """Why a run or step failed: a stable code, a line for people, and the step it happened in."""

    code: str
    message: str
    path: str = ""


@dataclass(frozen=True, kw_only=True)
class StepView:
    """One attempt of one visit of a step, as shown in a timeline. ``cost_micros`` is what the tenant paid."""

    path: str
    step_id: str
    type: str
    title: str
    state: str
    attempt: int
    started_at: datetime
    finished_at: datetime | None
    summary: str
    output: Json
    error: RunError | None
    cost_micros: int
    model: str


@dataclass(frozen=True, kw_only=True)
class RunRow:
    """One line of a list of runs."""

    id: UUID
    workflow: str
    version: int
    state: str
    subject_kind: str
    subject_id: str
    trigger: str
    cost_micros: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: RunError | None
    workflow_name: str = ""


@dataclass(frozen=True, kw_only=True)
class RunView(RunRow):
    """A run with its history. ``waiting_for`` lists the events it waits for, ``waiting_at`` the paths of those waits in the same
    order (``signal_run(wait_path=...)``); ``outputs`` is the definition's ``output``."""

    inputs: Json
    outputs: Json
    revision: str
    replay_of: UUID | None
    waiting_for: tuple[str, ...]
    steps: tuple[StepView, ...]
    waiting_at: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class EffectView:
    """An outside effect whose outcome is unknown and that waits for a person."""

    id: UUID
    run_id: UUID
    path: str
    type: str
    effect_class: str
    state: str
    request: Json
    sent_at: datetime | None
    evidence: tuple[Json, ...]


@dataclass(frozen=True, kw_only=True)
class EffectLine:
    """What one step sent, or would have sent, to the outside. ``request`` is as frozen with the intent, without secrets.

    ``reasons``: why it has its class, as kept (``core.classes.to_stored``).
    """

    id: UUID
    type: str
    effect_class: str
    state: str
    request: Json
    response: Json
    dry_run: bool
    sends: int
    sent_at: datetime | None
    risk_class: str = ""
    reasons: tuple[Json, ...] = ()


@dataclass(frozen=True, kw_only=True)
class UsageRow:
    """A line of the meter ledger for one step; ``waste`` is paid by the platform."""

    meter: str
    account: str
    quantity: int
    cost_micros: int
    model: str


@dataclass(frozen=True, kw_only=True)
class StepDetail:
    """One attempt of a step with what it was told (``config`` as the definition says it), what it sent and what it used."""

    step: StepView
    config: Json
    attempts: int
    effects: tuple[EffectLine, ...]
    usage: tuple[UsageRow, ...]


@dataclass(frozen=True, kw_only=True)
class PlannedStep:
    """A step a replay would execute again. ``again`` says what happens to its outside effect: "nothing" (it has none),
    "record" (answered from the record) or "sent" (happens again); ``cost_micros`` is what it cost here, else on average lately,
    None where nobody knows."""

    path: str
    title: str
    type: str
    cost_micros: int | None
    again: str


@dataclass(frozen=True, kw_only=True)
class ReplayPlan:
    """What a replay would do, told before it is started."""

    run: RunRow
    from_step: str
    new_generation: bool
    steps: tuple[PlannedStep, ...]
    kept: int
    cost_micros: int

    @property
    def unknown_costs(self) -> int:
        """Steps that would be paid for and of whose cost nothing is known."""
        return sum(step.again == "sent" and step.cost_micros is None for step in self.steps)

    @property
    def sent_again(self) -> int:
        """Steps whose outside effect would happen again."""
        return sum(step.again == "sent" for step in self.steps)


@dataclass(frozen=True, kw_only=True)
class WorkflowRow:
    """One line of the list of workflows; ``strip`` are the states of its runs among the latest two thousand, oldest first."""

    id: UUID
    slug: str
    name: str
    version: int
    versions: int
    steps: int
    published_at: datetime | None
    strip: tuple[tuple[UUID, str], ...] = ()
    runs: int = 0
    failed: int = 0
    cost_micros: int = 0
    live: int = 0


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What runs of one ``kind`` work for, offered by the app that owns it. ``url`` leads to it by its id.

    ``retry(subject_id, from_step, user_id)`` and ``cancel(subject_id, user_id)`` do so for the subject and its run together;
    permissions have been checked, errors are coded. ``search(text, limit)`` finds ids of subjects by what people call them.
    """

    kind: str
    label: str | Promise
    icon: str
    url: Callable[[str], str]
    retry: Callable[[str, str, int], None]
    cancel: Callable[[str, int], None]
    search: Callable[[str, int], Sequence[str]] | None = None


@dataclass(frozen=True, kw_only=True)
class FlowRow:
    """How many runs of a workflow, started by ``trigger``, are in ``state``, and what they cost."""

    trigger: str
    workflow: str
    name: str
    state: str
    count: int
    cost_micros: int


@dataclass(frozen=True, kw_only=True)
class LiveStep:
    """How many live runs of a workflow are at a step of that title."""

    workflow: str
    title: str
    state: str
    count: int


@dataclass(frozen=True, kw_only=True)
class RevenueSource:
    """Somebody who knows what a workflow's runs earned. ``of(workflow_id, first, last)`` is the sum of the days (both included,
    UTC) in millionths of a US dollar, None where it is not known."""

    name: str
    of: Callable[[UUID, date, date], int | None]
