"""What other apps say to the model gateway and hear from it. All values are plain and survive JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

Json = Any


@dataclass(frozen=True, kw_only=True)
class Message:
    """One turn. ``trusted`` is True only for text the platform wrote itself; anything a person, a page or a model
    wrote is untrusted and can never change rules, rubric or route."""

    role: str
    content: str
    trusted: bool = False


@dataclass(frozen=True, kw_only=True)
class CompletionRequest:
    """One answer wanted from a model.

    ``purpose`` is a ``Purpose`` value; ``model`` overrides the route with a catalogue id; ``quality`` is ``standard`` or
    ``premium``; ``response_schema`` asks for JSON that validates against it. ``run_id``, ``step_path``, ``workflow``,
    ``user_id`` and ``api_key_id`` say who pays: budgets of those scopes bind the call. ``max_output_tokens`` counts
    everything the model writes, thinking included.
    """

    purpose: str
    messages: tuple[Message, ...]
    task_type: str = ""
    max_output_tokens: int = 2000
    temperature: float = 0.7
    response_schema: Mapping[str, Json] | None = None
    model: str | None = None
    quality: str = "standard"
    prompt_version: str = ""
    language: str = ""
    run_id: str | None = None
    step_path: str = ""
    workflow: str = ""
    user_id: int | None = None
    api_key_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class PromptVariable:
    """A ``{{name}}`` of a prompt; without a value it is empty text when ``optional``, else an error."""

    name: str
    note: str = ""
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class PromptOption:
    """A prompt as steps name it. ``version`` None: never published, so it cannot be used yet. ``builtin`` ones come with the
    product; ``archived`` ones work on but are no longer offered."""

    slug: str
    title: str
    description: str
    version: int | None
    variables: tuple[PromptVariable, ...]
    builtin: bool = False
    archived: bool = False


@dataclass(frozen=True, kw_only=True)
class Criterion:
    """One thing an answer is judged by. ``weight`` in percent; ``guidance`` tells the judge what good looks like."""

    key: str
    title: str
    weight: int
    guidance: str = ""


DEFAULT_CRITERIA = (
    Criterion(
        key="clarity",
        title="Clarity",
        weight=30,
        guidance="Easy to follow, well ordered, no filler, no contradictions.",
    ),
    Criterion(
        key="accuracy", title="Accuracy", weight=30, guidance="True to the task and its source; nothing invented."
    ),
    Criterion(key="completeness", title="Completeness", weight=20, guidance="Everything the task asks for is there."),
    Criterion(key="tone", title="Professional tone", weight=20, guidance="Fit to be sent to a client as it stands."),
)


@dataclass(frozen=True, kw_only=True)
class Rubric:
    """How an answer is scored: weights add up to 100, an answer passes at ``threshold`` points of 100. Scores within
    ``borderline`` points of the threshold are voted on again, at most ``max_votes`` times in all."""

    criteria: tuple[Criterion, ...] = DEFAULT_CRITERIA
    threshold: int = 80
    borderline: int = 8
    max_votes: int = 3


@dataclass(frozen=True, kw_only=True)
class Check:
    """A mechanical demand on an answer, tested before any model is asked.

    ``kind`` and ``value``: ``min_words``/``max_words``/``min_chars``/``max_chars`` (int), ``format`` ("json", "list",
    "table", "bullets"), ``bullet_count`` (int), ``language`` (ISO 639-1 code), ``required`` (list of texts, numbers or
    names), ``forbidden`` (list of phrases), ``json_schema`` (mapping). ``blocking`` checks refuse the answer alone.
    """

    kind: str
    value: Json
    blocking: bool = True


@dataclass(frozen=True, kw_only=True)
class ReviewRequest:
    """One answer to be judged. ``task`` and ``answer`` are untrusted; ``source`` is the text the answer must be true to
    (empty: the task itself)."""

    task: str
    answer: str
    rubric: Rubric = field(default_factory=Rubric)
    task_type: str = ""
    language: str = ""
    checks: tuple[Check, ...] = ()
    source: str = ""
    model: str | None = None
    run_id: str | None = None
    step_path: str = ""
    workflow: str = ""
    user_id: int | None = None
    api_key_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class Completion:
    """A usable answer and what it took. ``cost_micros`` (millionths of a US dollar) covers every call that was billed on
    the way, retries and repairs included; it is None when a model's price is unknown (``priced`` False), never zero."""

    text: str
    parsed: Json
    model: str
    provider: str
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    cost_micros: int | None
    priced: bool
    latency_ms: int
    finish_reason: str
    call_ids: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class CriterionScore:
    """Score 0-100 on one criterion with the judge's reason."""

    key: str
    title: str
    score: int
    weight: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """Outcome of one mechanical check; ``message`` says what was found."""

    key: str
    passed: bool
    blocking: bool
    message: str


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The gate's answer. ``decision`` is a ``Decision`` value; ``judge`` a ``JudgeKind`` value; ``doubt`` says why a person is
    asked (a ``Doubt`` value, else empty).

    ``spread`` is highest minus lowest vote. ``judge_trusted`` is False when scores come from measures instead of a model
    that is known to judge well; ``reasons`` then says so. ``prompt_tokens``/``completion_tokens`` count all judge calls.
    """

    score: int
    passed: bool
    decision: str
    criteria: tuple[CriterionScore, ...]
    checks: tuple[CheckResult, ...]
    votes: int
    spread: int
    judge: str
    model: str
    reasons: str
    cost_micros: int | None
    priced: bool
    judge_trusted: bool
    prompt_tokens: int = 0
    completion_tokens: int = 0
    call_ids: tuple[str, ...] = ()
    doubt: str = ""


@dataclass(frozen=True, kw_only=True)
class StreamEvent:
    """A piece of a streamed answer: ``text`` to append, or on the last event the settled ``completion``."""

    text: str = ""
    completion: Completion | None = None


@dataclass(frozen=True, kw_only=True)
class BudgetView:
    """A cap and how much of it is gone in the running period. Amounts in micro-dollars."""

    id: int
    scope: str
    subject: str
    period: str
    cap_micros: int | None
    spent_micros: int
    reserved_micros: int
    action: str
    period_start: date


@dataclass(frozen=True, kw_only=True)
class UsageLine:
    """Spend of one group (see ``usage_summary``). ``unpriced_calls`` have no known cost and are not in ``cost_micros``."""

    group: str
    calls: int
    failed_calls: int
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    cost_micros: int
    unpriced_calls: int
    mean_latency_ms: int


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """How often people agreed with the gate, over the latest ``labels`` decisions. ``suspended``: below the set figure."""

    labels: int
    agreed: int
    percent: float | None
    suspended: bool
