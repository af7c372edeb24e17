"""What a request must satisfy before any money is set aside, and how many tokens it can come to."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from typing import Any

import jsonschema_rs

from apps.ai import conf
from apps.ai.contracts import CompletionRequest, Message, ReviewRequest
from apps.ai.enums import Purpose, Quality
from apps.ai.errors import InputTooLong, InvalidRequest, InvalidRubric

ROLES = ("system", "user", "assistant")
MESSAGE_TOKENS = 8
REQUEST_TOKENS = 32
STEP = 256
SCHEMA_DEPTH_MAX = 24
SMALLEST_ANSWER = 64
KEY_CHARS_MAX = 200


def check_key(key: str) -> None:
    """A call's key is what makes it happen and be billed once. Raises ``InvalidRequest``."""
    if not isinstance(key, str) or not key.strip() or len(key) > KEY_CHARS_MAX:
        raise InvalidRequest(fields={"key": f"1 to {KEY_CHARS_MAX} characters"})


def check_request(request: CompletionRequest) -> None:
    """Raises ``InvalidRequest`` naming every field at fault, or ``InputTooLong``."""
    wrong: dict[str, str] = {}
    if request.purpose not in Purpose.values:
        wrong["purpose"] = f"one of {', '.join(Purpose.values)}"
    if request.quality not in Quality.values:
        wrong["quality"] = f"one of {', '.join(Quality.values)}"
    if not _is_int(request.max_output_tokens) or not 1 <= request.max_output_tokens <= 128_000:
        wrong["max_output_tokens"] = "a whole number from 1 to 128000"
    if not isinstance(request.temperature, int | float) or not 0 <= request.temperature <= 2:
        wrong["temperature"] = "a number from 0 to 2"
    wrong |= _messages_wrong(request.messages)
    if request.response_schema is not None:
        wrong |= _schema_wrong(request.response_schema)
    if wrong:
        raise InvalidRequest(fields=wrong)


def check_review(request: ReviewRequest) -> None:
    """Raises ``InvalidRequest`` or ``InvalidRubric``."""
    wrong = {name: "text" for name in ("task", "answer", "source") if not isinstance(getattr(request, name), str)}
    if not wrong:
        size = len(request.task) + len(request.answer) + len(request.source)
        if size > conf.INPUT_CHARS_MAX:
            raise InputTooLong(needed=size // 4, window=conf.INPUT_CHARS_MAX // 4, fields={"answer": "too long"})
    if wrong:
        raise InvalidRequest(fields=wrong)
    rubric = request.rubric
    keys = [criterion.key for criterion in rubric.criteria]
    weights = [criterion.weight for criterion in rubric.criteria]
    if not 1 <= len(keys) <= 12 or len(set(keys)) != len(keys) or not all(keys):
        raise InvalidRubric(fields={"criteria": "1 to 12 criteria with different names"})
    if any(not _is_int(weight) or weight < 0 for weight in weights) or sum(weights) != 100:
        raise InvalidRubric(fields={"weights": "whole numbers that add up to 100"})
    if not _is_int(rubric.threshold) or not 0 <= rubric.threshold <= 100:
        raise InvalidRubric(fields={"threshold": "0 to 100"})
    if not 0 <= rubric.borderline <= 50 or not 1 <= rubric.max_votes <= 9:
        raise InvalidRubric(fields={"borderline": "0 to 50", "max_votes": "1 to 9"})


def _messages_wrong(messages: Iterable[Message]) -> dict[str, str]:
    turns = tuple(messages)
    if not 1 <= len(turns) <= conf.MESSAGES_MAX:
        return {"messages": f"1 to {conf.MESSAGES_MAX} messages"}
    for turn in turns:
        if turn.role not in ROLES or not isinstance(turn.content, str):
            return {"messages": f"text with a role of {', '.join(ROLES)}"}
    if not any(turn.content.strip() for turn in turns):
        return {"messages": "at least one message with text in it"}
    size = sum(len(turn.content) for turn in turns)
    if size > conf.INPUT_CHARS_MAX:
        raise InputTooLong(needed=size // 4, window=conf.INPUT_CHARS_MAX // 4, fields={"messages": "too long"})
    return {}


def check_schema(schema: Any) -> None:
    """Raises ``InvalidRequest`` for what is no JSON Schema, or too big a one."""
    wrong = _schema_wrong(schema)
    if wrong:
        raise InvalidRequest(fields=wrong)


def _schema_wrong(schema: Any) -> dict[str, str]:
    if not isinstance(schema, Mapping):
        return {"response_schema": "a JSON Schema object"}
    if depth(schema, most=SCHEMA_DEPTH_MAX) > SCHEMA_DEPTH_MAX:
        return {"response_schema": f"at most {SCHEMA_DEPTH_MAX} levels deep"}
    try:
        text = json.dumps(schema, allow_nan=False)
    except (TypeError, ValueError):
        return {"response_schema": "plain JSON"}
    if len(text) > conf.SCHEMA_BYTES_MAX:
        return {"response_schema": f"at most {conf.SCHEMA_BYTES_MAX} bytes"}
    if any(mark in text for mark in ('"$ref": "http', '"$ref": "file', '"$dynamicRef"')):
        return {"response_schema": "references inside the schema only"}
    try:
        jsonschema_rs.validator_for(dict(schema))
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        return {"response_schema": f"not a valid JSON Schema: {str(error)[:120]}"}
    return {}


def prompt_bytes(messages: Iterable[Message], schema: Mapping[str, Any] | None) -> int:
    """Upper bound of a prompt's tokens: no tokenizer makes more than one token of a byte. In steps of 256."""
    size = REQUEST_TOKENS + sum(MESSAGE_TOKENS + len(turn.content.encode("utf-8", "replace")) for turn in messages)
    if schema is not None:
        size += len(json.dumps(schema)) + REQUEST_TOKENS
    return -(-size // STEP) * STEP


def likely_tokens(messages: Iterable[Message], schema: Mapping[str, Any] | None = None) -> int:
    """A fair guess: three characters to a token in ASCII text, nearly one otherwise. For what fits a window, not for money."""
    total = len(json.dumps(schema)) // 3 if schema is not None else 0
    for turn in messages:
        total += MESSAGE_TOKENS + text_tokens(turn.content)
    return total


def text_tokens(text: str) -> int:
    """The same guess for one text."""
    plain = sum(1 for character in text if character.isascii())
    return -(-plain // 3) + -(-(len(text) - plain) * 4 // 5)


def output_room(*, context: int, max_output: int, wanted: int, prompt: int) -> int:
    """Output tokens a model can give beside this prompt; 0 when it cannot even give a short answer."""
    room = min(wanted, max_output, context - prompt)
    return room if room >= min(wanted, SMALLEST_ANSWER) else 0


def depth(value: Any, *, most: int, level: int = 0) -> int:
    """How deep a JSON value is nested; what lies deeper than ``most`` is not looked at and counts one more."""
    if level > most:
        return level
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    return max((depth(part, most=most, level=level + 1) for part in parts), default=level)


def _is_int(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def clean(text: str) -> str:
    """Without NUL and lone surrogates, which neither PostgreSQL nor JSON over HTTP can carry."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def clean_json(value: Any) -> Any:
    """The same for every text in a JSON value, names included. Raises ``ValueError`` for numbers JSON does not have."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(name)): clean_json(part) for name, part in value.items()}
    if isinstance(value, list):
        return [clean_json(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a JSON number")
    return value
