"""Registries take one entry per name, of one type, until they are closed."""

import pytest

from apps.core.errors import Misconfigured, NotFound
from apps.core.registry import Registry


@pytest.fixture
def words():
    registry = Registry(name="words", entry_type=str, key=lambda word: word)
    yield registry
    Registry._all.remove(registry)


def test_entries_come_back_by_name_and_in_order(words):
    assert words.register("b") == "b"
    words.register("a")
    assert list(words) == ["b", "a"]
    assert (words.get("a"), "a" in words, len(words)) == ("a", True, 2)


def test_unknown_duplicate_wrong_and_late_entries_are_refused(words):
    words.register("a")
    with pytest.raises(NotFound):
        words.get("x")
    with pytest.raises(Misconfigured):
        words.register("a")
    with pytest.raises(Misconfigured):
        words.register(1)
    words._closed = True
    with pytest.raises(Misconfigured):
        words.register("late")
    assert list(words) == ["a"]


def test_tests_may_add_and_replace_for_a_while(words):
    words.register("a")
    words._closed = True
    with words.temporarily("b"), words.temporarily("a", replace=True):
        assert set(words) == {"a", "b"}
    assert list(words) == ["a"]
    with pytest.raises(Misconfigured), words.temporarily("a"):
        raise AssertionError("a duplicate was taken")
    assert list(words) == ["a"]
