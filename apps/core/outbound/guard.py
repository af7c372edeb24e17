"""Limits of one call: no transaction, a total time, a size; and the connection that goes only to checked addresses."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

from django.db import connections

from apps.core.outbound.addresses import Resolver, Target, checked_addresses, normal_host
from apps.core.outbound.errors import CalledInTransaction, OutboundFailed, OutboundTimedOut

_deadline: ContextVar[float] = ContextVar("outbound_deadline", default=float("inf"))
CHUNK = 65_536


def assert_no_transaction() -> None:
    """Raise ``CalledInTransaction`` when this thread has a database transaction open (a test's own wrapper aside)."""
    for connection in connections.all(initialized_only=True):
        blocks = getattr(connection, "atomic_blocks", ())
        if any(not getattr(block, "_from_testcase", False) for block in blocks):
            raise CalledInTransaction(
                "A network call inside a database transaction would hold its locks for as long as the other side likes. "
                "Commit first, call, then write the answer in a second transaction."
            )


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """All calls inside the block share this much time in total; a nested longer limit does not extend it."""
    until = min(_deadline.get(), time.monotonic() + seconds)
    mark = _deadline.set(until)
    try:
        yield
    finally:
        _deadline.reset(mark)


def time_left() -> float:
    """Seconds until the innermost deadline; infinite outside of any. Raises ``OutboundTimedOut`` when none are left."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise OutboundTimedOut(detail="the total time of the call is used up")
    return left


class Stream(Protocol):
    """What the network streams of httpcore and httpcore2 have in common."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes: ...
    def write(self, buffer: bytes, timeout: float | None = None) -> None: ...
    def close(self) -> None: ...
    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> Any: ...
    def get_extra_info(self, info: str) -> Any: ...


class TimedStream:
    """A network stream on which no single wait outlasts the deadline of the call."""

    def __init__(self, inner: Stream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read what is there, waiting at most until the deadline."""
        return self._inner.read(max_bytes, _shorter(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send everything, in pieces, so that a peer that reads slowly cannot stretch the deadline."""
        view = memoryview(buffer)
        for start in range(0, len(view), CHUNK):
            self._inner.write(bytes(view[start : start + CHUNK]), _shorter(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> TimedStream:
        """Speak TLS from here on; ``server_hostname`` stays the name, whatever address was connected to."""
        return TimedStream(self._inner.start_tls(ssl_context, server_hostname, _shorter(timeout)))

    def get_extra_info(self, info: str) -> Any:
        """Facts about the socket."""
        return self._inner.get_extra_info(info)


class GuardedBackend:
    """A network backend for httpcore and httpcore2 that resolves once, checks every address and connects to a checked one."""

    def __init__(self, inner: Any, *, user_given: bool, resolver: Resolver | None = None) -> None:
        self._inner = inner
        self._user_given = user_given
        self._resolver = resolver

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> TimedStream:
        """Connect to one of the checked addresses of the host, in order."""
        assert_no_transaction()
        target = Target(scheme="", host=normal_host(host), port=port)
        addresses = checked_addresses(
            target, user_given=self._user_given, resolver=self._resolver, timeout=_shorter(timeout) or 10
        )
        failure: Exception | None = None
        for address in addresses:
            try:
                return TimedStream(
                    self._inner.connect_tcp(address, port, _shorter(timeout), local_address, socket_options)
                )
            except Exception as error:  # noqa: BLE001 - the next address may answer; the last failure is raised below
                failure = error
        raise failure or OutboundFailed(detail=f"{host} has no address")

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> Any:
        """Sockets of this machine are never a destination."""
        raise OutboundFailed(detail="unix sockets are not reachable")

    def sleep(self, seconds: float) -> None:
        """Wait between connection attempts."""
        self._inner.sleep(min(seconds, time_left()))


class BoundedBody:
    """A response body that is decompressed here, piece by piece, and cut off with an error past ``limit`` bytes."""

    def __init__(self, inner: Any, *, encoding: str, limit: int, until: float) -> None:
        self._inner = inner
        self._limit = limit
        self._until = until
        self._inflate = _decompressor(encoding)

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        pieces = iter(self._inner)
        while True:
            mark = _deadline.set(min(_deadline.get(), self._until))
            try:
                time_left()
                piece = next(pieces, None)
            finally:
                _deadline.reset(mark)
            if piece is None:
                return
            for part in self._plain(piece):
                size += len(part)
                if size > self._limit:
                    raise OutboundFailed(detail=f"the answer is larger than {self._limit} bytes")
                yield part

    def close(self) -> None:
        """Give the connection back, or close it when the body was not read to its end."""
        self._inner.close()

    def _plain(self, piece: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            yield piece
            return
        try:
            while piece:
                yield self._inflate.decompress(piece, CHUNK)
                piece = self._inflate.unconsumed_tail
        except zlib.error as error:
            raise OutboundFailed(detail=f"the answer's compression is damaged: {error}") from error


def _decompressor(encoding: str) -> Any:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip" | "x-gzip":
            return zlib.decompressobj(zlib.MAX_WBITS | 16)
        case "deflate":
            return zlib.decompressobj(zlib.MAX_WBITS | 32)
    raise OutboundFailed(detail=f"the answer uses a compression nobody asked for: {encoding[:40]!r}")


def _shorter(timeout: float | None) -> float | None:
    left = time_left()
    return timeout if left == float("inf") else min(left, left if timeout is None else timeout)
