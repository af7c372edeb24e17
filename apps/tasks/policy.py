"""What happens to an answer after its review: the pure rule, no database.

Pass: deliver. The gate asks for a person: a person, at once, as another version would not help. Failed with revisions left: revise
with the reviewer's reasons. Everything else is for a person, with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# Criteria from this score on need no advice; it would only distract from what is wrong.
GOOD = 85
DELIVER, REVISE, PERSON = "deliver", "revise", "person"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """``next`` is "deliver", "revise" or "person"; ``reason`` a review reason for a person; ``feedback`` what to do better."""

    next: str
    reason: str = ""
    feedback: str = ""


def decide(
    *, verdict: Mapping[str, Any] | None, revisions_done: int, max_revisions: int, judge_suspended: bool = False
) -> Outcome:
    """The next step for one reviewed answer; ``verdict`` is None when the review itself failed."""
    if verdict is None:
        return Outcome(next=PERSON, reason="judge_failed")
    feedback = feedback_of(verdict)
    blocked = [check for check in verdict.get("checks", ()) if check.get("blocking") and not check.get("passed")]
    if judge_suspended and not blocked:
        return Outcome(next=PERSON, reason="judge_suspended", feedback=feedback)
    if verdict.get("decision") == "pass" and verdict.get("passed") and not blocked:
        return Outcome(next=DELIVER)
    if verdict.get("decision") == "person" and not blocked:
        return Outcome(next=PERSON, reason=verdict.get("doubt") or "borderline", feedback=feedback)
    if revisions_done < max_revisions:
        return Outcome(next=REVISE, feedback=feedback)
    return Outcome(next=PERSON, reason="check_failed" if blocked else "below_target", feedback=feedback)


def feedback_of(verdict: Mapping[str, Any]) -> str:
    """The reviewer's reasons as a list for the next version: failed checks first, then the weakest criteria, then the rest."""
    lines: list[str] = [str(check.get("message", "")) for check in verdict.get("checks", ()) if not check.get("passed")]
    criteria: Sequence[Mapping[str, Any]] = sorted(verdict.get("criteria", ()), key=lambda entry: entry.get("score", 0))
    lines += [
        f"{entry.get('title') or entry.get('key')}: {entry['reason']}"
        for entry in criteria
        if entry.get("reason") and entry.get("score", 0) < GOOD
    ]
    if not lines and verdict.get("reasons"):
        lines.append(str(verdict["reasons"]))
    return "\n".join(f"- {line}" for line in lines if line)[:4_000]
