"""What happens to an answer after its review."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.ai.enums import Doubt
from apps.tasks import policy
from apps.tasks.enums import ReviewReason


def verdict(score: int, *, decision: str = "", blocked: bool = False) -> dict:
    """A verdict as the quality gate gives it."""
    passed = score >= 80 and not blocked
    return {
        "score": score,
        "passed": passed,
        "decision": decision or ("pass" if passed else "revise"),
        "reasons": "Too short.",
        "criteria": [
            {"key": "clarity", "title": "Clarity", "score": score, "weight": 100, "reason": "Hard to follow."}
        ],
        "checks": [{"key": "min_words", "passed": not blocked, "blocking": True, "message": "Only 2 of 20 words."}],
    }


def test_a_passed_answer_is_delivered() -> None:
    assert policy.decide(verdict=verdict(91), revisions_done=0, max_revisions=2).next == policy.DELIVER


def test_a_failed_answer_is_revised_with_the_reasons() -> None:
    outcome = policy.decide(verdict=verdict(60), revisions_done=0, max_revisions=2)
    assert (outcome.next, outcome.feedback) == (policy.REVISE, "- Clarity: Hard to follow.")


def test_failed_checks_come_first_in_the_reasons() -> None:
    outcome = policy.decide(verdict=verdict(95, blocked=True), revisions_done=0, max_revisions=2)
    assert outcome.next == policy.REVISE
    assert outcome.feedback.splitlines()[0] == "- Only 2 of 20 words."


@pytest.mark.parametrize(
    ("found", "suspended", "reason"),
    [
        (verdict(60), False, "below_target"),
        (verdict(90, blocked=True), False, "check_failed"),
        (None, False, "judge_failed"),
        (verdict(99), True, "judge_suspended"),
        (verdict(85, decision="person"), False, "borderline"),
        (verdict(94, decision="person") | {"passed": False, "doubt": "no_judge"}, False, "no_judge"),
    ],
)
def test_what_a_rule_cannot_decide_goes_to_a_person_with_the_reason(
    found: dict | None, suspended: bool, reason: str
) -> None:
    outcome = policy.decide(verdict=found, revisions_done=2, max_revisions=2, judge_suspended=suspended)
    assert (outcome.next, outcome.reason) == (policy.PERSON, reason)


@pytest.mark.parametrize("doubt", Doubt.values)
def test_what_the_gate_cannot_judge_is_not_revised_first(doubt: str) -> None:
    found = verdict(94, decision="person") | {"passed": False, "doubt": doubt}
    outcome = policy.decide(verdict=found, revisions_done=0, max_revisions=2)
    assert (outcome.next, outcome.reason) == (policy.PERSON, doubt)
    assert ReviewReason(outcome.reason)


@given(
    score=st.integers(0, 100),
    decision=st.sampled_from(["pass", "revise", "person"]),
    blocked=st.booleans(),
    done=st.integers(0, 12),
    most=st.integers(0, 10),
    suspended=st.booleans(),
)
def test_nothing_blocked_or_failed_is_ever_delivered_and_revisions_end(
    score: int, decision: str, blocked: bool, done: int, most: int, suspended: bool
) -> None:
    found = verdict(score, decision=decision, blocked=blocked)
    outcome = policy.decide(verdict=found, revisions_done=done, max_revisions=most, judge_suspended=suspended)
    if outcome.next == policy.DELIVER:
        assert found["passed"] and decision == "pass" and not blocked and not suspended
    if outcome.next == policy.REVISE:
        assert done < most and outcome.feedback
    if outcome.next == policy.PERSON:
        assert outcome.reason
