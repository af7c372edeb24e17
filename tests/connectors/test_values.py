"""Cells, texts, fingerprints and the three-way comparison, with plain values."""

import string
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.connectors.providers.notion import codec, merge, wishes
from apps.connectors.providers.notion.specs import DatabaseSpec, PropertySpec
from tests.servers.notion import rich_text
from tests.servers.notion.problems import Problem

TEXT = PropertySpec(name="T", type="rich_text")
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=300)


@settings(deadline=None)
@given(st.text(max_size=60).flatmap(lambda part: st.integers(1, 200).map(lambda times: part * times)))
def test_pieces_are_the_text_and_are_accepted(text):
    pieces = codec.split_text(text)
    assert "".join(pieces) == text
    assert all(codec.utf16(piece) == rich_text.utf16(piece) <= 2000 for piece in pieces)


@settings(deadline=None)
@given(ANY_TEXT)
def test_what_we_wish_is_what_we_read_back(text):
    wished = wishes.normalise(TEXT, text)
    sent = wishes.encode(TEXT, wished)["rich_text"]
    stored = rich_text.accept(sent, "body")
    assert codec.decode(TEXT, {"id": "x", "type": "rich_text", "rich_text": stored}) == wished
    wished.encode()
    assert "\x00" not in wished


def test_the_longest_text_fits_and_one_more_is_shortened():
    assert codec.shorten("x" * 100_000) == "x" * 100_000
    for text in ("x" * 500_000, "漢" * 200_000, "🙂" * 120_000):
        short = codec.shorten(text)
        assert short.endswith("… (shortened)")
        assert len(short.encode()) <= codec.TEXT_BYTES + 20
        assert len(codec.split_text(short)) <= 100


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-11-21", "2026-11-21"),
        ("2026-11-21T10:00:00Z", "2026-11-21T10:00:00.000+00:00"),
        ("2026-11-21T12:00:00.000+02:00", "2026-11-21T10:00:00.000+00:00"),
        ("2026-11-21T10:00", "2026-11-21T10:00:00.000+00:00"),
    ],
)
def test_the_same_instant_is_the_same_text(text, same):
    assert codec.stamp(text) == same
    assert wishes.normalise(PropertySpec(name="D", type="date"), text) == same


def test_python_dates_are_taken():
    spec = PropertySpec(name="D", type="date")
    assert wishes.normalise(spec, datetime(2026, 1, 2, 3, tzinfo=UTC)) == "2026-01-02T03:00:00.000+00:00"
    assert wishes.normalise(spec, "2026-01-02/2026-01-05") == "2026-01-02/2026-01-05"


@pytest.mark.parametrize(
    "cell",
    [
        None,
        [],
        "x",
        {},
        {"type": "rich_text"},
        {"type": "rich_text", "rich_text": None},
        {"type": "rich_text", "rich_text": [1]},
        {"type": "rich_text", "rich_text": [{"plain_text": 5}]},
        {"type": "number", "number": 1},
    ],
)
def test_a_broken_cell_is_named_not_guessed(cell):
    with pytest.raises(codec.BrokenCell):
        codec.decode(TEXT, cell)


@pytest.mark.parametrize("value", [float("inf"), float("nan"), True, "5", [], {}])
def test_a_number_is_a_finite_number(value):
    with pytest.raises(codec.BrokenCell):
        codec.decode(PropertySpec(name="N", type="number"), {"type": "number", "number": value})


def test_hostile_text_becomes_storable():
    assert codec.clean("a\x00b\ud800c") == "ab\ufffdc"


def test_a_declaration_says_what_is_wrong_with_it():
    with pytest.raises(ValueError, match="not a Notion property type"):
        PropertySpec(name="x", type="colour")
    with pytest.raises(ValueError, match="exactly one title"):
        DatabaseSpec(key="k", title="t", env_name="E", properties=(TEXT,))
    with pytest.raises(ValueError, match="only select"):
        PropertySpec(name="x", type="number", options=("a",))


VALUES = st.sampled_from(["", "a", "b", "c"])
WISHES = st.dictionaries(
    st.sampled_from(string.ascii_uppercase[:4]),
    st.fixed_dictionaries({"value": VALUES, "tried": st.lists(VALUES, max_size=2)}, optional={"base": VALUES}),
)


@settings(deadline=None)
@given(WISHES, st.dictionaries(st.sampled_from(string.ascii_uppercase[:4]), VALUES))
def test_every_wish_is_decided_once_and_no_foreign_value_is_overwritten(wished, current):
    result = merge.merge(wished, current, dict.fromkeys(current, ""))
    clashes = {clash.property for clash in result.clashes}
    decided = [*result.writes, *result.agreed, *clashes, *result.absent]
    assert sorted(decided) == sorted(wished)
    for name, value in result.writes.items():
        wish = wished[name]
        assert value == wish["value"] != current[name]
        assert current[name] in (wish.get("base", ""), *wish["tried"])
    for name in clashes:
        assert current[name] not in (wished[name].get("base", ""), wished[name]["value"], *wished[name]["tried"])


@settings(deadline=None)
@given(VALUES, VALUES, VALUES)
def test_a_pending_wish_keeps_its_base_unless_the_caller_was_told(first, second, base):
    known = merge.add_wish({}, "A", first, base=base)
    assert merge.add_wish(known, "A", second, base="other")["A"] == {"value": second, "base": base, "tried": []}
    assert merge.add_wish(known, "A", second, base="told", told=True)["A"]["base"] == "told"


def test_the_sandbox_refuses_what_notion_refuses():
    with pytest.raises(Problem, match="length should be ≤ `2000`, instead was `2001`"):
        rich_text.accept([{"text": {"content": "x" * 2001}}], "body.properties.T.rich_text")
