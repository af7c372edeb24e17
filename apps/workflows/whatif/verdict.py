"""How a run would have gone against how it went: pure, over plain figures."""

from collections.abc import Mapping, Sequence
from typing import Any

from apps.workflows.whatif.conf import SCORE_NOISE
from apps.workflows.whatif.enums import Answered, Verdict

# Ends that say nothing about the definition: the record has no answer for what would have been asked or sent.
UNTOLD_CODES = frozenset({"would_wait", "cancelled"})
UNTOLD_ANSWERS = frozenset({Answered.WOULD_ASK.value, Answered.CAP.value})


def verdict_of(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    *,
    is_same_output: bool,
    answers: Mapping[str, str],
    softened: Sequence[str] = (),
) -> Verdict:
    """The verdict over two runs' figures (``state``, ``error_code``, ``error_path``, ``score``, ``way``).

    ``answers`` tells where each outside answer came from. ``softened`` names the steps whose patience (time limit, retries) was
    changed: an error from the record at one of them proves nothing. An unasked model leaves the outcome open unless everything
    else shows it.
    """
    if after["error_code"] in UNTOLD_CODES:
        return Verdict.OPEN
    untold = bool(UNTOLD_ANSWERS & set(answers.values()))
    if after["state"] == "failed":
        return _failed(before, after, untold=untold, stood_in=_stood_in(answers), softened=softened)
    if before["state"] == "failed":
        return Verdict.OPEN if untold else Verdict.BETTER
    if untold:
        return Verdict.OPEN
    if is_same_output and before["way"] == after["way"]:
        return Verdict.SAME
    return by_score(before["score"], after["score"])


def by_score(before: int | None, after: int | None) -> Verdict:
    """Better or worse beyond what chance moves a score by; otherwise only changed."""
    if before is None or after is None or abs(after - before) < SCORE_NOISE:
        return Verdict.CHANGED
    return Verdict.BETTER if after > before else Verdict.WORSE


def _failed(
    before: Mapping[str, Any], after: Mapping[str, Any], *, untold: bool, stood_in: bool, softened: Sequence[str]
) -> Verdict:
    if after["error_path"].split("#")[0] in softened and answers_alike(before, after):
        return Verdict.OPEN
    if before["state"] != "failed":
        # What a stand-in lacks is missing in the record, not in the definition.
        return Verdict.OPEN if (untold or stood_in) and after["error_code"] == "reference_missing" else Verdict.FAILED
    return Verdict.SAME if answers_alike(before, after) else Verdict.CHANGED


def _stood_in(answers: Mapping[str, str]) -> bool:
    return Answered.NOT_SENT.value in answers.values()


def answers_alike(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether two runs failed in the same place for the same reason."""
    return (before["error_code"], before["error_path"]) == (after["error_code"], after["error_path"])


def patience_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Steps of both definitions whose time limit or retries differ."""
    old, new = before.get("steps", {}), after.get("steps", {})
    return [
        step
        for step in new
        if step in old and any(old[step].get(name) != new[step].get(name) for name in ("timeout_s", "retry"))
    ]
