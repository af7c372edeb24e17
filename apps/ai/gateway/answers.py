"""Whether an answer can be used: not empty, not cut off, and JSON of the agreed form where that was asked for. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import json_repair
import jsonschema_rs

from apps.ai.contracts import Message
from apps.ai.gateway.limits import clean, clean_json, depth
from apps.ai.gateway.wire import Reply

FENCE = re.compile(r"^\s*```(?:json)?\s*(.*?)\s*```\s*$", re.DOTALL | re.IGNORECASE)
THOUGHTS = re.compile(r"^\s*<think>.*?</think>\s*", re.DOTALL)
PROBLEMS_SHOWN = 3
# Whoever reads an answer walks through it; deeper ones would end the walk.
DEPTH_MAX = 64


@dataclass(frozen=True, kw_only=True)
class Reading:
    """``problem`` is a code, ``explanation`` a line for people and for the model that is asked again. ``final``: asking the
    same model again is pointless."""

    usable: bool
    text: str = ""
    parsed: Any = None
    problem: str = ""
    explanation: str = ""
    final: bool = False


def read(reply: Reply, schema: Mapping[str, Any] | None) -> Reading:
    """Judge one reply. Garbled JSON is repaired where that is possible without guessing at missing fields."""
    if reply.refusal:
        return Reading(usable=False, problem="refused", explanation="the model declined to answer", final=True)
    if reply.finish_reason == "content_filter":
        return Reading(
            usable=False, problem="content_filter", explanation="the answer was blocked by the provider", final=True
        )
    text = clean(THOUGHTS.sub("", reply.text)).strip()
    if not text:
        return Reading(usable=False, problem="empty_answer", explanation="the answer was empty")
    if schema is None:
        return Reading(usable=True, text=text)
    return _read_json(text, schema, cut_off=reply.finish_reason == "length")


def _read_json(text: str, schema: Mapping[str, Any], *, cut_off: bool) -> Reading:
    fenced = FENCE.match(text)
    bare = fenced.group(1) if fenced else text
    try:
        value = clean_json(json.loads(bare, parse_constant=_no_constants))
    except (ValueError, RecursionError):
        if cut_off:
            return Reading(
                usable=False, text=text, problem="cut_off", explanation="the answer was cut off before its end"
            )
        value = _repaired(bare)
    if value is None:
        return Reading(usable=False, text=text, problem="not_json", explanation="the answer was not JSON")
    problems = _wrong_in(value, schema)
    if problems:
        return Reading(usable=False, text=text, problem="wrong_form", explanation="; ".join(problems))
    return Reading(usable=True, text=text, parsed=value)


def _wrong_in(value: Any, schema: Mapping[str, Any]) -> list[str]:
    if depth(value, most=DEPTH_MAX) > DEPTH_MAX:
        return [f"it is nested more than {DEPTH_MAX} levels deep"]
    errors = jsonschema_rs.validator_for(dict(schema)).iter_errors(value)
    return [error.message[:160] for error in islice(errors, PROBLEMS_SHOWN)]


def _repaired(text: str) -> Any:
    start = min((position for position in (text.find("{"), text.find("[")) if position >= 0), default=-1)
    if start < 0:
        return None
    try:
        value = clean_json(json_repair.loads(text[start:], skip_json_loads=True))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) and value else None


def _no_constants(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def ask_again(messages: tuple[Message, ...], answer: str, reading: Reading) -> tuple[Message, ...]:
    """The conversation with the unusable answer and what was wrong with it."""
    complaint = (
        f"Your answer could not be used: {reading.explanation}. Answer again, completely and only in the agreed form."
    )
    if reading.problem == "empty_answer":
        return (*messages, Message(role="user", content="Please answer the request above.", trusted=True))
    return (
        *messages,
        Message(role="assistant", content=answer[:4000]),
        Message(role="user", content=complaint, trusted=True),
    )
