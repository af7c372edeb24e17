"""The guarded clients: one for httpx, one for httpx2 (the OpenAI SDK is built on it), both from the same parts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpcore
import httpcore2
import httpx
import httpx2
from django.utils.translation import gettext_lazy as _
from prometheus_client import Counter

from apps.core.outbound.addresses import Resolver, make_target
from apps.core.outbound.errors import OutboundFailed, OutboundRefused, OutboundTimedOut
from apps.core.outbound.guard import BoundedBody, assert_no_transaction, deadline, time_left
from apps.core.outbound.pools import shared

MAX_BYTES = 10_000_000
CONNECT_SECONDS = 10.0
HEADERS = {"Accept-Encoding": "gzip, deflate", "User-Agent": "EchoPilot"}

calls = Counter("echopilot_outbound_calls", "Calls to the outside by purpose and outcome.", ["purpose", "outcome"])


class _HttpxFailed(OutboundFailed, httpx.TransportError):
    """Caught as ours and as httpx's, so that SDKs apply their own rules to it."""


class _HttpxTimedOut(OutboundTimedOut, httpx.TimeoutException):
    """The same for time."""


class _Httpx2Failed(OutboundFailed, httpx2.TransportError):
    """Caught as ours and as httpx2's."""


class _Httpx2TimedOut(OutboundTimedOut, httpx2.TimeoutException):
    """The same for time."""


def client(
    *,
    purpose: str,
    timeout: float = 30,
    user_given: bool = True,
    max_bytes: int = MAX_BYTES,
    resolver: Resolver | None = None,
) -> httpx.Client:
    """A guarded ``httpx.Client``; safe to share between threads, cheap to make (connections are pooled per process).

    ``purpose`` labels metrics. ``timeout`` is the total time of one call in seconds, answer included. ``user_given=False`` is
    for addresses the operator configured. Calls raise ``OutboundRefused`` (nothing was sent) or ``OutboundFailed`` /
    ``OutboundTimedOut`` (which are also httpx errors), and ``CalledInTransaction`` for a bug in the caller.
    """
    transport = shared.transport(httpx, httpcore, user_given=user_given, resolver=resolver)
    guard = _Guard(
        httpx,
        transport,
        _HttpxFailed,
        _HttpxTimedOut,
        purpose=purpose,
        timeout=timeout,
        user_given=user_given,
        max_bytes=max_bytes,
    )
    return _HttpxClient(
        transport=_HttpxTransport(guard),
        timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
        headers=HEADERS,
        trust_env=False,
        follow_redirects=False,
    )


def http2_client(
    *,
    purpose: str,
    timeout: float = 30,
    user_given: bool = True,
    max_bytes: int = MAX_BYTES,
    resolver: Resolver | None = None,
) -> httpx2.Client:
    """The same guard as an ``httpx2.Client``: ``OpenAI(http_client=http2_client(purpose="ai"))``."""
    transport = shared.transport(httpx2, httpcore2, user_given=user_given, resolver=resolver)
    guard = _Guard(
        httpx2,
        transport,
        _Httpx2Failed,
        _Httpx2TimedOut,
        purpose=purpose,
        timeout=timeout,
        user_given=user_given,
        max_bytes=max_bytes,
    )
    return _Httpx2Client(
        transport=_Httpx2Transport(guard),
        timeout=httpx2.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
        headers=HEADERS,
        trust_env=False,
        follow_redirects=False,
    )


@contextmanager
def _well_formed() -> Iterator[None]:
    """What the libraries raise for the written form of an address (it is not among their own network errors) as ours."""
    try:
        yield
    except (httpx.InvalidURL, httpx2.InvalidURL, UnicodeError) as error:
        raise OutboundRefused(
            fields={"url": _("The address is not well formed.")}, detail=type(error).__name__
        ) from None


class _HttpxClient(httpx.Client):
    """A client that refuses a malformed address as it refuses a forbidden one."""

    def build_request(self, *arguments: Any, **named: Any) -> httpx.Request:
        """Raises ``OutboundRefused`` for an address that is none."""
        with _well_formed():
            return super().build_request(*arguments, **named)


class _Httpx2Client(httpx2.Client):
    """The same for httpx2."""

    def build_request(self, *arguments: Any, **named: Any) -> httpx2.Request:
        """Raises ``OutboundRefused`` for an address that is none."""
        with _well_formed():
            return super().build_request(*arguments, **named)


class _Guard:
    """One request through the guard, for either library."""

    def __init__(
        self,
        library: Any,
        inner: Any,
        failed: type[OutboundFailed],
        timed_out: type[OutboundTimedOut],
        *,
        purpose: str,
        timeout: float,
        user_given: bool,
        max_bytes: int,
    ) -> None:
        self._library = library
        self._inner = inner
        self._failed = failed
        self._timed_out = timed_out
        self._purpose = purpose
        self._timeout = timeout
        self._user_given = user_given
        self._max_bytes = max_bytes

    def send(self, request: Any) -> Any:
        """Check, send, and hand back a response whose body stays under the limits."""
        assert_no_transaction()
        outcome = "failed"
        try:
            self._check(request)
            with deadline(self._timeout):
                until = time.monotonic() + time_left()
                response = self._translated(self._inner.handle_request, request)
            outcome = f"{response.status_code // 100}xx"
            return self._bounded(response, until)
        except OutboundRefused:
            outcome = "refused"
            raise
        except OutboundTimedOut:
            outcome = "timed_out"
            raise
        finally:
            calls.labels(purpose=self._purpose, outcome=outcome).inc()

    def pieces(self, body: BoundedBody) -> Any:
        """The body's parts, with the library's errors turned into ours."""
        iterator = iter(body)
        while (part := self._translated(next, iterator, None)) is not None:
            yield part

    def _check(self, request: Any) -> None:
        url = request.url
        if url.userinfo:
            raise OutboundRefused(detail="credentials in the address")
        make_target(url.scheme, url.raw_host.decode("ascii", "replace"), url.port, user_given=self._user_given)
        request.headers["Accept-Encoding"] = HEADERS["Accept-Encoding"]

    def _bounded(self, response: Any, until: float) -> Any:
        try:
            body = BoundedBody(
                response.stream,
                encoding=response.headers.get("content-encoding", ""),
                limit=self._max_bytes,
                until=until,
            )
        except OutboundFailed as error:
            response.close()
            raise self._failed(detail=error.detail) from error
        headers = [(name, value) for name, value in response.headers.raw if name.lower() != b"content-encoding"]
        stream = _HttpxBody if self._library is httpx else _Httpx2Body
        return self._library.Response(
            response.status_code, headers=headers, stream=stream(self, body), extensions=response.extensions
        )

    def _translated(self, call: Any, *arguments: Any) -> Any:
        try:
            return call(*arguments)
        except (self._failed, self._timed_out, OutboundRefused):
            raise
        except (OutboundTimedOut, self._library.TimeoutException) as error:
            raise self._timed_out(detail=_detail(error)) from error
        except (OutboundFailed, self._library.TransportError) as error:
            raise self._failed(detail=_detail(error)) from error


class _HttpxTransport(httpx.BaseTransport):
    def __init__(self, guard: _Guard) -> None:
        self._guard = guard

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request through the guard."""
        response: httpx.Response = self._guard.send(request)
        return response


class _Httpx2Transport(httpx2.BaseTransport):
    def __init__(self, guard: _Guard) -> None:
        self._guard = guard

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request through the guard."""
        response: httpx2.Response = self._guard.send(request)
        return response


class _HttpxBody(httpx.SyncByteStream):
    def __init__(self, guard: _Guard, body: BoundedBody) -> None:
        self._guard = guard
        self._body = body

    def __iter__(self) -> Any:
        return self._guard.pieces(self._body)

    def close(self) -> None:
        self._body.close()


class _Httpx2Body(httpx2.SyncByteStream):
    def __init__(self, guard: _Guard, body: BoundedBody) -> None:
        self._guard = guard
        self._body = body

    def __iter__(self) -> Any:
        return self._guard.pieces(self._body)

    def close(self) -> None:
        self._body.close()


def _detail(error: BaseException) -> str:
    text = getattr(error, "detail", "") or str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
