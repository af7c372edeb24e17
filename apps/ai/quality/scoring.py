"""From votes to a verdict. Pure: plain values in, plain values out.

A vote is one judge's score per criterion. The total is computed here from the weights, never by a judge. Scores near the
threshold are voted on again, because there a single noisy score is a coin toss; far from it one vote is enough. On a re-run
of the same answer the earlier verdict stands while the new score stays inside the borderline band (hysteresis), so noise
alone cannot flip it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from apps.ai.contracts import Criterion, CriterionScore, Rubric

# Part of the borderline band, around the threshold, in which a second vote is asked for. With judges whose scores vary by 3 to
# 6 points this buys most of the certainty of voting in the whole band for two thirds of the votes (tests/ai/test_verdicts.py).
VOTE_BAND = 2 / 3


@dataclass(frozen=True, kw_only=True)
class Vote:
    """One judge's opinion: score 0-100 and reason by criterion key."""

    scores: Mapping[str, int]
    reasons: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Tally:
    """All votes together. ``passed`` follows the threshold, or the earlier verdict inside the band (``held``)."""

    score: int
    spread: int
    passed: bool
    held: bool
    criteria: tuple[CriterionScore, ...]


def clamp(value: object) -> int:
    """A score as a whole number from 0 to 100; anything that is not a number is 0."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return 0
    return max(0, min(100, round(value)))


def total(vote: Vote, criteria: Sequence[Criterion]) -> int:
    """Weighted score of one vote; a criterion the judge left out counts 0."""
    return round(sum(criterion.weight * clamp(vote.scores.get(criterion.key)) for criterion in criteria) / 100)


def needs_vote(votes: Sequence[Vote], rubric: Rubric, *, earlier: bool | None = None) -> bool:
    """Whether another vote is worth its price.

    One vote outside the middle of the band decides. Inside it, votes are added until two fall on the same side of the threshold, or
    ``max_votes`` is reached. With an ``earlier`` verdict one vote inside the band is enough: the verdict stands.
    """
    if not votes:
        return True
    if len(votes) >= rubric.max_votes:
        return False
    totals = [total(vote, rubric.criteria) for vote in votes]
    if abs(median(totals) - rubric.threshold) > rubric.borderline * VOTE_BAND:
        return False
    if earlier is not None:
        return False
    above = sum(score >= rubric.threshold for score in totals)
    return max(above, len(totals) - above) < 2


def tally(votes: Sequence[Vote], rubric: Rubric, *, earlier: bool | None = None) -> Tally:
    """The verdict of at least one vote: median total, spread, and per criterion the median with the nearest vote's reason."""
    totals = [total(vote, rubric.criteria) for vote in votes]
    score = round(median(totals))
    in_band = abs(score - rubric.threshold) <= rubric.borderline
    held = earlier is not None and in_band and earlier != (score >= rubric.threshold)
    return Tally(
        score=score,
        spread=max(totals) - min(totals),
        passed=bool(earlier) if earlier is not None and in_band else score >= rubric.threshold,
        held=held,
        criteria=tuple(_criterion(criterion, votes) for criterion in rubric.criteria),
    )


def _criterion(criterion: Criterion, votes: Sequence[Vote]) -> CriterionScore:
    scores = [clamp(vote.scores.get(criterion.key)) for vote in votes]
    middle = round(median(scores))
    nearest = min(range(len(votes)), key=lambda index: abs(scores[index] - middle))
    reason = votes[nearest].reasons.get(criterion.key, "")
    return CriterionScore(
        key=criterion.key, title=criterion.title, score=middle, weight=criterion.weight, reason=reason
    )
