"""JSON that PostgreSQL takes: what it refuses is replaced, everything else stays to the letter, also inside of texts of JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.workflows.engine.plain_json import clean, compact, storable

PARTS = ["\\", '"', "\x00", "u0000", "\ud83d", "\udc4b", "👋", "d83d", "\\ud83d"]
HARD = st.lists(st.sampled_from(PARTS) | st.characters(codec="utf-8"), max_size=12).map("".join)


def mended(text: str) -> str:
    """What should become of a text: lone surrogates and NUL as U+FFFD, two halves that meet as the one letter they are."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return "".join("\ufffd" if letter == "\x00" or "\ud800" <= letter <= "\udfff" else letter for letter in whole)


@given(HARD)
def test_only_what_cannot_be_stored_is_replaced(text: str) -> None:
    assert json.loads(compact({"t": text}))["t"].count("\x00") == 0
    kept = json.loads(compact([text]))[0]
    kept.encode()
    if text == mended(text):
        assert kept == text


@given(st.text(st.characters(codec="utf-8", exclude_characters="\x00")))
def test_a_text_of_json_inside_json_stays_to_the_letter(text: str) -> None:
    inner = json.dumps({"t": text}, separators=(",", ":"))
    assert json.loads(compact({"request": inner}))["request"] == inner


@pytest.mark.parametrize(
    ("text", "after"),
    [('"\\ud83d\\udc4b"', '"\\ud83d\\udc4b"'), ('"\\ud83d"', '"\\ufffd"'), ('"\\udc4b\\ud83d"', '"\\ufffd\\ufffd"'), ('"\\u0000"', '"\\ufffd"'),
     ('"\\\\u0000"', '"\\\\u0000"'), ('"\\\\\\u0000"', '"\\\\\\ufffd"'), ('"\\\\ud83d\\\\udc4b"', '"\\\\ud83d\\\\udc4b"'), ('"\\n\\\\\\ud83d"', '"\\n\\\\\\ufffd"')],
)  # fmt: skip
def test_escapes_are_read_from_left_to_right(text: str, after: str) -> None:
    assert clean(text) == after
    json.loads(text)


def test_a_wave_survives() -> None:
    assert json.loads(storable({"a": "سلام 👋"}, limit=100)) == {"a": "سلام 👋"}
