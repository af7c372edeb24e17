"""Notion's answers, and the ways notion-client lets them escape, as our errors."""

import json
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from notion_client import errors as sdk

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
    RequestsBlocked,
)
from apps.core.errors import PlatformError
from apps.core.outbound import OutboundFailed, OutboundRefused

BLOCKED = "public_api_request_blocked"
TOO_MANY = frozenset({429, 529})
DOWN = frozenset({500, 502, 503, 504, 520, 521, 522, 523, 524})


def translate(error: Exception, *, method: str, repeatable: bool, now: float) -> PlatformError:
    """The coded error for whatever one call raised. ``repeatable``: making the call again does no harm.

    Failures of a call that is not repeatable become ``OutcomeUnknown`` unless it is certain that nothing was done.
    """
    if isinstance(error, OutboundRefused):
        return error
    if isinstance(error, sdk.HTTPResponseError):
        return _from_answer(error, method=method, repeatable=repeatable, now=now)
    if isinstance(error, ValueError) and not isinstance(error, httpx.HTTPError):
        return _unsure(PayloadInvalid, f"{method}: {type(error).__name__}", repeatable=repeatable)
    if isinstance(error, sdk.InvalidPathParameterError):
        return RemoteNotFound(detail=str(error))
    if isinstance(error, OutboundFailed | httpx.HTTPError | sdk.RequestTimeoutError):
        if _never_sent(error):
            return RemoteUnavailable(detail=f"{method}: not connected: {error}")
        return _unsure(RemoteUnavailable, f"{method}: {type(error).__name__}: {error}", repeatable=repeatable)
    raise error


def _unsure(kind: type[PlatformError], detail: str, *, repeatable: bool) -> PlatformError:
    return kind(detail=detail) if repeatable else OutcomeUnknown(detail=detail)


def _never_sent(error: BaseException | None) -> bool:
    """Whether the connection was never made, looking through causes."""
    while error is not None:
        if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout):
            return True
        if type(error).__name__ in ("ConnectError", "ConnectTimeout", "PoolTimeout"):
            return True
        error = error.__cause__
    return False


def _from_answer(error: sdk.HTTPResponseError, *, method: str, repeatable: bool, now: float) -> PlatformError:
    status, body = error.status, _body(error.body)
    found = body.get("additional_data")
    data: dict[str, Any] = found if isinstance(found, dict) else {}
    reason = str(body.get("message", ""))[:300]
    detail = f"{method}: {status} {body.get('code', '')} {reason} request_id={body.get('request_id', '')}"
    if status in TOO_MANY:
        if data.get("rate_limit_reason") == BLOCKED:
            return RequestsBlocked(detail=detail)
        return RateLimited(detail=detail, retry_after=retry_after(error.headers, data, now=now))
    if status == 401:
        return CredentialsRefused(detail=detail)
    if status == 403:
        return AccessMissing(detail=detail)
    if status == 404:
        return RemoteNotFound(detail=detail)
    if status == 409:
        return RemoteConflict(detail=detail)
    if status in DOWN or status >= 500:
        down = _unsure(RemoteUnavailable, detail, repeatable=repeatable)
        if isinstance(down, OutcomeUnknown):
            down.committed_id = str(data.get("committed_resource_id") or body.get("committed_resource_id") or "")
        return down
    return RemoteRefused(detail=detail, reason=reason or f"HTTP {status}")


def _body(text: str) -> dict[str, Any]:
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def retry_after(headers: Any, data: dict[str, Any], *, now: float) -> float:
    """Seconds to wait: the header as a number (fractions too) or a date, the body's mirror, else one second."""
    for value in (headers.get("retry-after"), data.get("retry_after")):
        if value is None:
            continue
        try:
            return max(0.0, float(value))
        except (TypeError, ValueError):
            pass
        try:
            return max(0.0, parsedate_to_datetime(str(value)).timestamp() - now)
        except (TypeError, ValueError):
            continue
    return 1.0
