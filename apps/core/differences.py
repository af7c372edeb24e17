"""Differences for people: words between two texts, fields between two JSON values. Pure."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

WORDS = re.compile(r"\s+|\w+|[^\w\s]")
MAX_WORDS = 6_000
MAX_FIELDS = 200
MAX_DEPTH = 12


@dataclass(frozen=True, kw_only=True)
class Piece:
    """A stretch of text: ``kind`` is "same", "added" or "removed"."""

    kind: str
    text: str


@dataclass(frozen=True, kw_only=True)
class FieldChange:
    """A place in a JSON value that differs; a side that has nothing there is None. ``pieces`` compare two texts by words."""

    place: str
    before: str | None
    after: str | None
    pieces: tuple[Piece, ...] = ()


def word_diff(before: str, after: str) -> list[Piece]:
    """The second text with what was removed from and added to the first. Texts of more than 6,000 words are compared by line."""
    old, new = WORDS.findall(before), WORDS.findall(after)
    if max(len(old), len(new)) > MAX_WORDS:
        old, new = before.splitlines(keepends=True), after.splitlines(keepends=True)
    pieces: list[Piece] = []
    for tag, i, j, k, m in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if tag == "equal":
            pieces.append(Piece(kind="same", text="".join(old[i:j])))
            continue
        if i < j:
            pieces.append(Piece(kind="removed", text="".join(old[i:j])))
        if k < m:
            pieces.append(Piece(kind="added", text="".join(new[k:m])))
    return pieces


def field_diff(before: Any, after: Any) -> list[FieldChange]:
    """Places at which two JSON values differ, in order, at most 200."""
    changes = []
    for place, old, new in _walk(before, after, "", 0):
        texts = isinstance(old, str) and isinstance(new, str)
        changes.append(
            FieldChange(
                place=place,
                before=None if old is _MISSING else _as_text(old),
                after=None if new is _MISSING else _as_text(new),
                pieces=tuple(word_diff(old, new)) if texts else (),
            )
        )
        if len(changes) >= MAX_FIELDS:
            break
    return changes


_MISSING = object()


def _walk(old: Any, new: Any, place: str, depth: int) -> Iterator[tuple[str, Any, Any]]:
    if depth < MAX_DEPTH and isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            yield from _walk(
                old.get(key, _MISSING), new.get(key, _MISSING), f"{place}.{key}" if place else key, depth + 1
            )
    elif depth < MAX_DEPTH and isinstance(old, list) and isinstance(new, list):
        for index in range(max(len(old), len(new))):
            left = old[index] if index < len(old) else _MISSING
            right = new[index] if index < len(new) else _MISSING
            yield from _walk(left, right, f"{place}[{index}]", depth + 1)
    elif old != new or type(old) is not type(new):
        yield place, old, new


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1)
