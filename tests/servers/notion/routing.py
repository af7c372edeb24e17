"""Where requests go: method and path to endpoint, and what every endpoint checks alike."""

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from tests.servers.notion.problems import Problem, invalid, validation
from tests.servers.notion.store import Record, Store

Json = Any
PAGE_SIZE = 100
ROUTES: list[tuple[str, re.Pattern[str], Callable[..., Record]]] = []


def route(method: str, pattern: str) -> Callable[[Callable[..., Record]], Callable[..., Record]]:
    """Register an endpoint; ``{name}`` stands for one path segment."""
    regex = re.compile("^/v1/" + re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", pattern) + "$")

    def add(function: Callable[..., Record]) -> Callable[..., Record]:
        ROUTES.append((method, regex, function))
        return function

    return add


def answer(store: Store, method: str, path: str, query: dict[str, list[str]], body: Record) -> Record:
    """Run the endpoint. Raises Problem."""
    known = False
    for verb, regex, function in ROUTES:
        if match := regex.match(path):
            known = True
            if verb == method:
                return function(store, query=query, body=body, **match.groupdict())
    if known:
        raise Problem(400, "invalid_request_url", "Invalid request URL.")
    raise Problem(400, "invalid_request_url", "Invalid request URL.")


def allow(body: Record, *keys: str) -> None:
    for key in body:
        if key not in keys:
            raise invalid(f"body.{key} should be not present, instead was `{str(body[key])[:40]}`.")


def page_size(value: Json, path: str = "page_size") -> int:
    if value is None:
        return PAGE_SIZE
    try:
        size = int(value)
    except (TypeError, ValueError):
        raise invalid(f"{path} should be a number, instead was `{value!r}`.") from None
    if isinstance(value, bool) or not 1 <= size <= PAGE_SIZE:
        raise invalid(f"body.{path} should be ≤ `100`, instead was `{size}`.")
    return size


def page_of(records: list[Json], *, start: int, size: int, cursor: Callable[[Json], str] | None = None) -> Record:
    part, rest = records[start : start + size], records[start + size :]
    following = None
    if rest:
        following = cursor(rest[0]) if cursor else base64.urlsafe_b64encode(str(start + size).encode()).decode()
    return {"object": "list", "results": part, "has_more": bool(rest), "next_cursor": following}


def offset(cursor: Json) -> int:
    if cursor is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(str(cursor)))
    except (ValueError, binascii.Error):
        raise validation("The start_cursor provided is invalid: " + str(cursor)[:60]) from None


def first(query: dict[str, list[str]], key: str) -> str | None:
    return query[key][0] if query.get(key) else None
