"""The part of a review that needs no model: checks, signs of manipulation, measures, and who is to judge."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from apps.ai.contracts import Check, CompletionRequest, ReviewRequest, Rubric
from apps.ai.enums import JudgeKind, Purpose
from apps.ai.models import Review
from apps.ai.quality import checks as mechanical
from apps.ai.quality import judge, manipulation, scoring
from apps.ai.quality.agreement import judge_agreement
from apps.ai.quality.demands import read_demands
from apps.ai.quality.measures import measure

MEASURES_VERSION = "measures@1"
JUDGE_TOKENS = 1500
JUDGE_TEMPERATURE = 0.3


def prepare_review(request: ReviewRequest, *, judges: bool, model: str, boundary: str) -> dict[str, Any]:
    """Everything a verdict needs beside a model's votes, as JSON for the plan. ``judges``: the routed model may judge.

    A failed blocking check ends the review here: no model is asked.
    """
    demands = read_demands(request.task)
    asked = _with_language(request.checks, request.language)
    mechanical.validate(asked)
    all_checks = (*asked, *(check for check in demands.checks if check.kind not in {one.kind for one in asked}))
    results = mechanical.run_checks(
        request.answer,
        task=demands.material or request.task,
        source=request.source,
        checks=all_checks,
        may_copy=demands.may_copy,
    )
    measured = measure(
        request.answer, demands=demands, source=request.source, criteria=request.rubric.criteria, checks=results
    )
    blocked = any(result.blocking and not result.passed for result in results)
    kind = JudgeKind.CHECKS if blocked else JudgeKind.MODEL if judges else JudgeKind.MECHANICAL
    version = judge.PROMPT_VERSION if kind == JudgeKind.MODEL else MEASURES_VERSION
    fingerprint = _fingerprint(request, f"{kind}:{model if kind == JudgeKind.MODEL else ''}:{version}")
    earlier = (
        Review.objects.filter(fingerprint=fingerprint).order_by("-created_at").values_list("passed", flat=True).first()
    )
    return {
        "judge": kind.value,
        "model": model if kind == JudgeKind.MODEL else "",
        "prompt_version": version,
        "boundary": boundary,
        "rubric": asdict(request.rubric),
        "checks": [asdict(result) for result in results],
        "flags": {"answer": manipulation.signs(request.answer), "task": manipulation.signs(f"{request.task}\n{request.source}")},
        "measured": {"scores": dict(measured.vote.scores), "reasons": dict(measured.vote.reasons), "grounded": measured.grounded,
                     "below_floor": measured.below_floor(),
                     "total": scoring.total(measured.vote, request.rubric.criteria)},
        "fingerprint": fingerprint,
        "earlier": earlier if kind == JudgeKind.MODEL else None,
        "suspended": kind == JudgeKind.MODEL and judge_agreement().suspended,
    }  # fmt: skip


def judge_request(request: ReviewRequest, review: Mapping[str, Any]) -> CompletionRequest:
    """The model call that gives one vote."""
    return CompletionRequest(
        purpose=Purpose.JUDGE,
        messages=judge.messages_for(task=request.task, answer=request.answer, source=request.source, rubric=request.rubric,
                                    language=request.language, boundary=review["boundary"]),
        task_type=request.task_type,
        max_output_tokens=JUDGE_TOKENS,
        temperature=JUDGE_TEMPERATURE,
        response_schema=judge.schema_for(request.rubric),
        model=request.model,
        prompt_version=review["prompt_version"],
        run_id=request.run_id,
        step_path=request.step_path,
        workflow=request.workflow,
        user_id=request.user_id,
        api_key_id=request.api_key_id,
    )  # fmt: skip


def rubric_from(data: Mapping[str, Any]) -> Rubric:
    """The rubric stored in a plan."""
    from apps.ai.contracts import Criterion

    return Rubric(**{**data, "criteria": tuple(Criterion(**criterion) for criterion in data["criteria"])})


def _with_language(checks: tuple[Check, ...], language: str) -> tuple[Check, ...]:
    if not language or any(check.kind == "language" for check in checks):
        return tuple(checks)
    return (*checks, Check(kind="language", value=language.split("-", maxsplit=1)[0].lower()))


def _fingerprint(request: ReviewRequest, judged_by: str) -> str:
    parts = [request.task, request.answer, request.source, asdict(request.rubric), judged_by, request.language,
             [asdict(check) for check in request.checks]]  # fmt: skip
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode("utf-8", "replace")).hexdigest()
