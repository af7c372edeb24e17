"""JSON of strangers: bounded, strict, and every refusal has a code."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.core.json_input import MAX_DEPTH, TooDeep, depth_of, parse_json
from apps.core.problems import MalformedBody, TooLarge

documents = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(codec="utf-8")),
    ),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(st.characters(codec="utf-8")), inner)),
    max_leaves=30,
)


@given(documents)
def test_every_ordinary_document_is_read_as_it_was_written(document):
    assert parse_json(json.dumps(document).encode(), max_depth=100) == document


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_read_or_refused_but_never_crash(body):
    try:
        parse_json(body)
    except MalformedBody as error:
        assert error.status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1,]",
        b"{'a': 1}",
        b'{"a": 1, "a": 2}',
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b'"\\ud800"',
        b"1" * 5000,
        b"nul",
        b'{"a" 1}',
        b"{} {}",
        b'"\n"',
        b"01",
    ],
)
def test_what_is_not_strict_json_is_refused_with_a_code(body):
    with pytest.raises(MalformedBody) as caught:
        parse_json(body)
    assert caught.value.code in {"malformed_body", "too_deep"}


def test_depth_is_limited_before_anything_is_parsed():
    assert parse_json(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    for bomb in (b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), b'{"a":' * 100_000, b"[" * 1_000_000):
        with pytest.raises(TooDeep):
            parse_json(bomb)


def test_brackets_inside_of_strings_do_not_count():
    assert depth_of(b'{"a": "[[[[\\"[[[", "b": [1]}') == 2


def test_size_is_limited():
    with pytest.raises(TooLarge) as caught:
        parse_json(b" " * 1_048_577)
    assert caught.value.status == 413
