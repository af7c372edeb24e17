"""Checks a request's words and numbers before anything is stored or spent. No database here."""

import hashlib
import json
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from django.utils.translation import gettext as _

from apps.tasks.enums import Priority, TaskSource
from apps.tasks.errors import InvalidRequest

MAX_TITLE = 200
MAX_BODY = 50_000
MAX_SOURCE_CHARS = 120_000
MAX_KEY = 120
MAX_CLIENT = 120
MAX_REF_CHARS = 4_000
NOTHING: Mapping[str, Any] = MappingProxyType({})
INVISIBLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request that may be accepted: cleaned text, known choices, numbers in range."""

    source: TaskSource
    title: str
    body: str
    task_type: str
    priority: Priority
    due_on: date | None
    qa_target: int | None
    requested_by: int | None
    client: str
    source_ref: Mapping[str, Any] = field(default_factory=dict)
    idempotency_key: str = ""

    @property
    def stored_key(self) -> str:
        """The key as stored: callers and sources do not share keys."""
        return f"{self.source}:{self.requested_by or 0}:{self.idempotency_key}" if self.idempotency_key else ""

    def content_hash(self, files: Sequence[str] = ()) -> str:
        """Hash of what is asked for, so that a reused key with other content is noticed."""
        parts = [
            self.title,
            self.body,
            self.task_type,
            self.priority,
            str(self.due_on),
            str(self.qa_target),
            self.client,
            *sorted(files),
        ]
        return hashlib.sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()


def check(
    *,
    source: str,
    title: object,
    body: object,
    task_type: object,
    priority: object,
    due_on: object,
    qa_target: object,
    requested_by: int | None,
    client: object,
    source_ref: Mapping[str, Any],
    idempotency_key: object,
) -> Request:
    """A clean ``Request``. Raises ``InvalidRequest`` that names every field at fault at once."""
    problems: dict[str, str] = {}
    found: dict[str, Any] = {
        "title": _text(problems, "title", title, limit=MAX_TITLE, required=True, one_line=True),
        "body": _text(problems, "body", body, limit=MAX_BODY, required=True),
        "client": _text(problems, "client", client, limit=MAX_CLIENT, one_line=True),
        "task_type": _text(problems, "task_type", task_type, limit=40, required=True, one_line=True),
        "idempotency_key": _text(problems, "idempotency_key", idempotency_key, limit=MAX_KEY, one_line=True),
        "priority": _choice(problems, priority),
        "due_on": _due(problems, due_on),
        "qa_target": _target(problems, qa_target),
    }
    if len(json.dumps(dict(source_ref), default=str)) > MAX_REF_CHARS:
        problems["source_ref"] = _("The reference to the source is too long.")
    if problems:
        raise InvalidRequest(fields=problems)
    return Request(source=TaskSource(source), requested_by=requested_by, source_ref=dict(source_ref), **found)


def cleaned(value: str) -> str:
    """Text that PostgreSQL and JSON can hold: composed form, no control characters, no lone surrogates, trimmed."""
    text = unicodedata.normalize("NFC", value.encode("utf-8", "ignore").decode())
    return INVISIBLE.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _text(
    problems: dict[str, str], name: str, value: object, *, limit: int, required: bool = False, one_line: bool = False
) -> str:
    if not isinstance(value, str):
        problems[name] = _("This must be text.")
        return ""
    if len(value) > limit * 2:
        problems[name] = _("At most %(limit)d characters; this has %(length)d.") % {
            "limit": limit,
            "length": len(value),
        }
        return ""
    text = cleaned(value)
    if one_line:
        text = " ".join(text.split())
    if required and not text:
        problems[name] = _("This is needed: say what should be done.") if name == "body" else _("This is needed.")
    if len(text) > limit:
        problems[name] = _("At most %(limit)d characters; this has %(length)d.") % {"limit": limit, "length": len(text)}
    return text


def _choice(problems: dict[str, str], value: object) -> Priority:
    try:
        return Priority(str(value))
    except ValueError:
        problems["priority"] = _("Use one of: %(known)s.") % {"known": ", ".join(Priority.values)}
        return Priority.NORMAL


def _due(problems: dict[str, str], value: object) -> date | None:
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        problems["due_on"] = _("Write the date as year-month-day, for example 2027-01-31.")
        return None


def _target(problems: dict[str, str], value: object) -> int | None:
    if value is None or value == "":
        return None
    number = value if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else 0
    if not float(number).is_integer() or not 1 <= number <= 100:
        problems["qa_target"] = _("The quality target is a whole number from 1 to 100, or empty.")
        return None
    return int(number)
