"""JSON from strangers: bounded in size and depth, without duplicate names or values other languages cannot read."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from django.utils.translation import gettext_lazy as _

from apps.core.problems import MalformedBody, TooLarge

MAX_BYTES = 1_048_576
MAX_DEPTH = 32
STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
BRACKETS = re.compile(rb"[\[\]{}]")


class TooDeep(MalformedBody):
    """Nested deeper than anything meaningful."""

    code = "too_deep"
    message = _("The JSON is nested too deeply. Flatten it and send it again.")


def parse_json(body: bytes, *, max_bytes: int = MAX_BYTES, max_depth: int = MAX_DEPTH) -> Any:
    """Read one JSON document (RFC 8259, UTF-8).

    Raises ``TooLarge``, ``TooDeep``, or ``MalformedBody`` for anything else that is not strict JSON: duplicate names, NaN,
    infinities, lone surrogates, numbers of more than 4,300 digits.
    """
    if len(body) > max_bytes:
        raise TooLarge(detail=f"{len(body)} bytes, allowed {max_bytes}")
    if depth_of(body) > max_depth:
        raise TooDeep(detail=f"deeper than {max_depth}")
    try:
        document = json.loads(body.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_no_constant)
        json.dumps(document, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError) as error:
        raise MalformedBody(detail=str(error)[:200]) from None
    return document


def depth_of(body: bytes) -> int:
    """How deep brackets nest outside of strings; counted without parsing, so that a bomb costs nothing."""
    depth = deepest = 0
    for bracket in BRACKETS.finditer(STRINGS.sub(b"", body)):
        depth += 1 if bracket.group() in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) != len(pairs):
        raise ValueError("a name appears twice in one object")
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
