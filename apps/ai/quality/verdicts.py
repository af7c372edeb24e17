"""From checks, measures and votes to the stored verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from apps.ai.contracts import CheckResult, Verdict
from apps.ai.enums import Decision, Doubt, JudgeKind
from apps.ai.gateway.settlement import tokens
from apps.ai.models import Review
from apps.ai.quality import preparation, scoring

# A model's pass is not believed when the measures are this far below: something is badly wrong with form or faithfulness.
MEASURES_ALARM = 45
NO_JUDGE = (
    "Scored by measures, not by a model: no model that judges well is set up here. They see form, length, repetition and "
    "faithfulness to the given text, not whether a statement about the world is true."
)


def conclude(plan: Mapping[str, Any], response: Mapping[str, Any], *, key: str, cost: int | None,
             call_ids: tuple[str, ...]) -> Verdict:  # fmt: skip
    """The verdict, stored under ``key``; a second call stores nothing and returns the same."""
    review = plan["review"]
    rubric = preparation.rubric_from(review["rubric"])
    votes = [scoring.Vote(scores=vote["scores"], reasons=vote["reasons"]) for vote in response["votes"]]
    tally = scoring.tally(votes, rubric, earlier=review["earlier"])
    checks = tuple(CheckResult(**result) for result in review["checks"])
    kind = JudgeKind(review["judge"])
    failed = [result for result in checks if result.blocking and not result.passed]
    weak = [key for key in review["measured"]["below_floor"] if kind == JudgeKind.MECHANICAL]
    score = min(tally.score, max(0, rubric.threshold - 1)) if failed or weak else tally.score
    passed = tally.passed and not failed and not weak
    decision, doubt, why = _decide(review, kind, passed=passed, score=score, threshold=rubric.threshold, failed=failed)
    verdict = Verdict(
        score=score, passed=passed and decision == Decision.PASS, decision=decision.value, criteria=tally.criteria,
        checks=checks, votes=len(votes) if kind == JudgeKind.MODEL else 0, spread=tally.spread, judge=kind.value,
        model=response["model"], reasons=_say(why, tally, kind), cost_micros=cost, priced=cost is not None,
        judge_trusted=kind != JudgeKind.MECHANICAL and not review["suspended"],
        prompt_tokens=tokens(response["calls"], "prompt"), completion_tokens=tokens(response["calls"], "completion"),
        call_ids=call_ids, doubt=str(doubt),
    )  # fmt: skip
    _store(plan, response, verdict, rubric.threshold, key=key, own_pass=passed)
    return verdict


def _decide(review: Mapping[str, Any], kind: JudgeKind, *, passed: bool, score: int, threshold: int,
            failed: Sequence[CheckResult]) -> tuple[Decision, str, str]:  # fmt: skip
    """Decision, why a person is asked (a ``Doubt``, else empty), and the sentence."""
    if review["flags"]["answer"]:
        return (
            Decision.PERSON,
            Doubt.STEERED,
            f"The answer speaks to the judge ({', '.join(review['flags']['answer'])}); a person decides.",
        )
    if failed:
        return Decision.REVISE, "", " ".join(result.message for result in failed)
    if not passed:
        return Decision.REVISE, "", f"{score} of 100 points; {threshold} are needed."
    if review["flags"]["task"]:
        return (
            Decision.PERSON,
            Doubt.STEERED,
            f"The task's text tries to steer the judge ({', '.join(review['flags']['task'])}); a person decides.",
        )
    if review["suspended"]:
        return (
            Decision.PERSON,
            Doubt.SUSPENDED,
            "The judge is suspended: people disagreed with it too often. A person decides.",
        )
    if kind == JudgeKind.MODEL and review["measured"]["total"] < MEASURES_ALARM:
        return (
            Decision.PERSON,
            Doubt.DISAGREEMENT,
            f"The judge gave {score} points, the measures only {review['measured']['total']}; a person decides.",
        )
    if kind == JudgeKind.MECHANICAL and not review["measured"]["grounded"]:
        return (
            Decision.PERSON,
            Doubt.NO_JUDGE,
            "There is no source text to compare with and no model to judge it: a person should read it.",
        )
    return Decision.PASS, "", f"{score} of 100 points; {threshold} are needed."


def _say(why: str, tally: scoring.Tally, kind: JudgeKind) -> str:
    weakest = sorted(tally.criteria, key=lambda criterion: criterion.score)[:2]
    parts = [why]
    if tally.held:
        parts.append("The earlier verdict on this answer stands: the new score is within the margin of error.")
    parts += [
        f"{criterion.title} {criterion.score}: {criterion.reason}"
        for criterion in weakest
        if criterion.score < 85 and criterion.reason
    ]
    if kind == JudgeKind.MECHANICAL:
        parts.append(NO_JUDGE)
    return " ".join(parts)


def _store(plan: Mapping[str, Any], response: Mapping[str, Any], verdict: Verdict, threshold: int, *, key: str,
           own_pass: bool) -> None:  # fmt: skip
    review, payer = plan["review"], plan["attribution"]
    Review.objects.get_or_create(
        key=key,
        defaults={
            "fingerprint": review["fingerprint"], "task_type": plan["task_type"], "run_id": payer["run_id"],
            "step_path": payer["step_path"], "score": verdict.score, "threshold": threshold, "passed": own_pass,
            "decision": verdict.decision, "judge": verdict.judge, "model": verdict.model,
            "judge_trusted": verdict.judge_trusted, "votes": response["votes"], "spread": verdict.spread,
            "criteria": [asdict(criterion) for criterion in verdict.criteria],
            "checks": [asdict(result) for result in verdict.checks],
            "flags": [*review["flags"]["answer"], *review["flags"]["task"]],
        },
    )  # fmt: skip
