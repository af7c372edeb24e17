"""Differences lose nothing: either side can be read back from them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.differences import MAX_FIELDS, field_diff, word_diff

texts = st.text(alphabet="ab c.\n ہے", max_size=60)


@given(texts, texts)
def test_both_texts_can_be_read_back(before: str, after: str) -> None:
    pieces = word_diff(before, after)
    assert "".join(piece.text for piece in pieces if piece.kind != "added") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "removed") == after


def test_only_the_word_that_changed_is_marked() -> None:
    pieces = [(piece.kind, piece.text) for piece in word_diff("Three boxes were lost.", "Four boxes were lost.")]
    assert pieces == [("removed", "Three"), ("added", "Four"), ("same", " boxes were lost.")]


def test_very_long_texts_are_compared_by_line() -> None:
    lines = [f"line {n} with some words in it\n" for n in range(2_000)]
    pieces = word_diff("".join(lines), "".join([*lines[:-1], "the last one\n"]))
    assert [piece.kind for piece in pieces] == ["same", "removed", "added"]


@pytest.mark.parametrize(
    ("before", "after", "places"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3, 4]}}, ["a.b[1]", "a.b[2]"]),
        ({"a": 1}, {"b": 1}, ["a", "b"]),
        ({"a": True}, {"a": 1}, ["a"]),
        (None, {"a": 1}, [""]),
    ],
)
def test_fields_that_differ_are_named_by_their_place(before: Any, after: Any, places: list[str]) -> None:
    assert [change.place for change in field_diff(before, after)] == places


def test_a_missing_side_is_told_from_an_empty_one() -> None:
    missing, empty = field_diff({}, {"a": ""})[0], field_diff({"a": None}, {"a": ""})[0]
    assert (missing.before, missing.after) == (None, "")
    assert (empty.before, empty.after) == ("null", "")


def test_the_list_of_fields_is_bounded() -> None:
    assert len(field_diff({}, {str(n): n for n in range(5_000)})) == MAX_FIELDS
