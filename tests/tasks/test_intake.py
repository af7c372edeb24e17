"""A request's words and numbers: everything wrong with it is named at once."""

from typing import Any

import pytest

from apps.tasks import intake
from apps.tasks.errors import InvalidRequest

GOOD: dict[str, Any] = {
    "source": "portal",
    "title": "Title",
    "body": "Body",
    "task_type": "other",
    "priority": "normal",
    "due_on": None,
    "qa_target": None,
    "requested_by": 1,
    "client": "",
    "source_ref": {},
    "idempotency_key": "",
}


def check(**changes: Any) -> intake.Request:
    """A request with some fields changed."""
    return intake.check(**{**GOOD, **changes})


def test_text_is_trimmed_composed_and_freed_of_control_characters() -> None:
    request = check(title="  a \n b\x00 ", body="caf\u0065\u0301\r\n\x07line\ud800")
    assert (request.title, request.body) == ("a b", "café\nline")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""), ("title", None), ("title", 7), ("title", ["a"]), ("title", "x" * 201), ("title", "\u0000\u0001"),
        ("body", ""), ("body", None), ("body", {"a": 1}), ("body", "x" * 50_001), ("body", "x" * 5_000_000), ("body", "   \n\t "),
        ("task_type", ""), ("task_type", 3), ("priority", "soon"), ("priority", None), ("due_on", "tomorrow"),
        ("due_on", "2026-02-30"),
        ("due_on", 5), ("qa_target", 0), ("qa_target", 101), ("qa_target", 80.5), ("qa_target", "80"), ("qa_target", True),
        ("qa_target", float("nan")), ("qa_target", float("inf")), ("client", "x" * 121), ("idempotency_key", "k" * 121),
        ("source_ref", {"a": "x" * 5_000}),
    ],
)  # fmt: skip
def test_bad_input_is_refused_and_the_field_named(field: str, value: Any) -> None:
    with pytest.raises(InvalidRequest) as caught:
        check(**{field: value})
    assert field in caught.value.fields


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(InvalidRequest) as caught:
        check(title="", body=None, qa_target=1000)
    assert set(caught.value.fields) == {"title", "body", "qa_target"}


def test_a_whole_float_is_a_target_because_notion_numbers_are_floats() -> None:
    assert check(qa_target=85.0).qa_target == 85


def test_keys_of_different_people_and_sources_do_not_meet() -> None:
    keys = {
        check(idempotency_key="k", requested_by=who, source=source).stored_key
        for who in (1, 2, None)
        for source in ("api", "portal")
    }
    assert len(keys) == 6
    assert check().stored_key == ""


def test_the_hash_tells_requests_apart_by_content_and_files() -> None:
    hashes = {
        check().content_hash(),
        check(title="Other").content_hash(),
        check(qa_target=90).content_hash(),
        check().content_hash(["f"]),
    }
    assert len(hashes) == 4
    assert check().content_hash() == check(idempotency_key="x").content_hash()
