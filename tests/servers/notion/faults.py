"""Misbehaviour on command.

A rule is JSON: ``{"kind": ..., "method": "PATCH", "path": "^/v1/pages/", "times": 2, "after": 0, "share": 1.0, ...}``. It fires
for matching requests, ``times`` times (absent: always), after skipping ``after`` of them, for a random ``share``.

| kind | effect | extra keys |
|---|---|---|
| status | answers this error, nothing is done | status, code, message, retry_after, reason |
| status_after | does it, then answers the error | as status |
| committed | does it, answers 503 with committed_resource_id | |
| drop, drop_after | closes the connection before or after doing it | |
| slow, slow_after | waits before or after doing it | seconds |
| truncated, garbled, html, empty, huge, wrong_json | does it, spoils the answer's body | megabytes |
| body | answers 200 with this body, nothing is done | body |
| properties | does it, then replaces or removes (null) cells in every page of the answer | set |
"""

import json
import random
import re
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.servers.notion.problems import Problem

KINDS = frozenset(
    [
        "status",
        "status_after",
        "committed",
        "drop",
        "drop_after",
        "slow",
        "slow_after",
        "truncated",
        "garbled",
        "html",
        "empty",
        "huge",
        "wrong_json",
        "body",
        "properties",
    ]
)
CODES = {
    400: "validation_error",
    401: "unauthorized",
    403: "restricted_resource",
    404: "object_not_found",
    409: "conflict_error",
    429: "rate_limited",
    500: "internal_server_error",
    502: "bad_gateway",
    503: "service_unavailable",
    504: "gateway_timeout",
    529: "service_overload",
}


@dataclass
class Fault:
    """One rule and how often it fired."""

    kind: str
    method: str = ""
    path: str = ""
    times: int | None = None
    after: int = 0
    share: float = 1.0
    extra: dict[str, Any] = field(default_factory=dict)
    fired: int = 0

    def problem(self) -> Problem:
        """The error answer of this rule."""
        status = int(self.extra.get("status", 500))
        headers, data = {}, {}
        if "retry_after" in self.extra:
            headers["Retry-After"] = str(self.extra["retry_after"])
            data["retry_after"] = self.extra["retry_after"]
        if status == 429:
            data["rate_limit_reason"] = self.extra.get("reason", "public_api_request_rate_limit")
        return Problem(
            status,
            self.extra.get("code") or CODES.get(status, "internal_server_error"),
            self.extra.get("message", "Something is wrong on purpose."),
            headers=headers,
            additional_data=data,
        )


class Faults:
    """The rules in force."""

    def __init__(self, seed: int = 11) -> None:
        self._rules: list[Fault] = []
        self._lock = threading.Lock()
        self._rng = random.Random(seed)

    def replace(self, rules: list[dict[str, Any]]) -> None:
        """Set all rules. Raises ValueError for an unknown kind."""
        made = []
        for rule in rules:
            known = {key: rule[key] for key in ("kind", "method", "path", "times", "after", "share") if key in rule}
            if known.get("kind") not in KINDS:
                raise ValueError(f"unknown fault {known.get('kind')!r}; known: {', '.join(sorted(KINDS))}")
            made.append(Fault(**known, extra={key: value for key, value in rule.items() if key not in known}))
        with self._lock:
            self._rules = made

    def pick(self, method: str, path: str) -> Fault | None:
        """The first rule that fires for this request."""
        with self._lock:
            for rule in self._rules:
                if (rule.method and rule.method != method) or not re.search(rule.path, path):
                    continue
                if rule.after > 0:
                    rule.after -= 1
                    continue
                if rule.times == 0 or self._rng.random() >= rule.share:
                    continue
                rule.times = None if rule.times is None else rule.times - 1
                rule.fired += 1
                return rule
        return None

    def show(self) -> list[dict[str, Any]]:
        """The rules with their counts."""
        return [
            {
                "kind": rule.kind,
                "method": rule.method,
                "path": rule.path,
                "times": rule.times,
                "fired": rule.fired,
                **rule.extra,
            }
            for rule in self._rules
        ]


def spoil(kind: str, body: bytes, extra: dict[str, Any]) -> tuple[bytes, str]:
    """The body a client gets instead, and its content type."""
    if kind == "truncated":
        return body[: len(body) // 2], "application/json"
    if kind == "garbled":
        return body[:20] + b"\xff\xfe\x00{{{" + body[30:], "application/json"
    if kind == "html":
        return b"<!DOCTYPE html><html><body><h1>We'll be right back</h1></body></html>", "text/html"
    if kind == "empty":
        return b"", "application/json"
    if kind == "wrong_json":
        return b'["this", "is", 1, "list"]', "application/json"
    filler = b"x" * int(float(extra.get("megabytes", 30)) * 2**20)
    return (
        b'{"object":"list","results":[],"has_more":false,"next_cursor":null,"padding":"' + filler + b'"}',
        "application/json",
    )


def tamper(answer: Any, changes: dict[str, Any]) -> Any:
    """Replace or remove cells in every page object of an answer."""
    answer = json.loads(json.dumps(answer))
    for page in answer.get("results", [answer]):
        if page.get("object") == "page":
            for name, cell in changes.items():
                if cell is None:
                    page["properties"].pop(name, None)
                else:
                    page["properties"][name] = cell
    return answer
