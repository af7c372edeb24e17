"""``prepare``: from a request to a plan that can be stored, sent after a crash, and settled."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from apps.ai import prices
from apps.ai.contracts import CompletionRequest, Message, ReviewRequest
from apps.ai.enums import Purpose
from apps.ai.errors import BudgetExceeded, InputTooLong
from apps.ai.gateway import ledger, limits, savings
from apps.ai.gateway.route import Candidate, route
from apps.ai.quality import preparation
from apps.tenants.facade import current_tenant

# Billed requests one completion may take: the answer, and one more when it is unusable. Only one is set aside when two do
# not fit the budget.
BILLED_TRIES = 2
ATTRIBUTION = ("run_id", "step_path", "workflow", "user_id", "api_key_id")


def prepare(request: CompletionRequest | ReviewRequest, *, key: str) -> dict[str, Any]:
    """See ``facade.prepare``."""
    limits.check_key(key)
    if isinstance(request, ReviewRequest):
        return _prepare_review(request, key=key)
    limits.check_request(request)
    saving = request.purpose == Purpose.WORK and not request.model and savings.is_saving(_payers(request, ()))
    plan = build_completion(request, saving=saving)
    return _with_hold(plan, request, key=key, tries=(BILLED_TRIES, 1))


def build_completion(request: CompletionRequest, *, saving: bool = False) -> dict[str, Any]:
    """The plan without money: candidates that can take the request, each with the most one request to it can cost."""
    fitting = _fitting(
        route(purpose=request.purpose, quality=request.quality, model=request.model, saving=saving), request
    )
    return {
        "version": 1,
        "kind": "completion",
        "tenant": current_tenant().schema_name,
        "candidates": fitting,
        "bound": max(candidate["bound"] for candidate in fitting),
        "request": _request_json(request),
        "attribution": {name: _plain(getattr(request, name)) for name in ATTRIBUTION},
        "purpose": request.purpose,
        "task_type": request.task_type,
        "prompt_version": request.prompt_version,
        "saving": saving,
    }


def _prepare_review(request: ReviewRequest, *, key: str) -> dict[str, Any]:
    limits.check_review(request)
    candidates = route(purpose=Purpose.JUDGE, model=request.model)
    review = preparation.prepare_review(request, judges=candidates[0].judges, model=candidates[0].model,
                                        boundary=secrets.token_hex(8))  # fmt: skip
    if review["judge"] != "model":
        plan = {"version": 1, "kind": "review", "tenant": current_tenant().schema_name, "candidates": [], "bound": 0,
                "review": review, "purpose": Purpose.JUDGE.value,
                "task_type": request.task_type, "prompt_version": review["prompt_version"], "saving": False,
                "attribution": {name: _plain(getattr(request, name)) for name in ATTRIBUTION}}  # fmt: skip
        return plan | {"key": key, "reservation": None, "allowance": 0}
    judge = preparation.judge_request(request, review)
    plan = build_completion(judge) | {"kind": "review", "review": review}
    votes = request.rubric.max_votes
    return _with_hold(plan, judge, key=key, tries=tuple(range(votes + 1, 0, -1)))


def _with_hold(plan: dict[str, Any], request: CompletionRequest, *, key: str, tries: Sequence[int]) -> dict[str, Any]:
    payers = _payers(request, tuple(candidate["model"] for candidate in plan["candidates"]))
    for number in tries:
        try:
            hold = ledger.reserve(key=key, amount_micros=plan["bound"] * number, payers=payers)
            break
        except BudgetExceeded:
            if number == tries[-1]:
                raise
    return plan | {"key": key, "reservation": str(hold.id), "allowance": hold.amount_micros}


def _payers(request: CompletionRequest, models: tuple[str, ...]) -> ledger.Payers:
    return ledger.Payers(
        workflow=request.workflow, user_id=request.user_id, api_key_id=request.api_key_id, models=models
    )


def _fitting(candidates: Sequence[Candidate], request: CompletionRequest) -> list[dict[str, Any]]:
    likely = limits.likely_tokens(request.messages, request.response_schema)
    highest = limits.prompt_bytes(request.messages, request.response_schema)
    fitting = []
    for candidate in candidates:
        room = limits.output_room(context=candidate.context, max_output=candidate.max_output,
                                  wanted=request.max_output_tokens, prompt=likely)  # fmt: skip
        if room:
            bound = prices.highest_cost(prices=candidate.prices, model=candidate.model,
                                        prompt_tokens=min(highest, candidate.context), max_output_tokens=room)  # fmt: skip
            fitting.append(candidate.as_json() | {"max_tokens": room, "bound": bound})
    if not fitting:
        window = max(candidate.context for candidate in candidates)
        needed = likely + min(request.max_output_tokens, limits.SMALLEST_ANSWER)
        raise InputTooLong(needed=needed, window=window, fields={"messages": "too long"})
    return fitting


def _request_json(request: CompletionRequest) -> dict[str, Any]:
    """What is sent, frozen; text that JSON or the database cannot hold is cleaned here, once."""
    return {
        "messages": [asdict(replace(turn, content=limits.clean(turn.content))) for turn in request.messages],
        "temperature": request.temperature,
        "response_schema": dict(request.response_schema) if request.response_schema is not None else None,
    }


def essence(plan: Mapping[str, Any]) -> dict[str, Any]:
    """See ``facade.essence``."""
    review = plan.get("review") or {}
    boundary = str(review.get("boundary") or "")
    told = {"request": plan.get("request"), "review": {name: one for name, one in review.items() if name != "boundary"}}
    text = json.dumps(told, sort_keys=True)
    if boundary:
        text = text.replace(boundary, "")
    models = [candidate["model"] for candidate in plan.get("candidates", ())][:1]
    return {"kind": plan.get("kind"), "purpose": plan.get("purpose"), "models": models, "told": text}


def messages_of(plan: Mapping[str, Any]) -> tuple[Message, ...]:
    """The plan's messages as contracts."""
    return tuple(Message(**turn) for turn in plan["request"]["messages"])


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value
