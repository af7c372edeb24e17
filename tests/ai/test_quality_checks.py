"""Mechanical checks and the demands read from a task's own words."""

from typing import Any

import pytest

from apps.ai.contracts import Check
from apps.ai.quality import text
from apps.ai.quality.checks import contains, run_checks
from apps.ai.quality.demands import read_demands

GOOD = "The invoice over 1,200 euros from Maria Lopez is due on 4 May 2026."


def failing(answer: str, *checks: Check, task: str = "Say when the invoice is due.") -> set[str]:
    return {result.key for result in run_checks(answer, task=task, source="", checks=checks) if not result.passed}


@pytest.mark.parametrize(("kind", "value", "holds"), [
    ("min_words", 5, True), ("min_words", 50, False), ("max_words", 50, True), ("max_words", 3, False),
    ("min_chars", 10, True), ("max_chars", 10, False), ("max_sentences", 1, True), ("min_sentences", 2, False),
    ("format", "json", False), ("format", "table", False), ("format", "bullets", False), ("bullet_count", 0, True),
    ("language", "en", True), ("language", "de", False), ("required", ["1200", "Maria Lopez"], True),
    ("required", ["1300"], False), ("forbidden", ["refund"], True), ("forbidden", ["Invoice"], False),
    ("one_of", ["yes", "no"], False),
])  # fmt: skip
def test_a_check_holds_or_not(kind: str, value: Any, holds: bool) -> None:
    assert (kind not in failing(GOOD, Check(kind=kind, value=value))) is holds


@pytest.mark.parametrize(("answer", "key"), [
    ("", "empty"), ("  \n...", "empty"), ("I'm sorry, but I can't help with that.", "refusal"),
    ("As an AI language model I am unable to answer.", "refusal"), ("I love tea and cake. " * 30, "repetition"),
])  # fmt: skip
def test_answers_that_are_none_are_caught(answer: str, key: str) -> None:
    assert key in failing(answer)


@pytest.mark.parametrize("answer", [
    "Unfortunately the flight was cancelled; the next one leaves at 9:00.", "Sorry for the late delivery. The parcel arrives on Monday.",
    "We cannot deliver before Monday, as the carrier is on strike.",
])  # fmt: skip
def test_polite_answers_are_not_refusals(answer: str) -> None:
    assert "refusal" not in failing(answer)


def test_a_copy_is_caught_unless_it_may_be_one() -> None:
    source = "The city library will close its main reading room from June to July while the roof is being repaired by the town."
    assert "copy" in failing(f"Here is the summary:\n{source}", task=source)
    copied = run_checks(source, task=source, source="", checks=(), may_copy=True)
    assert not [one for one in copied if one.blocking and not one.passed]


@pytest.mark.parametrize(("task", "expected"), [
    ("Summarise this in two sentences.\n\nOne two three four five six.", {("max_sentences", 2)}),
    ("Write at most 50 words about tea.", {("max_words", 60)}),
    ("List the facts as three bullet points.\n\nOne two three four five.", {("bullet_count", 3)}),
    ("Turn this into JSON with the keys name and age.\n\nAnna Schmidt is 34 years old.", {("format", "json"), ("json_schema", None)}),
    ("Answer with one of: yes, no, maybe.\n\nIs the tea in this cup still hot?", {("one_of", None)}),
    ("Convert the order into a table.\n\n12 desks and 3 lamps, please.", {("format", "table")}),
    ("Please proofread the attached letter.", set()),
])  # fmt: skip
def test_demands_are_read_from_the_task(task: str, expected: set[tuple[str, Any]]) -> None:
    found = read_demands(task).checks
    assert {(check.kind, check.value if isinstance(check.value, int | str) else None) for check in found} == expected


def test_instruction_and_material_are_told_apart() -> None:
    found = read_demands(
        "Notice for the page\n\nSummarise the text in two sentences.\n\nThe library closes in June. It opens in July."
    )
    assert found.instruction.endswith("Summarise the text in two sentences.")
    assert found.material == "The library closes in June. It opens in July."
    assert (found.faithful, found.condensing) == (True, True)
    assert read_demands("What is the capital of France?").material == ""


@pytest.mark.parametrize(("answer", "fact", "there"), [
    ("It costs 1,200 euros.", "1200 euros", True), ("It costs 12000 euros.", "1200", False), ("On 09 May", "9 May", True),
    ("maria LOPEZ signed", "Maria Lopez", True), ("Mariana signed", "Maria", False),
])  # fmt: skip
def test_facts_are_found_by_value(answer: str, fact: str, there: bool) -> None:
    assert contains(answer, fact) is there


def test_facts_are_read_from_a_text() -> None:
    assert text.numbers("1,200 euros on 04.05. at 20:00") >= {"1200"}
    assert text.names("Yesterday Maria Lopez met Tom in Hamburg.") == {"maria", "lopez", "tom", "hamburg"}
    assert len(text.sentences("Mr. Khan paid 2.5 euros. He left!")) == 2
