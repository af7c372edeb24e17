"""Scores without a model: how an answer relates to its task by countable things. Pure.

Used when no model that judges well is set up, and as a second opinion beside one. The measures see form and faithfulness to
the given text (facts that appear from nowhere, main points left out, length, repetition, manner); they cannot see whether a
claim about the world is true, so tasks without a source text are never scored as accurate, and the verdict says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from apps.ai.contracts import CheckResult, Criterion
from apps.ai.quality import text as reading
from apps.ai.quality.checks import PREAMBLE
from apps.ai.quality.demands import Demands
from apps.ai.quality.scoring import Vote, clamp

CASUAL = re.compile(
    r"\b(?:gonna|wanna|gotta|lol|omg|dude|yeah|hey|dunno|kinda|ain't|wtf|crap|damn|stupid|um|uh)\b", re.IGNORECASE
)
ABOUT_ITSELF = re.compile(
    r"\b(?:as an ai|language model|i(?:'ve| have)? (?:made|replaced|added|rephrased|removed|corrected|changed) (?:a|an|the|some|these|few|minor)\b|"
    r"the answer is:|this (?:json|text|summary|message|sentence|list|is a list) (?:format|is|can|of|object)\b|you are correct|"
    r"sure[,!]|certainly[,!]|i hope this helps|(?:the|a) (?:corrected|rewritten|cleaned|revised|polite) (?:version|text|transcript|message)\b)",
    re.IGNORECASE,
)
UNFINISHED = re.compile(r"[\w,;:(-]\s*$")
POLITE = re.compile(r"\b(?:polite|politer|professional|formal|friendly|business|courteous)\b", re.IGNORECASE)
REWRITING = re.compile(r"\b(?:rewrite|rephrase|reword|politer?|paraphrase|simplify)\b", re.IGNORECASE)
# A verdict by measures does not pass with a criterion below this, whatever the total: the weights assume a judge that sees all.
FLOOR = 60
LONG_SENTENCE = 32
TITLE_WORDS = 14
FACTS_ENOUGH = 5
NO_SOURCE = 55


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A vote by measures; ``grounded`` is False when there was nothing to compare with."""

    vote: Vote
    grounded: bool

    def below_floor(self) -> list[str]:
        """Keys of criteria too weak to pass."""
        return [key for key, score in self.vote.scores.items() if score < FLOOR]


def measure(
    answer: str, *, demands: Demands, source: str, criteria: Sequence[Criterion], checks: Sequence[CheckResult]
) -> Measured:
    """Score every criterion. ``source`` beats the task's own material; unknown criteria get the mean of the known ones."""
    material = source or demands.material
    found = {
        "clarity": _clarity(answer, demands),
        "accuracy": _accuracy(answer, material, demands),
        "completeness": _completeness(answer, material, demands, checks),
        "tone": _tone(answer, demands),
    }
    mean = round(sum(score for score, _ in found.values()) / len(found))
    scores, reasons = {}, {}
    for criterion in criteria:
        score, reason = found.get(
            criterion.key, (mean, "Mean of the other measures: nothing countable stands for this.")
        )
        scores[criterion.key], reasons[criterion.key] = clamp(score), reason
    return Measured(
        vote=Vote(scores=scores, reasons=reasons), grounded=bool(material) and demands.faithful and not demands.choices
    )


def _clarity(answer: str, demands: Demands) -> tuple[float, str]:
    sentences = reading.sentences(answer)
    score, reasons = 93.0, []
    if not sentences:
        return 0, "There is no sentence in it."
    long = [sentence for sentence in sentences if len(reading.words(sentence)) > LONG_SENTENCE]
    if long:
        score -= min(25, 12 * len(long))
        reasons.append(f"{len(long)} of {len(sentences)} sentences have more than {LONG_SENTENCE} words")
    repeated = reading.repetition(answer)
    if repeated > 0.08:
        score -= min(60, 160 * repeated)
        reasons.append(f"{repeated:.0%} of it repeats itself")
    if _echoes(answer, demands.instruction):
        score -= 45
        reasons.append("it repeats the instruction")
    doubled = _alike(sentences)
    if doubled:
        score -= min(40, 20 * doubled)
        reasons.append(f"{doubled} sentences say the same as another")
    if len(reading.words(answer)) > TITLE_WORDS and UNFINISHED.search(answer) and not reading.bullets(answer):
        score -= 25
        reasons.append("it ends in the middle of a sentence")
    return score, _say(reasons, "Sentences are short enough, complete and say different things")


def _accuracy(answer: str, material: str, demands: Demands) -> tuple[float, str]:
    if demands.choices:
        return 80, "One of the allowed answers; whether it is the right one cannot be measured."
    if not material:
        return NO_SOURCE, "There is no source text to compare with, so facts were not checked."
    everything = f"{material}\n{demands.instruction}"
    score, reasons = 94.0, []
    invented = sorted(reading.numbers(answer) - reading.numbers(everything) - _list_numbers(answer))
    if invented:
        score -= min(60, 30 * len(invented))
        reasons.append(f"numbers that are not in the source: {', '.join(invented[:5])}")
    known = set(reading.words(everything))
    strange = (
        []
        if reading.is_title_case(answer)
        else sorted(name for name in reading.names(answer) if not _known(name, known))
    )
    if strange:
        score -= min(50, 15 * len(strange))
        reasons.append(f"names that are not in the source: {', '.join(strange[:5])}")
    if demands.faithful:
        foreign = _foreign_share(answer, everything)
        allowed = 0.5 if _short_form(demands) else 0.3 if demands.condensing else 0.45
        if foreign > allowed:
            score -= min(55, 150 * (foreign - allowed))
            reasons.append(f"{foreign:.0%} of its words have no counterpart in the source")
    return score, _say(reasons, "Numbers, names and wording agree with the source")


def _lost_in_condensing(answer: str, material: str, facts: set[str], demands: Demands) -> tuple[float, list[str]]:
    """Points a shortened text loses: for facts left out, and for not being shorter."""
    lost, reasons = 0.0, []
    kept = _present(facts, answer)
    if facts and len(kept) < min(len(facts) / 3, FACTS_ENOUGH):
        lost += 40
        reasons.append(f"only {len(kept)} of {len(facts)} names and numbers of the source are left")
    ratio = len(reading.words(answer)) / max(1, len(reading.words(material)))
    if not _short_form(demands) and ratio > 0.75:
        lost += min(60, 120 * (ratio - 0.75) + 15)
        reasons.append(f"at {ratio:.0%} of the source's length it hardly shortens it")
    return lost, reasons


def _completeness(answer: str, material: str, demands: Demands, checks: Sequence[CheckResult]) -> tuple[float, str]:
    score, reasons = 94.0, []
    failed = [result for result in checks if not result.passed]
    if failed:
        score -= 30 * len(failed)
        reasons += [result.message.rstrip(".") for result in failed[:3]]
    if material and not demands.choices:
        facts = reading.numbers(material) | reading.names(material)
        if _wants_all(demands) and facts:
            present = _present(facts, answer)
            share = len(present) / len(facts)
            if share < 0.95:
                score -= 130 * (0.95 - share)
                missing = sorted(facts - present)
                reasons.append(
                    f"{len(present)} of {len(facts)} facts of the source are there; missing: {', '.join(missing[:5])}"
                )
        elif not _short_form(demands):
            covered = _covered(answer, material)
            wanted = 0.35 if demands.condensing else 0.7 if demands.may_copy else 0.5
            if covered < wanted:
                score -= min(60, 130 * (wanted - covered))
                reasons.append(f"it takes up {covered:.0%} of the source's main words")
        if REWRITING.search(demands.instruction) and _unchanged(answer, material):
            score -= 40
            reasons.append("it hardly changes the text")
        if demands.condensing:
            lost, said = _lost_in_condensing(answer, material, facts, demands)
            score -= lost
            reasons += said
    elif not demands.choices:
        asked = set(reading.content_words(demands.instruction))
        met = len(asked & set(reading.content_words(answer))) / max(1, len(asked))
        if met < 0.25:
            score -= 35
            reasons.append("it hardly takes up the words of the task")
        if len(reading.words(answer)) < 12 and len(reading.words(demands.instruction)) > 12:
            score -= 25
            reasons.append("it is very short for what was asked")
    return score, _say(reasons, "The main points of the task are covered")


def _tone(answer: str, demands: Demands) -> tuple[float, str]:
    score, reasons = 93.0, []
    casual = sorted({match.group().lower() for match in CASUAL.finditer(answer)})
    if casual:
        score -= min(60, (40 if POLITE.search(demands.instruction) else 20) * len(casual))
        reasons.append(f"casual words: {', '.join(casual[:4])}")
    if answer.count("!") > 2:
        score -= 15
        reasons.append(f"{answer.count('!')} exclamation marks")
    shouted = [word for word in re.findall(r"\b[A-Z]{5,}\b", answer) if word not in {"JSON", "HTML"}]
    if len(shouted) > 2:
        score -= 15
        reasons.append("words in capitals")
    if PREAMBLE.search(answer):
        score -= 18
        reasons.append("it opens with a remark instead of the answer")
    if ABOUT_ITSELF.search(answer):
        score -= 35
        reasons.append("it talks about itself instead of only answering")
    return score, _say(reasons, "Nothing casual, loud or self-referring in it")


def _present(facts: set[str], answer: str) -> set[str]:
    said, found = set(reading.words(answer)), reading.numbers(answer)
    return {fact for fact in facts if fact in found or _known(fact, said)}


def _wants_all(demands: Demands) -> bool:
    return bool(re.search(r"\b(?:extract|list (?!the (?:key|main))|every|all (?:the )?(?:names|dates|amounts|numbers)|json|table|csv|convert)\b",
                          demands.instruction, re.IGNORECASE))  # fmt: skip


def _short_form(demands: Demands) -> bool:
    return bool(
        re.search(
            r"\b(?:title|headline|subject line|one word|one sentence|classify|slogan|name)\b",
            demands.instruction,
            re.IGNORECASE,
        )
    )


def _covered(answer: str, material: str) -> float:
    """Share of the material's main words (weighted by frequency) that the answer takes up."""
    main = reading.content_words(material)
    said = set(reading.content_words(answer)) | reading.numbers(answer)
    weight = sum(main.values())
    return sum(count for word, count in main.items() if word in said) / weight if weight else 1.0


def _foreign_share(answer: str, everything: str) -> float:
    said = reading.content_words(answer)
    known = set(reading.content_words(everything))
    total = sum(said.values())
    foreign = sum(count for word, count in said.items() if word not in known and not _near(word, known))
    return foreign / total if total >= 4 else 0.0


def _echoes(answer: str, instruction: str) -> bool:
    plain = " ".join(reading.words(answer))
    for sentence in reading.sentences(instruction):
        said = reading.words(sentence)
        if len(said) >= 5 and " ".join(said) in plain:
            return True
    return False


def _unchanged(answer: str, material: str) -> bool:
    one, other = " ".join(reading.words(answer)), " ".join(reading.words(material))
    return len(other) > 30 and fuzz.partial_ratio(other, one) > 88


def _near(word: str, known: set[str]) -> bool:
    return len(word) > 4 and any(abs(len(other) - len(word)) <= 3 and fuzz.ratio(word, other) >= 80 for other in known)


def _known(name: str, known: set[str]) -> bool:
    return all(part in known or f"{part}s" in known or part.rstrip("s") in known for part in reading.words(name))


def _list_numbers(answer: str) -> set[str]:
    return {str(number) for number in range(1, reading.bullets(answer) + 1)}


def _alike(sentences: Sequence[str]) -> int:
    plain = [" ".join(reading.words(sentence)) for sentence in sentences[:60]]
    return sum(
        any(len(one) > 15 and fuzz.ratio(one, other) > 85 for other in plain[:index]) for index, one in enumerate(plain)
    )


def _say(reasons: Sequence[str], fine: str) -> str:
    text = "; ".join(reasons) if reasons else fine
    return text[0].upper() + text[1:] + "."
