"""The far side of the address tests: listeners nobody may reach, one server that may be reached, names, and a watch on sockets.

Nothing of the product is replaced: names are answered where Python's socket module asks the system, and every attempt to connect is
seen by an audit hook of the interpreter (PEP 578), whoever makes it.
"""

import base64
import contextlib
import ipaddress
import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.core.canary import Canary
from tests.core.hostile_urls import NAMES
from tests.hostile.forms import REBINDING

CANARIES = (("127.0.0.1", socket.AF_INET), ("127.0.0.2", socket.AF_INET), ("::1", socket.AF_INET6))
OUTER_HOST = "127.0.0.3"
PUBLIC = "93.184.216.34"


class FarSide:
    """``canary``: counts connections that arrived where none may; ``tried``: attempts to connect to where nothing may go."""

    def __init__(self) -> None:
        self.tried: list[str] = []
        self.public_tries = 0
        self.visits = 0
        self.document: Any = {}
        self.open_to: set[tuple[str, int]] = set()
        self._http = _Server((OUTER_HOST, 0), _Handler)
        self._http.side = self
        self.port = int(self._http.server_address[1])
        self.canary = Canary(CANARIES, port=self.port)
        self.outer = f"http://{OUTER_HOST}:{self.port}"
        self._turns: dict[str, int] = {}
        self.watching = False

    @contextlib.contextmanager
    def __call__(self) -> Iterator["FarSide"]:
        """Listen, answer names, watch sockets, and set every proxy variable to the canary."""
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        real = socket.getaddrinfo
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), f"http://127.0.0.1:{self.port}")
        proxies |= {name.lower(): value for name, value in proxies.items()}
        kept = {name: os.environ.get(name) for name in (*proxies, "NO_PROXY", "no_proxy")}
        os.environ.update(proxies)
        os.environ.pop("NO_PROXY", None), os.environ.pop("no_proxy", None)
        socket.getaddrinfo = self._answering(real)
        _watchers.append(self)
        self.watching = True
        try:
            yield self
        finally:
            self.watching = False
            _watchers.remove(self)
            socket.getaddrinfo = real
            for name, value in kept.items():
                os.environ.pop(name, None) if value is None else os.environ.update({name: value})
            self._http.shutdown()
            self._http.server_close()
            self.canary.close()

    def fresh_names(self) -> None:
        """Every name begins again with its first answer."""
        self._turns.clear()

    def _answering(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def getaddrinfo(host: Any, port: Any, family: int = 0, *more: Any, **named: Any) -> Any:
            name = host.decode() if isinstance(host, bytes) else str(host)
            found = self._addresses(name)
            if found is None:
                return real(host, port, family, *more, **named)
            if not found:
                raise socket.gaierror(socket.EAI_NONAME, "no address")
            answers = []
            for address in found:
                answers += real(address, port, 0, *more, **named)
            return answers

        return getaddrinfo

    def _addresses(self, name: str) -> list[str] | None:
        if name in NAMES:
            return NAMES[name]
        if name in REBINDING:
            turn = self._turns.get(name, 0)
            self._turns[name] = turn + 1
            return REBINDING[name][min(turn, len(REBINDING[name]) - 1)]
        with contextlib.suppress(OSError):
            socket.inet_aton(name)
            return None
        if name.startswith(("localhost", "ip6-")) or ":" in name or "%" in name:
            return None
        return [PUBLIC]

    def saw(self, address: Any) -> None:
        """An attempt to connect. What is public is refused here, what is neither public nor ours is written down."""
        host, port = str(address[0]).partition("%")[0], int(address[1])
        if (host, port) in self.open_to or host == OUTER_HOST:
            return
        try:
            where = ipaddress.ip_address(host)
        except ValueError:
            self.tried.append(f"{host}:{port}")  # a name: the system would resolve it unseen
            raise ConnectionRefusedError(host) from None
        if where.is_global:
            self.public_tries += 1
            raise ConnectionRefusedError(host)
        self.tried.append(f"{host}:{port}")
        if not where.is_loopback:
            raise ConnectionRefusedError(host)


_watchers: list[FarSide] = []


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "socket.connect" and _watchers:
        address = arguments[1]
        if isinstance(address, tuple) and len(address) >= 2:
            _watchers[-1].saw(address)


sys.addaudithook(_hook)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    side: FarSide

    def process_request(self, *arguments: Any) -> None:
        self.side.visits += 1
        super().process_request(*arguments)

    def handle_error(self, *_arguments: object) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    """``/go/<status>/<target>`` redirects, ``/chain`` by way of itself, ``/refresh`` and ``/link`` by headers; else a document."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, *_arguments: object) -> None:
        """Quiet."""

    def _serve(self) -> None:
        self.server.side.visits += 1
        length = self.headers.get("Content-Length", "0")
        if length.isdigit():
            self.rfile.read(int(length))
        parts = self.path.partition("?")[0].strip("/").split("/")
        status, headers = 200, {}
        if len(parts) >= 3 and parts[0] in ("go", "chain", "refresh", "link"):
            where = base64.urlsafe_b64decode(parts[2] + "=" * (-len(parts[2]) % 4)).decode("utf-8", "surrogatepass")
            if parts[0] == "go":
                status, headers = int(parts[1]), {"Location": where}
            elif parts[0] == "chain":
                turn = int(parts[1])
                status, headers = 302, {"Location": where if turn > 3 else f"/chain/{turn + 1}/{parts[2]}"}
            elif parts[0] == "refresh":
                headers = {"Refresh": f"0; url={where}"}
            else:
                headers = {"Link": f"<{where}>; rel=next", "Content-Location": where, "Alt-Svc": 'h2="127.0.0.1:1"'}
        body = json.dumps(self.server.side.document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value.encode("ascii", "ignore").decode())
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815
