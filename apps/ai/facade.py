"""The one door to models for other apps. Amounts are micro-dollars, times seconds.

A model call is five verbs so that it fits the engine's checkpoints: ``prepare`` (in the intent transaction) chooses models
and sets money aside, ``unlock`` reads credentials, ``perform`` talks to the network without a database, ``settle`` (in the
checkpoint transaction) books what it cost, ``abandon`` gives the money back. ``complete``, ``review`` and ``stream`` run all
five for callers outside the engine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from apps.ai.contracts import (
    Agreement,
    BudgetView,
    Completion,
    CompletionRequest,
    Message,
    PromptOption,
    ReviewRequest,
    StreamEvent,
    UsageLine,
    Verdict,
)
from apps.ai.errors import GatewayMisconfigured, NoModelAvailable

if TYPE_CHECKING:
    from apps.ai.usage.reading import UsageReport


def prepare(request: CompletionRequest | ReviewRequest, *, key: str) -> dict[str, Any]:
    """Choose candidate models and reserve the call's highest possible cost on every enclosing budget.

    Inside the caller's transaction, in tenant context. The plan is JSON without secrets, made to be stored with the intent
    and passed to the other verbs. A second call with a ``key`` whose reservation is still open reuses it.
    Raises ``BudgetExceeded``, ``NoModelAvailable``, ``UnknownModel``, ``InputTooLong``, ``InvalidRequest``, ``InvalidRubric``.
    """
    from apps.ai.gateway import plan

    return plan.prepare(request, key=key)


def essence(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What of a plan decides the answer: who is asked what. Money, attempt and attribution are left out, and so are the random
    marks around text that is not trusted, so that two plans for the same question are equal."""
    from apps.ai.gateway import plan as planning

    return planning.essence(plan)


def unlock(plan: Mapping[str, Any]) -> Any:
    """Credentials for the plan's providers; never stored, hidden in ``repr``. The database may be used."""
    from apps.ai.gateway import credentials

    return credentials.unlock(plan)


def perform(plan: Mapping[str, Any], secrets: Any, *, deadline: float) -> dict[str, Any]:
    """Send the request, falling back over the plan's candidates, and return a JSON response for ``settle``.

    Uses the network and no database. ``deadline`` is on ``time.monotonic()``; no request outlives it.
    Raises ``ModelCallFailed`` (retryable) with ``retry_after`` where known, ``ModelRefused`` or ``UnusableAnswer``; hand the
    error to ``abandon`` so that what was tried is on record.
    """
    from apps.ai.gateway import perform as gateway

    return gateway.perform(plan, secrets, deadline=deadline)


def settle(plan: Mapping[str, Any], response: Mapping[str, Any], *, key: str) -> Completion | Verdict:
    """Book the calls that were made, charge every budget what they cost and free the rest.

    Inside the caller's checkpoint transaction. A second call with the same key books nothing and returns the same answer.
    """
    from apps.ai.gateway import settlement

    return settlement.settle(plan, response, key=key)


def abandon(plan: Mapping[str, Any], *, key: str, reason: str, error: BaseException | None = None) -> None:
    """Give back what ``prepare`` reserved; requests named by ``error.calls`` are recorded, and charged where billed.

    Inside a transaction. Without an open reservation by that key nothing happens.
    """
    from apps.ai.gateway import settlement

    settlement.abandon(plan, key=key, reason=reason, error=error)


def complete(request: CompletionRequest, *, key: str, timeout_s: float = 120) -> Completion:
    """The five verbs in one go, outside any transaction. Raises what they raise."""
    from apps.ai import services

    return services.complete(request, key=key, timeout_s=timeout_s)


def review(request: ReviewRequest, *, key: str, timeout_s: float = 120) -> Verdict:
    """Judge one answer in one go, outside any transaction."""
    from apps.ai import services

    return services.review(request, key=key, timeout_s=timeout_s)


def stream(request: CompletionRequest, *, key: str, timeout_s: float = 120) -> Iterator[StreamEvent]:
    """Yield the answer as it is written, then one event carrying the settled ``Completion``.

    Closing the iterator early books what was delivered. A stream that ends without a finish reason raises
    ``ModelCallFailed``; fallback to another model happens only before the first piece of text.
    """
    from apps.ai import services

    return services.stream(request, key=key, timeout_s=timeout_s)


def render_prompt(
    slug: str, variables: Mapping[str, Any], *, quality: str = "standard"
) -> tuple[tuple[Message, ...], str]:
    """Messages of a prompt and the version they are from, which calls and results are tied to.

    Built in, in the wording for the model family the route leads to: ``task.<type slug>`` (variables ``title``, ``body``; unknown
    types use ``task.other``) and ``task.revise`` (``title``, ``body``, ``answer``, ``reasons``; optional ``task_type``), optional
    everywhere: ``language``. The workspace's own, which have no dot in their name: ``slug`` for the current version, ``slug@3`` for
    that one. Raises ``UnknownPrompt``.
    """
    from apps.ai.prompts import builtin, library

    if builtin.is_builtin(slug):
        return builtin.render_prompt(slug, variables, quality=quality)
    return library.render(slug, variables)


def list_prompts() -> list[PromptOption]:
    """What a step may name: the workspace's published prompts by title, then the built-in ones. One query."""
    from apps.ai.prompts import library

    return library.list_options()


def find_prompts(references: Iterable[str]) -> dict[str, PromptOption]:
    """What is known of prompts by the names steps use (``slug`` or ``slug@number``); unknown names and versions are left out.

    Two queries at most, none without own names.
    """
    from apps.ai.prompts import library

    return library.find_options(references)


def list_prompt_versions(slug: str) -> list[int]:
    """Numbers of what was published of an own prompt, the newest first; none for built-in and unknown ones. One query."""
    from apps.ai.models import PromptVersion

    found = PromptVersion.objects.filter(prompt__slug=slug[:80]).order_by("-number")
    return list(found.values_list("number", flat=True))


def usage_summary(*, since: datetime, until: datetime, group_by: str = "model") -> list[UsageLine]:
    """Calls, tokens and cost of the current tenant.

    ``group_by`` is ``model``, ``purpose``, ``task_type``, ``workflow``, ``user_id`` or ``day``.
    """
    from apps.ai import selectors

    return selectors.usage_summary(since=since, until=until, group_by=group_by)


def usage_report(*, first: date, last: date) -> UsageReport:
    """Calls and cost of some days (both included, UTC): the total, each day, and each dimension with its dearest group first.

    ``last`` may be far from ``first``: closed days are read from their sums. One query.
    """
    from apps.ai.usage import reading

    return reading.usage_report(first=first, last=last)


def known_models() -> tuple[str, ...]:
    """Ids of models that may be asked for by name with the present configuration; none without a provider."""
    from apps.ai.gateway import route

    try:
        return route.known_models()
    except GatewayMisconfigured:
        return ()


def follows_instructions(*, purpose: str = "assist") -> bool:
    """Whether the model a route leads to can be trusted with more than one plain request: choose tools, answer in JSON."""
    from apps.ai.gateway import route

    try:
        return not route.route(purpose=purpose)[0].small
    except (GatewayMisconfigured, NoModelAvailable):
        return False


def dollars(micros: int) -> str:
    """Micro-dollars as plain text without a sign: two digits, more below a cent, never rounded."""
    from apps.ai.gateway import ledger

    return ledger.dollars(micros)


def list_budgets() -> list[BudgetView]:
    """Caps of the current tenant with what is spent and set aside in the running period."""
    from apps.ai import selectors

    return selectors.list_budgets()


def set_budget(
    *, scope: str, subject: str = "", period: str = "month", cap_micros: int | None, action: str = "stop"
) -> BudgetView | None:
    """Create, change or (``cap_micros=None``) remove a cap. ``subject``: workflow slug, user id, key id or model id; ``*``
    means each one for itself. Counting goes on where it was, so a lowered cap binds at once. Raises ``InvalidInput``."""
    from apps.ai import services

    return services.set_budget(scope=scope, subject=subject, period=period, cap_micros=cap_micros, action=action)


def label_verdict(*, answer_key: str, approved: bool, user_id: int, edited: bool = False, reason: str = "") -> None:
    """Record what a person decided about an answer whose review ran under ``answer_key``; the judge is measured by it."""
    from apps.ai import services

    services.label_verdict(answer_key=answer_key, approved=approved, user_id=user_id, edited=edited, reason=reason)


def judge_agreement(*, last: int = 200) -> Agreement:
    """How often people agreed with the gate in the current tenant."""
    from apps.ai import selectors

    return selectors.judge_agreement(last=last)
