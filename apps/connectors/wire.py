"""The one line out for connectors: every request of every SDK passes here, guarded, bounded, and its failures coded.

An SDK is handed an adapter around a ``Wire`` (see ``adapters``) and therefore sees successes only; what went wrong passes
through it as one of our coded errors, and ``translated`` finds that error again inside whatever the SDK wrapped around it.
"""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.utils.translation import gettext_lazy as _

from apps.connectors.errors import (
    AccessMissing,
    CredentialsRefused,
    OutcomeUnknown,
    PayloadInvalid,
    RateLimited,
    RemoteConflict,
    RemoteNotFound,
    RemoteRefused,
    RemoteUnavailable,
)
from apps.core import outbound
from apps.core.errors import PlatformError
from apps.core.redaction import redact_text

logger = logging.getLogger("apps.connectors.wire")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
MAX_BYTES = 10_000_000
REASON_LENGTH = 300
DEFAULT_PAUSE_S = 5.0
_FORBIDDEN = _("The service does not allow this with the connected account: %(reason)s")
_current: ContextVar[Wire] = ContextVar("connectors_wire")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A complete answer; ``headers`` compare without regard to case."""

    method: str
    status: int
    headers: httpx.Headers
    content: bytes

    def json(self) -> Any:
        """The body as JSON, None when it is none."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None

    def field(self, *names: str) -> str:
        """The first of these members of a JSON object that is a text, "" without one."""
        body = self.json()
        found = (body.get(name) for name in names) if isinstance(body, dict) else ()
        return next((value for value in found if isinstance(value, str) and value), "")


Explain = Callable[[Answer], PlatformError | None]


class Wire:
    """Requests of one action. ``repeatable``: making them again does no harm, so nothing about their outcome is in doubt.

    ``explain(answer)`` returns the coded error an answer stands for, None for a success. ``operator``: the address is
    the operator's own and may be private. Raises ``OutboundRefused`` before anything is sent to a forbidden address.
    """

    def __init__(
        self, *, purpose: str, explain: Explain | None = None, repeatable: bool = True, operator: bool = False,
        timeout_s: float = 30, max_bytes: int = MAX_BYTES, resolver: Any = None,
    ) -> None:  # fmt: skip
        self.purpose = purpose
        self.operator = operator
        self.timeout_s = timeout_s
        self._explain = explain or explain_status
        self.repeatable = repeatable
        self._max_bytes = max_bytes
        self.resolver = resolver
        self.touched = False

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str] | None = None, content: bytes | str | None = None
    ) -> Answer:
        """Make one request and return its answer, which is a success. Raises coded errors only."""
        method = method.upper()
        safe = method in SAFE
        where = f"{self.purpose} {method} {urlsplit(url).hostname or ''}"
        try:
            with outbound.client(
                purpose=self.purpose, timeout=self.timeout_s, user_given=not self.operator, max_bytes=self._max_bytes,
                resolver=self.resolver,
            ) as http:  # fmt: skip
                response = http.request(method, url, headers=_plain(headers), content=content)
        except (outbound.OutboundFailed, httpx.HTTPError) as error:
            sent = not never_sent(error)
            doubt = self._doubtful(safe=safe) and sent
            self.touched = self.touched or (sent and not safe)
            raise self._down(f"{where}: {type(error).__name__}", doubt=doubt) from error
        answer = Answer(method=method, status=response.status_code, headers=response.headers, content=response.content)
        problem = self._explain(answer)
        if problem is not None:
            raise self._graded(problem, where, answer, safe=safe)
        self.touched = self.touched or not safe
        return answer

    def down(self, detail: str, *, sent: bool) -> PlatformError:
        """The error for a failure outside HTTP (SMTP), where the caller knows whether anything was sent."""
        return self._down(detail, doubt=sent and not self.repeatable)

    def _graded(self, error: PlatformError, where: str, answer: Answer, *, safe: bool) -> PlatformError:
        detail = f"{where}: {answer.status} {error.detail or error.code}"
        logger.warning(
            "connector call failed", extra={"operation": where, "error_code": error.code, "status": answer.status}
        )
        if isinstance(error, RemoteUnavailable | PayloadInvalid):
            graded = self._down(detail, doubt=self._doubtful(safe=safe))
            graded.retry_after = error.retry_after
            return graded
        error.detail = detail
        return error

    def _down(self, detail: str, *, doubt: bool) -> PlatformError:
        if doubt or (self.touched and not self.repeatable):
            return OutcomeUnknown(detail=detail)
        error = RemoteUnavailable(detail=detail)
        error.harmless = True
        return error

    def _doubtful(self, *, safe: bool) -> bool:
        return not self.repeatable and not safe

    @contextmanager
    def translated(self) -> Iterator[None]:
        """Inside the block SDKs may raise what they like; out of it come coded errors only."""
        mark = _current.set(self)
        try:
            yield
        except PlatformError:
            raise
        except Exception as error:
            coded = coded_inside(error)
            if coded is not None:
                raise coded from error
            logger.warning(
                "connector answer not understood", extra={"operation": self.purpose, "reason": type(error).__name__}
            )
            detail = f"{self.purpose}: {type(error).__name__}"
            doubt = self.touched and not self.repeatable
            raise (OutcomeUnknown(detail=detail) if doubt else PayloadInvalid(detail=detail)) from error
        finally:
            _current.reset(mark)


def current() -> Wire:
    """The wire of the action under way in this thread, for SDKs whose HTTP can only be set for the whole process."""
    return _current.get()


def coded_inside(error: BaseException | None) -> PlatformError | None:
    """Our error behind whatever an SDK raised because of it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, PlatformError):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def explain_status(answer: Answer, *, reason: str = "", scope: str = "") -> PlatformError | None:
    """The coded error of a plain HTTP status; ``reason`` are the service's own words. A redirect is a wrong address."""
    status = answer.status
    if status < 300:
        return None
    words = redact_text(reason or answer.field("message", "error_description", "error", "detail"))[:REASON_LENGTH]
    if status == 429:
        return RateLimited(detail=words, retry_after=retry_after(answer.headers))
    if status == 401:
        return CredentialsRefused(detail=words)
    if status == 403:
        return AccessMissing(_FORBIDDEN, detail=words, reason=words or scope or "403")
    if status in (404, 410):
        return RemoteNotFound(detail=words)
    if status == 409:
        return RemoteConflict(detail=words)
    if status == 408 or status >= 500:
        found = retry_after(answer.headers, default=0.0)
        return RemoteUnavailable(detail=words, retry_after=found or None)
    return RemoteRefused(detail=words, reason=words or f"HTTP {status}")


def retry_after(headers: Mapping[str, str], *, default: float = DEFAULT_PAUSE_S, now: float | None = None) -> float:
    """Seconds of a ``Retry-After`` header, as a number or a date (RFC 9110 10.2.3)."""
    value = headers.get("retry-after")
    if value is None:
        return default
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - (time.time() if now is None else now))
    except (TypeError, ValueError):
        return default


def never_sent(error: BaseException | None) -> bool:
    """Whether the connection was never made, looking through causes."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(
            error,
            httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | socket.gaierror | ConnectionRefusedError,
        ):
            return True
        if type(error).__name__ in ("ConnectError", "ConnectTimeout", "PoolTimeout"):
            return True
        seen.add(id(error))
        error = error.__cause__
    return False


def _plain(headers: Mapping[str, Any] | None) -> dict[str, str]:
    """Header values as texts; length and transfer are the client's own affair."""
    skipped = {"content-length", "transfer-encoding", "connection", "accept-encoding", "host"}
    found = {}
    for name, value in (headers or {}).items():
        if value is not None and str(name).lower() not in skipped:
            found[str(name)] = value.decode("latin-1") if isinstance(value, bytes) else str(value)
    return found
