"""Demands a task states in plain words, read as mechanical checks: length, number of items, format, allowed answers. Pure.

English only; a sentence that is not understood yields no check, never a wrong one. Lengths get some slack, because people
who write "in 50 words" do not mind 55.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from apps.ai.contracts import Check

_NUMBERS = {
    "one": 1,
    "a": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
}
_N = r"(\d{1,4}|one|two|three|four|five|six|seven|eight|nine|ten)"
SLACK = 1.2

MAX_WORDS = re.compile(
    rf"\b(?:at most|no more than|not more than|under|within|up to|max(?:imum)?(?: of)?|fewer than|less than|in)\s+{_N}\s+words?\b",
    re.IGNORECASE,
)
MIN_WORDS = re.compile(rf"\b(?:at least|no less than|more than|min(?:imum)?(?: of)?)\s+{_N}\s+words?\b", re.IGNORECASE)
SENTENCES = re.compile(
    rf"\b(?:in|with|write|into|using|of|at most|exactly)\s+{_N}(?:\s+(?:short|clear|simple|plain|polite|full|complete))*\s+sentences?\b",
    re.IGNORECASE,
)
BULLETS = re.compile(
    rf"\b{_N}(?:\s+(?:short|clear|simple|key|main))*\s+(?:bullet(?:\s*points?)?|bullets|list items)\b", re.IGNORECASE
)
SOME_BULLETS = re.compile(
    r"\b(?:as|in|with|using)\s+(?:a\s+)?(?:bullet(?:ed)?\s*(?:points?|list)|bullets|numbered list)\b", re.IGNORECASE
)
LISTING = re.compile(r"(?:^|[.!?:]\s+)list\b|\bone per line\b|\bas a list\b", re.IGNORECASE)
JSON = re.compile(r"\b(?:as|in|into|to|return|valid|output|produce|a)\s+(?:valid\s+|a\s+)?json\b", re.IGNORECASE)
TABLE = re.compile(
    r"\b(?:as|in|into|to)\s+(?:a\s+)?(?:markdown\s+|csv\s+)?table\b|\b(?:as|in|into|to)\s+csv\b", re.IGNORECASE
)
KEYS = re.compile(r"\b(?:keys|fields)\b:?\s+([\w\"'`,\s-]+?)(?=[.:;\n]|$)", re.IGNORECASE)
CHOICE = re.compile(
    r"\b(?:answer|reply|respond)\s+(?:only\s+)?with\s+(?:only\s+)?(?:one word|one of|exactly one(?: word)?|a single word)?[\s:,-]*"
    r"(?:one of)?[\s:,-]*((?:[\w'/-]+(?:\s*,\s*|\s+or\s+|\s*,\s*or\s+))+[\w'/-]+)(?=[.\n;]|$)",
    re.IGNORECASE,
)
COPYING = re.compile(
    r"\b(?:proofread|spell|spelling|correct|grammar|punctuation|transcri\w+|repeat|copy)\b", re.IGNORECASE
)
CONDENSING = re.compile(
    r"\b(?:summar\w+|shorten|condense|in short|key points?|tl;?dr|abstract|boil down)\b", re.IGNORECASE
)
FAITHFUL = re.compile(
    r"\b(?:summar\w+|shorten|condense|rewrite|rephrase|reword|extract|list|classify|categori\w+|convert|turn|transform|translate|"
    r"clean|transcri\w+|proofread|correct|headline|title|subject line|key points?|format|sort)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Demands:
    """What was understood. ``instruction`` and ``material`` are the two halves of the task; ``faithful``: the answer may use
    nothing but the material; ``condensing``: it must be shorter; ``may_copy``: it may equal it."""

    checks: tuple[Check, ...]
    instruction: str
    material: str
    faithful: bool
    condensing: bool
    may_copy: bool
    choices: tuple[str, ...] = ()


def read_demands(task: str) -> Demands:
    """Understand a task. The first paragraph, or what stands before a colon and a line break, is the instruction."""
    instruction, material = split(task)
    checks: list[Check] = []
    choices = _choices(instruction)
    if choices:
        checks.append(Check(kind="one_of", value=list(choices)))
    for pattern, kind, slack in (
        (MAX_WORDS, "max_words", SLACK),
        (SENTENCES, "max_sentences", 1.0),
        (MIN_WORDS, "min_words", 1 / SLACK),
    ):
        found = pattern.search(instruction)
        if found and not choices:
            checks.append(Check(kind=kind, value=max(1, round(_number(found.group(1)) * slack))))
    counted = BULLETS.search(instruction)
    if counted:
        checks.append(Check(kind="bullet_count", value=_number(counted.group(1))))
    elif SOME_BULLETS.search(instruction):
        checks.append(Check(kind="format", value="bullets"))
    elif LISTING.search(instruction):
        checks.append(Check(kind="format", value="list"))
    if JSON.search(instruction):
        checks.append(Check(kind="format", value="json"))
        keys = _keys(instruction)
        if keys:
            checks.append(Check(kind="json_schema", value={"type": ["object", "array"], "required": list(keys)}))
    elif TABLE.search(instruction):
        checks.append(Check(kind="format", value="table"))
    return Demands(
        checks=tuple(checks), instruction=instruction, material=material,
        faithful=bool(material and FAITHFUL.search(instruction)), condensing=bool(CONDENSING.search(instruction)),
        may_copy=bool(COPYING.search(instruction)) or not material, choices=choices,
    )  # fmt: skip


def split(task: str) -> tuple[str, str]:
    """Instruction and material. A task without material is all instruction."""
    text = task.strip()
    for mark in (r"\n\s*\n", r":\s*\n", r"\n"):
        parts = re.split(mark, text, maxsplit=1)
        if len(parts) == 2 and len(parts[0]) >= 8 and len(parts[1].split()) >= 4:
            head, rest = parts[0].strip(), parts[1].strip()
            if mark == r"\n\s*\n" and len(head.split()) <= 8 and not re.search(r"[.:?!]$", head):
                inner = split(rest)  # the first paragraph was only a title
                if inner[1]:
                    return f"{head}. {inner[0]}", inner[1]
                return (f"{head}.", rest) if FAITHFUL.search(head) else (f"{head}. {rest}", "")
            return head, rest
    found = re.match(r"(.{8,160}?):\s+(.{40,})", text, re.DOTALL)
    return (found.group(1), found.group(2)) if found else (text, "")


def _number(word: str) -> int:
    return _NUMBERS.get(word.lower()) or int(word)


def _choices(instruction: str) -> tuple[str, ...]:
    found = CHOICE.search(instruction)
    if not found:
        return ()
    options = [option.strip(" '\"`") for option in re.split(r"\s*,\s*(?:or\s+)?|\s+or\s+", found.group(1))]
    options = [option for option in options if option and len(option) <= 40]
    return tuple(dict.fromkeys(options)) if 2 <= len(options) <= 12 else ()


def _keys(instruction: str) -> tuple[str, ...]:
    found = KEYS.search(instruction)
    if not found:
        return ()
    keys = [key.strip(" '\"`") for key in re.split(r"\s*,\s*(?:and\s+)?|\s+and\s+", found.group(1))]
    return tuple(key for key in keys if re.fullmatch(r"[\w-]{1,40}", key))[:20]
