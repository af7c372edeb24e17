"""What is known about the work at hand: lands in every log line, error page and problem document."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog

WELL_FORMED_REQUEST_ID = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$")


def new_request_id() -> str:
    """A fresh id: ``r`` and 32 hexadecimal digits (128 random bits)."""
    return "r" + secrets.token_hex(16)


def accept_request_id(candidate: str | None) -> str:
    """The caller's own id when it is well formed (8-64 of letters, digits, ``._-``), else a fresh one.

    Anything else could forge log lines or headers, so it is dropped without trace.
    """
    if candidate and WELL_FORMED_REQUEST_ID.fullmatch(candidate):
        return candidate
    return new_request_id()


@contextmanager
def bind_log_context(**fields: Any) -> Iterator[None]:
    """Add fields (``request_id``, ``tenant``, ``user``, ``run``, ``step`` ...) to every log line inside the block.

    Blocks nest; leaving one restores what was bound before. Context follows the thread or task: a pool thread binds its own.
    """
    with structlog.contextvars.bound_contextvars(**fields):
        yield


def add_log_context(**fields: Any) -> None:
    """Add fields that stay until the surrounding ``bind_log_context`` or request ends; for values learnt on the way."""
    structlog.contextvars.bind_contextvars(**fields)


def log_context() -> dict[str, Any]:
    """The bound fields as they are now; hand them to ``bind_log_context`` on another thread to carry them over."""
    return dict(structlog.contextvars.get_contextvars())


def current_request_id() -> str:
    """Id of the request, run or command being worked on; empty outside of any."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def clear_log_context() -> None:
    """Forget every bound field: called where a thread starts something unrelated to what it did before."""
    structlog.contextvars.clear_contextvars()
