"""Mechanical checks: free, certain, first. Each says in a sentence what was found. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any

import jsonschema_rs
from rapidfuzz import fuzz

from apps.ai.contracts import Check, CheckResult
from apps.ai.errors import InvalidRequest
from apps.ai.quality import text as reading

REFUSAL = re.compile(
    r"^\W*(?:i'?m sorry|sorry|unfortunately|i apologi[sz]e|as an ai|i am an ai|i'?m an ai|i (?:can(?:no|')t|am unable|am not able|won't)|"
    r"lo siento|no puedo)\b[^.\n]{0,80}(?:can(?:no|')?t|unable|not able|won't|do not have|don't have|language model|puedo|help)?",
    re.IGNORECASE,
)
REFUSAL_WORDS = re.compile(
    r"\b(?:can(?:no|')t|unable|not able|won't|language model|no puedo|not possible)\b", re.IGNORECASE
)
PREAMBLE = re.compile(r"^\W*(?:here(?:'s| is| are)|below (?:is|are)|the following)\b[^\n]{0,90}:\s", re.IGNORECASE)
REPETITION_MAX = 0.35
COPY_RATIO = 92
COPY_CHARS = 60
LANGUAGE_SURE = 0.6
FENCE = re.compile(r"^\s*```\w*\s*(.*?)\s*```\s*$", re.DOTALL)
KINDS = frozenset(
    [
        "min_words",
        "max_words",
        "min_chars",
        "max_chars",
        "min_sentences",
        "max_sentences",
        "format",
        "bullet_count",
        "language",
        "required",
        "forbidden",
        "json_schema",
        "one_of",
    ]
)
FORMATS = ("json", "list", "bullets", "table")


def validate(checks: Sequence[Check]) -> None:
    """Raises ``InvalidRequest`` for a check nobody can carry out."""
    for check in checks:
        if check.kind not in KINDS:
            raise InvalidRequest(fields={"checks": f"unknown check {check.kind!r}; known: {', '.join(sorted(KINDS))}"})
        if not _fits(check):
            raise InvalidRequest(fields={"checks": f"the value of {check.kind} does not fit"})


def run_checks(
    answer: str, *, task: str, source: str, checks: Sequence[Check], may_copy: bool = False
) -> list[CheckResult]:
    """Universal checks (empty, refusal, repetition, copy of the input), then the given ones, in that order."""
    if not reading.words(answer):
        return [CheckResult(key="empty", passed=False, blocking=True, message="The answer is empty.")]
    results = [_refusal(answer), _repetition(answer), _copy(answer, task=task, source=source, blocking=not may_copy)]
    for check in checks:
        passed, message = _RUNNERS[check.kind](answer, check.value)
        results.append(CheckResult(key=check.kind, passed=passed, blocking=check.blocking, message=message))
    return results


def _refusal(answer: str) -> CheckResult:
    opening = answer.strip()[:240]
    refused = bool(REFUSAL.match(opening) and REFUSAL_WORDS.search(opening)) and len(reading.words(answer)) < 120
    message = "The model declined instead of answering." if refused else "The answer is not a refusal."
    return CheckResult(key="refusal", passed=not refused, blocking=True, message=message)


def _repetition(answer: str) -> CheckResult:
    share = reading.repetition(answer)
    looping = share > REPETITION_MAX and len(reading.words(answer)) >= 20
    message = f"{share:.0%} of the text repeats itself." if share > 0.1 else "The text does not repeat itself."
    return CheckResult(key="repetition", passed=not looping, blocking=True, message=message)


def _copy(answer: str, *, task: str, source: str, blocking: bool) -> CheckResult:
    plain = " ".join(reading.words(PREAMBLE.sub("", answer, count=1)))
    copied = False
    if len(plain) >= COPY_CHARS:
        for original in filter(None, (source, task)):
            if reading.bullets(answer) >= 2 and not reading.bullets(original):
                continue  # the same words made into a list are a different thing
            other = " ".join(reading.words(original))
            similar = fuzz.ratio(plain, other) if len(other) <= 3 * len(plain) else 0
            copied = copied or similar >= COPY_RATIO
    message = "The answer only repeats the text it was given." if copied else "The answer is not a copy of the task."
    return CheckResult(key="copy", passed=not copied, blocking=blocking, message=message)


def _length(count: Callable[[str], int], unit: str, *, least: bool) -> Callable[[str, Any], tuple[bool, str]]:
    def run(answer: str, limit: Any) -> tuple[bool, str]:
        found = count(answer)
        bound = "at least" if least else "at most"
        return (found >= limit if least else found <= limit), f"{found} {unit}; {bound} {limit} wanted."

    return run


def _format(answer: str, wanted: Any) -> tuple[bool, str]:
    if wanted == "json":
        try:
            json.loads(_unfenced(answer))
        except (ValueError, RecursionError):
            return False, "The answer is not JSON alone: something stands before or after it, or it is broken."
        return True, "The answer is valid JSON."
    if wanted == "table":
        found = reading.has_table(answer)
        return found, "The answer is a table." if found else "A table was asked for; there is none."
    found = reading.bullets(answer) >= 1 or (
        wanted == "list" and len([line for line in answer.splitlines() if line.strip()]) >= 2
    )
    return found, "The answer is a list." if found else "A list was asked for; there is none."


def _bullet_count(answer: str, wanted: Any) -> tuple[bool, str]:
    found = reading.bullets(answer)
    return found == wanted, f"{found} list items; {wanted} wanted."


def _language(answer: str, wanted: Any) -> tuple[bool, str]:
    found, sure = reading.language(answer)
    if not found or found == wanted or sure < LANGUAGE_SURE:
        return (
            True,
            f"The language is {wanted}, or the text is too short to tell."
            if found != wanted
            else f"The language is {wanted}.",
        )
    return False, f"The answer is in {found}; {wanted} was wanted."


def _required(answer: str, wanted: Any) -> tuple[bool, str]:
    missing = [str(fact) for fact in wanted if not contains(answer, str(fact))]
    if missing:
        return False, f"Missing: {', '.join(missing[:8])}."
    return True, "All required facts are there."


def contains(answer: str, fact: str) -> bool:
    """Whether a fact stands in the text: numbers by value, phrases by their words, whatever the case and punctuation."""
    wanted = reading.numbers(fact)
    if wanted and not reading.WORD.sub("", fact.replace(" ", "")).strip(".,:/-$\u20ac%"):
        rest = [word for word in reading.words(fact) if not word.isdigit()]
        if wanted <= reading.numbers(answer) and all(word in reading.words(answer) for word in rest):
            return True
    return f" {' '.join(reading.words(fact))} " in f" {' '.join(reading.words(answer))} "


def _forbidden(answer: str, phrases: Any) -> tuple[bool, str]:
    found = [str(phrase) for phrase in phrases if contains(answer, str(phrase))]
    return not found, f"Not allowed here: {', '.join(found[:8])}." if found else "No forbidden phrase."


def _json_schema(answer: str, schema: Any) -> tuple[bool, str]:
    try:
        value = json.loads(_unfenced(answer))
    except (ValueError, RecursionError):
        return False, "The answer is not JSON."
    error = next(iter(jsonschema_rs.validator_for(schema).iter_errors(value)), None)
    return (
        error is None,
        "The JSON has the agreed form." if error is None else f"The JSON is not as agreed: {error.message[:120]}.",
    )


def _one_of(answer: str, options: Any) -> tuple[bool, str]:
    said = " ".join(reading.words(answer))
    chosen = [option for option in options if " ".join(reading.words(str(option))) == said]
    return bool(
        chosen
    ), f"The answer is {chosen[0]!r}." if chosen else f"The answer must be one of: {', '.join(map(str, options))}."


def _unfenced(answer: str) -> str:
    match = FENCE.match(answer)
    return match.group(1) if match else answer


def _fits(check: Check) -> bool:
    value = check.value
    if check.kind.startswith(("min_", "max_")) or check.kind == "bullet_count":
        return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 1_000_000
    if check.kind == "format":
        return value in FORMATS
    if check.kind == "language":
        return isinstance(value, str) and bool(re.fullmatch(r"[a-z]{2,3}", value))
    if check.kind == "json_schema":
        return isinstance(value, dict)
    return (
        isinstance(value, list | tuple)
        and 0 < len(value) <= 200
        and all(isinstance(item, str | int | float) for item in value)
    )


_RUNNERS: dict[str, Callable[[str, Any], tuple[bool, str]]] = {
    "min_words": _length(lambda answer: len(reading.words(answer)), "words", least=True),
    "max_words": _length(lambda answer: len(reading.words(answer)), "words", least=False),
    "min_chars": _length(len, "characters", least=True),
    "max_chars": _length(len, "characters", least=False),
    "min_sentences": _length(lambda answer: len(reading.sentences(answer)), "sentences", least=True),
    "max_sentences": _length(lambda answer: len(reading.sentences(answer)), "sentences", least=False),
    "format": _format,
    "bullet_count": _bullet_count,
    "language": _language,
    "required": _required,
    "forbidden": _forbidden,
    "json_schema": _json_schema,
    "one_of": _one_of,
}
