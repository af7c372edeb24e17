"""Connections to the outside, kept for reuse: per process, never across a fork."""

from __future__ import annotations

import atexit
import os
import ssl
import threading
from functools import cache
from typing import Any

import httpx

from apps.core.outbound.addresses import Resolver
from apps.core.outbound.guard import GuardedBackend

MAX_CONNECTIONS = 500
KEEPALIVE_SECONDS = 15.0


@cache
def _tls() -> ssl.SSLContext:
    return httpx.create_ssl_context(trust_env=False)


class _Shared:
    """One connection pool per library, trust level and resolver, kept for the life of the process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._transports: dict[tuple[Any, ...], Any] = {}
        os.register_at_fork(after_in_child=self._forget)

    def transport(self, library: Any, core: Any, *, user_given: bool, resolver: Resolver | None) -> Any:
        """The pooled transport, made on first use."""
        key = (library, user_given, resolver)
        with self._lock:
            if key not in self._transports:
                backend: Any = GuardedBackend(core.SyncBackend(), user_given=user_given, resolver=resolver)
                transport = library.HTTPTransport(verify=_tls(), trust_env=False)
                # Neither library offers a public way to set the network backend; a test fails when this name moves.
                transport._pool = core.ConnectionPool(
                    ssl_context=_tls(),
                    max_connections=MAX_CONNECTIONS,
                    keepalive_expiry=KEEPALIVE_SECONDS,
                    network_backend=backend,
                )
                self._transports[key] = transport
            return self._transports[key]

    def close(self) -> None:
        """Close every idle connection; clients made earlier open new ones when used again."""
        with self._lock:
            for transport in self._transports.values():
                transport.close()

    def _forget(self) -> None:
        """A forked process must not talk on its parent's connections."""
        self._lock = threading.Lock()
        self._transports = {}


shared = _Shared()
atexit.register(shared.close)


def close_connections() -> None:
    """Close the idle connections of all guarded clients."""
    shared.close()
