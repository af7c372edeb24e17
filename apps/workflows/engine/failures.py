"""Turns what a step's code raised into one of the few kinds of failure that decide what happens next."""

import socket

import httpx
from django.db import Error as DatabaseError

from apps.core.errors import InvalidInput, LimitReached, Misconfigured, NotAllowed, NotFound, PlatformError
from apps.dispatch.errors import LeaseLost
from apps.workflows.contracts import EffectFailed
from apps.workflows.core.taxonomy import Failure, FailureKind, classify_status
from apps.workflows.core.values import ValueProblem
from apps.workflows.engine.plain_json import UnstorableValue

FINAL = (InvalidInput, NotFound, NotAllowed, Misconfigured)
NEVER_SENT = (
    ConnectionRefusedError,
    socket.gaierror,
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)


def classify(error: BaseException, *, sent: bool) -> Failure:
    """The failure an exception stands for; ``sent`` says whether a call may have been under way when it was raised."""
    if isinstance(error, EffectFailed):
        return error.failure
    if isinstance(error, PlatformError):
        return _platform(error, sent=sent)
    if isinstance(error, ValueProblem | UnstorableValue):
        return Failure(kind=FailureKind.PERMANENT, code=error.code, message=str(error), cause=error)
    if isinstance(error, httpx.HTTPStatusError):
        response = error.response
        failure = classify_status(response.status_code, retry_after=response.headers.get("retry-after"))
        if failure is not None:
            return failure
    if isinstance(error, NEVER_SENT):
        return Failure(
            kind=FailureKind.TRANSIENT,
            code="connection_failed",
            message="The service could not be reached.",
            cause=error,
        )
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return Failure(
            kind=FailureKind.UNKNOWN, code="timeout", message="The service did not answer in time.", cause=error
        )
    if isinstance(error, httpx.HTTPError | ConnectionError):
        return Failure(
            kind=FailureKind.UNKNOWN,
            code="connection_broken",
            message="The connection broke during the call.",
            cause=error,
        )
    kind = FailureKind.UNKNOWN if sent else FailureKind.POISON
    return Failure(
        kind=kind, code="step_crashed", message=f"The step's code failed: {type(error).__name__}.", cause=error
    )


def _platform(error: PlatformError, *, sent: bool) -> Failure:
    if isinstance(error, LeaseLost):
        kind = FailureKind.TRANSIENT
    elif isinstance(error, FINAL):
        kind = FailureKind.PERMANENT
    elif error.retryable or error.retry_after is not None:
        certain = not sent or getattr(error, "harmless", False)
        kind = FailureKind.TRANSIENT if certain else FailureKind.UNKNOWN
    else:
        kind = FailureKind.DENIED if isinstance(error, LimitReached) else FailureKind.PERMANENT
    if error.retry_after is not None and isinstance(error, LimitReached):
        kind = FailureKind.THROTTLED
    return Failure(kind=kind, code=error.code, message=error.text, retry_after=error.retry_after, cause=error)


def is_contention(error: BaseException) -> bool:
    """Whether the database gave way to another transaction (deadlock, serialization): the same again may well succeed at once."""
    cause = error.__cause__ if isinstance(error, DatabaseError) else error
    return (getattr(cause, "pgcode", None) or "").startswith("40")


def connection_is_gone(error: BaseException) -> bool:
    """Whether a database error is about the connection or the server rather than about the statement."""
    from django.db import InterfaceError, OperationalError

    return isinstance(error, OperationalError | InterfaceError) or (
        isinstance(error, DatabaseError) and "closed" in str(error)
    )
