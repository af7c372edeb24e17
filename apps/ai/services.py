"""Writes of the gateway outside the engine: whole calls in one go, budgets, labels, the sweep."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from typing import Any

from django.db import transaction

from apps.ai.contracts import BudgetView, Completion, CompletionRequest, ReviewRequest, StreamEvent, Verdict
from apps.ai.enums import BudgetAction, Period, Scope
from apps.ai.gateway import credentials, ledger, perform, plan, settlement, streaming
from apps.ai.models import Budget, Review, ReviewLabel
from apps.ai.registries import reservation_owners
from apps.core.errors import InvalidInput, NotFound
from apps.core.outbound import assert_no_transaction

logger = logging.getLogger(__name__)

SWEEP_PAGE = 200
CAP_MICROS_MAX = 10**15


def complete(request: CompletionRequest, *, key: str, timeout_s: float) -> Completion:
    """See ``facade.complete``."""
    answer = _run(request, key=key, timeout_s=timeout_s)
    assert isinstance(answer, Completion)
    return answer


def review(request: ReviewRequest, *, key: str, timeout_s: float) -> Verdict:
    """See ``facade.review``."""
    answer = _run(request, key=key, timeout_s=timeout_s)
    assert isinstance(answer, Verdict)
    return answer


def stream(request: CompletionRequest, *, key: str, timeout_s: float) -> Iterator[StreamEvent]:
    """See ``facade.stream``. Money is set aside when the first piece is asked for."""
    assert_no_transaction()
    with transaction.atomic():
        made = plan.prepare(request, key=key)
    live = streaming.LiveStream(made, credentials.unlock(made), deadline=time.monotonic() + timeout_s)
    try:
        for piece in live.pieces():
            yield StreamEvent(text=piece)
    except GeneratorExit:
        _settle(made, live.response(cancelled=True), key=key)
        raise
    except BaseException as error:
        _abandon(made, key=key, error=error)
        raise
    settled = _settle(made, live.response(), key=key)
    yield StreamEvent(completion=settled if isinstance(settled, Completion) else None)


def set_budget(*, scope: str, subject: str, period: str, cap_micros: int | None, action: str) -> BudgetView | None:
    """See ``facade.set_budget``."""
    _check_budget(scope=scope, subject=subject, period=period, cap_micros=cap_micros, action=action)
    place: dict[str, Any] = {"scope": scope, "subject": subject, "period": period, "is_plan": False}
    if cap_micros is None:
        Budget.objects.filter(**place).update(cap_micros=None)
        return None
    budget, _ = Budget.objects.update_or_create(**place, defaults={"cap_micros": cap_micros, "action": action})
    from apps.ai.selectors import list_budgets

    return next(view for view in list_budgets() if view.id == budget.pk and view.subject == subject)


def label_verdict(*, answer_key: str, approved: bool, user_id: int, edited: bool, reason: str) -> None:
    """See ``facade.label_verdict``. Raises ``NotFound`` when no review ran under that key."""
    found = Review.objects.filter(key=answer_key).first()
    if found is None:
        raise NotFound(detail=f"no review with key {answer_key!r}")
    ReviewLabel.objects.create(review=found, approved=approved, edited=edited, user_id=user_id, reason=reason[:2000])


def sweep_reservations() -> int:
    """Give back expired reservations whose effect is over, as their owner says; without an owner, time decides.

    One page per call, safe to run from several places at once. Returns how many were given back.
    """
    given_back = 0
    with transaction.atomic():
        for reservation_id, key in ledger.expired(limit=SWEEP_PAGE):
            if any(owner.is_under_way(key) for owner in reservation_owners):
                ledger.extend(reservation_id)
                continue
            given_back += ledger.release(reservation_id=reservation_id, reason="expired: nobody settled it")
    if given_back:
        logger.warning("reservations given back by the sweep", extra={"count": given_back})
    return given_back


def _run(request: CompletionRequest | ReviewRequest, *, key: str, timeout_s: float) -> Completion | Verdict:
    assert_no_transaction()
    with transaction.atomic():
        made = plan.prepare(request, key=key)
    try:
        response = perform.perform(made, credentials.unlock(made), deadline=time.monotonic() + timeout_s)
    except BaseException as error:
        _abandon(made, key=key, error=error)
        raise
    return _settle(made, response, key=key)


def _settle(made: dict[str, Any], response: dict[str, Any], *, key: str) -> Completion | Verdict:
    with transaction.atomic():
        return settlement.settle(made, response, key=key)


def _abandon(made: dict[str, Any], *, key: str, error: BaseException) -> None:
    with transaction.atomic():
        settlement.abandon(made, key=key, reason=f"{type(error).__name__}: {error}", error=error)


def _check_budget(*, scope: str, subject: str, period: str, cap_micros: int | None, action: str) -> None:
    wrong: dict[str, str] = {}
    if scope not in Scope.values or scope == Scope.PLATFORM:
        wrong["scope"] = f"one of {', '.join(value for value in Scope.values if value != Scope.PLATFORM)}"
    elif (scope == Scope.TENANT) != (subject == "") or len(subject) > 200:
        wrong["subject"] = "empty for the workspace, otherwise whom the budget binds"
    if period not in Period.values:
        wrong["period"] = f"one of {', '.join(Period.values)}"
    if action not in BudgetAction.values:
        wrong["action"] = f"one of {', '.join(BudgetAction.values)}"
    if cap_micros is not None and (
        isinstance(cap_micros, bool) or not isinstance(cap_micros, int) or not 0 <= cap_micros <= CAP_MICROS_MAX
    ):
        wrong["cap_micros"] = "a whole number of micro-dollars, 0 or more"
    if wrong:
        raise InvalidInput(fields=wrong)
