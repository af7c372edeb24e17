"""Loopback peers for the outbound tests: a canary nobody may reach, and a server that may be allowed."""

import gzip
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from apps.core.outbound import close_connections
from tests.core.canary import Canary


class Peer(BaseHTTPRequestHandler):
    """Answers by path: what a well-meant or a hostile other side may do."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: object) -> None:
        return

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def do_GET(self) -> None:
        self.server.seen.append((self.path, {name.lower(): text for name, text in self.headers.items()}))  # type: ignore[attr-defined]
        name = "answer_" + self.path.split("?")[0].strip("/").replace("/", "_")
        getattr(self, name, self.answer_)()

    def send(self, body: bytes, *, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def answer_(self) -> None:
        self.send(json.dumps({"host": self.headers["Host"]}).encode(), Content_Type="application/json")

    def answer_redirect(self) -> None:
        self.send(b"", status=302, Location=self.server.redirect_to)  # type: ignore[attr-defined]

    def answer_large(self) -> None:
        self.send(b"x" * 3_000_000)

    def answer_zip(self) -> None:
        self.send(gzip.compress(b"hello " * 100), Content_Encoding="gzip")

    def answer_bomb(self) -> None:
        self.send(gzip.compress(b"\0" * 50_000_000), Content_Encoding="gzip")

    def answer_broken(self) -> None:
        self.send(b"this is not gzip", Content_Encoding="gzip")

    def answer_exotic(self) -> None:
        self.send(b"xyz", Content_Encoding="br")

    def answer_silent(self) -> None:
        time.sleep(3)

    def answer_drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        for _step in range(30):
            self.wfile.write(b".")
            time.sleep(0.1)

    def answer_cut(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"only this")
        self.close_connection = True

    def answer_v1_chat_completions(self) -> None:
        self.send(
            json.dumps(
                {
                    "id": "c1",
                    "object": "chat.completion",
                    "created": 1,
                    "model": "m",
                    "choices": [
                        {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello."}}
                    ],
                    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
                }
            ).encode(),
            Content_Type="application/json",
        )

    def answer_v1_users_me(self) -> None:
        self.send(json.dumps({"object": "user", "id": "u1", "type": "bot"}).encode(), Content_Type="application/json")


class Server(ThreadingHTTPServer):
    """The peer's server; ``seen`` lists (path, headers) of every request."""

    daemon_threads = True
    redirect_to = ""

    def handle_error(self, *_arguments: object) -> None:
        """Clients that hang up are part of the tests."""


@pytest.fixture
def canary(settings) -> Iterator[Canary]:
    """A listener on 127.0.0.1 and ::1 that nothing may reach; its port counts as an ordinary one."""
    listener = Canary()
    settings.OUTBOUND_PORTS = frozenset({80, 443, listener.port})
    settings.OUTBOUND_ALLOW = []
    yield listener
    listener.close()


def serve(address: str, port: int = 0) -> Server:
    """Start the peer on one loopback address."""
    server = Server((address, port), Peer)
    server.seen = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


@pytest.fixture
def peer() -> Iterator[Server]:
    """A server on 127.0.0.2, a different loopback address from the canary's."""
    server = serve("127.0.0.2")
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def _no_kept_connections() -> Iterator[None]:
    """Pooled connections never outlive the peer they lead to."""
    yield
    close_connections()
