"""The judge on trial: how often people decided as the gate did."""

from __future__ import annotations

from apps.ai import conf
from apps.ai.contracts import Agreement
from apps.ai.enums import JudgeKind
from apps.ai.models import ReviewLabel


def judge_agreement(*, last: int = 200) -> Agreement:
    """Over the newest labels of model verdicts. Approved without an edit agrees with a pass; anything else with a fail.

    Suspended when at least ``conf.AGREEMENT_MIN_LABELS`` labels agree less often than ``conf.AGREEMENT_MIN_PERCENT``.
    """
    newest = (
        ReviewLabel.objects.filter(review__judge=JudgeKind.MODEL).order_by("-created_at", "-id")
        .values_list("review_id", "approved", "edited", "review__passed")[: last * 2]
    )  # fmt: skip
    latest = {review: (approved and not edited) == passed for review, approved, edited, passed in reversed(newest)}
    outcomes = list(latest.values())[-last:]
    labels, agreed = len(outcomes), sum(outcomes)
    percent = round(100 * agreed / labels, 1) if labels else None
    suspended = percent is not None and labels >= conf.AGREEMENT_MIN_LABELS and percent < conf.AGREEMENT_MIN_PERCENT
    return Agreement(labels=labels, agreed=agreed, percent=percent, suspended=suspended)
