"""Collecting votes from the judge model: one where the score is clear, more near the threshold. Network only."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from apps.ai.enums import JudgeKind
from apps.ai.errors import ModelCallFailed, NoModelAvailable
from apps.ai.gateway import perform
from apps.ai.gateway.plan import messages_of
from apps.ai.quality import judge as judging
from apps.ai.quality import preparation, scoring

logger = logging.getLogger(__name__)


def judge(plan: Mapping[str, Any], session: perform.Session) -> dict[str, Any]:
    """Votes as JSON. A first vote that cannot be had raises; a later one that fails leaves the verdict to those there are."""
    review = plan["review"]
    if review["judge"] != JudgeKind.MODEL:
        measured = review["measured"]
        return {"votes": [{"scores": measured["scores"], "reasons": measured["reasons"]}], "calls": [], "model": ""}
    rubric = preparation.rubric_from(review["rubric"])
    votes: list[scoring.Vote] = []
    model = ""
    while scoring.needs_vote(votes, rubric, earlier=review["earlier"]):
        try:
            answer = perform.ask(session, messages_of(plan), role="vote" if votes else "first")
        except (ModelCallFailed, NoModelAvailable) as error:
            if not votes:
                raise
            logger.info("verdict stays with %s votes: %s", len(votes), error.code)
            break
        model = answer["model"]
        votes.append(judging.read_vote(answer["parsed"], rubric))
    return {
        "votes": [{"scores": dict(vote.scores), "reasons": dict(vote.reasons)} for vote in votes],
        "calls": session.calls,
        "model": model,
    }
