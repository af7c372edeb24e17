"""``settle`` and ``abandon``: what was sent is priced, written down and charged, once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

from apps.ai import prices
from apps.ai.contracts import Completion, Verdict
from apps.ai.enums import CallState
from apps.ai.gateway import ledger
from apps.ai.models import AICall
from apps.core.ids import new_id


def settle(plan: Mapping[str, Any], response: Mapping[str, Any], *, key: str) -> Completion | Verdict:
    """See ``facade.settle``."""
    with transaction.atomic():
        calls = response["calls"]
        booked = _book(plan, calls, key=key)
        if plan["kind"] == "review":
            from apps.ai.quality import verdicts

            return verdicts.conclude(plan, response, key=key, cost=cost_of(calls), call_ids=booked)
    return _completion(response, booked)


def abandon(plan: Mapping[str, Any], *, key: str, reason: str, error: BaseException | None = None) -> None:
    """See ``facade.abandon``."""
    if not plan.get("reservation"):
        return
    calls: Sequence[Mapping[str, Any]] = getattr(error, "calls", ())
    total, by_model = charges(calls)
    with transaction.atomic():
        closed = ledger.release(
            reservation_id=UUID(plan["reservation"]), reason=reason, spent_micros=total, by_model=by_model
        )
        if closed:
            _write_calls(plan, calls, key=key)


def price_of(call: Mapping[str, Any]) -> prices.Price:
    """The price of one recorded call; calls that cannot have been billed cost nothing."""
    if not call["billed"]:
        return prices.Price(micros=0, charge_micros=0, version="")
    usage = call["usage"]
    tokens = prices.TokenCounts(prompt=usage["prompt"], cached=usage["cached"], cache_write=usage.get("cache_write", 0),
                                completion=usage["completion"])  # fmt: skip
    return prices.price_call(prices=call["prices"], model=call["model"], tokens=tokens)


def cost_of(calls: Sequence[Mapping[str, Any]]) -> int | None:
    """Cost of all calls in micro-dollars; None as soon as one has no known price."""
    found = [price_of(call).micros for call in calls]
    known = [micros for micros in found if micros is not None]
    return sum(known) if len(known) == len(found) else None


def charges(calls: Sequence[Mapping[str, Any]]) -> tuple[int, dict[str, int]]:
    """What budgets count: in total, and per model."""
    by_model: dict[str, int] = defaultdict(int)
    for call in calls:
        by_model[call["model"]] += price_of(call).charge_micros
    return sum(by_model.values()), dict(by_model)


def _book(plan: Mapping[str, Any], calls: Sequence[Mapping[str, Any]], *, key: str) -> tuple[str, ...]:
    if not plan.get("reservation"):
        return ()
    reservation = UUID(plan["reservation"])
    total, by_model = charges(calls)
    if ledger.settle(reservation_id=reservation, spent_micros=total, by_model=by_model):
        return _write_calls(plan, calls, key=key)
    earlier = AICall.objects.filter(reservation_id=reservation).order_by("ordinal").values_list("id", flat=True)
    return tuple(str(call_id) for call_id in earlier)


def _write_calls(plan: Mapping[str, Any], calls: Sequence[Mapping[str, Any]], *, key: str) -> tuple[str, ...]:
    earlier = AICall.objects.filter(reservation_id=plan["reservation"]).count()
    rows = [_row(plan, call, key=key, ordinal=earlier + number) for number, call in enumerate(calls)]
    AICall.objects.bulk_create(rows)
    return tuple(str(row.id) for row in rows)


def _row(plan: Mapping[str, Any], call: Mapping[str, Any], *, key: str, ordinal: int) -> AICall:
    payer, usage, price = plan["attribution"], call["usage"], price_of(call)
    return AICall(
        id=new_id(), reservation_id=plan["reservation"], key=key, ordinal=ordinal, purpose=plan["purpose"], role=call["role"],
        state=CallState.OK if call["ok"] else CallState.FAILED, error_code=call["error"][:40], provider=call["endpoint"],
        model=call["model"], answered_by=call["answered_by"][:120], provider_request_id=call["request_id"][:120],
        prompt_version=plan["prompt_version"][:80], task_type=plan["task_type"][:64], workflow=payer["workflow"],
        run_id=payer["run_id"], step_path=payer["step_path"][:200], user_id=payer["user_id"],
        api_key_id=payer["api_key_id"] or "", prompt_tokens=usage.get("prompt", 0), cached_tokens=usage.get("cached", 0),
        completion_tokens=usage.get("completion", 0), reasoning_tokens=usage.get("reasoning", 0),
        usage_estimated=call["estimated"], cost_micros=price.micros, charged_micros=price.charge_micros,
        price_version=price.version, latency_ms=call["latency_ms"], finish_reason=call["finish_reason"][:40],
        streamed=call["streamed"],
    )  # fmt: skip


def _completion(response: Mapping[str, Any], call_ids: tuple[str, ...]) -> Completion:
    calls = response["calls"]
    cost = cost_of(calls)
    return Completion(
        text=response["text"], parsed=response["parsed"], model=response["model"], provider=response["endpoint"],
        prompt_tokens=tokens(calls, "prompt"), cached_tokens=tokens(calls, "cached"),
        completion_tokens=tokens(calls, "completion"), cost_micros=cost, priced=cost is not None,
        latency_ms=sum(call["latency_ms"] for call in calls), finish_reason=response["finish_reason"], call_ids=call_ids,
    )  # fmt: skip


def tokens(calls: Sequence[Mapping[str, Any]], name: str) -> int:
    """Sum of one kind of tokens."""
    return sum(call["usage"].get(name, 0) for call in calls)
