"""A provider double with keyed, lookup, blind and metered endpoints that counts what it really applied.

Run it: ``python -m tests.servers.effects --port N``. It outlives the workers that call it, so its counts are the truth:

- ``POST /keyed``  honours ``Idempotency-Key``: the same key and body answer with the first result and apply nothing; another
  body under a key is refused with 409; a second request while the first is at work is refused with 409.
- ``POST /lookup`` applies every call; ``GET /lookup?reference=...`` says whether one was applied (404 if not).
- ``POST /blind``  applies every call.
- ``POST /metered`` answers after ``delay_ms`` of the body and charges every call that it worked on.

``POST /_faults {"rate": 0.3, "seed": 1, "slow_ms": 400, "kinds": [...]}`` makes it misbehave, ``{"script": ["429", ""]}`` fixes
what the next requests meet; ``GET /_state`` shows counts; ``POST /_reset`` forgets. ``429``, ``409``, ``500_before`` and
``reset_before`` do not apply; ``500_after``, ``reset_after`` and ``garbled`` do; ``slow`` applies and answers late.
"""

import argparse
import hashlib
import json
import random
import socket
import struct
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KINDS = ("429", "409", "500_before", "500_after", "reset_before", "reset_after", "slow", "garbled")


class Ledger:
    """What was applied, by endpoint and reference; thread-safe."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.forget()

    def forget(self) -> None:
        """Start from nothing, without faults."""
        with self.lock:
            self.applied: dict[str, Counter[str]] = {
                name: Counter() for name in ("keyed", "lookup", "blind", "metered")
            }
            self.keys: dict[str, tuple[str, dict[str, Any]]] = {}
            self.at_work: set[str] = set()
            self.mismatches = 0
            self.requests = 0
            self.faults: Counter[str] = Counter()
            self.rate, self.slow_s, self.kinds = 0.0, 0.4, KINDS
            self.dice = random.Random(0)
            self.script: list[str] = []

    def fault(self) -> str:
        """The fault the next request meets, empty for none."""
        with self.lock:
            self.requests += 1
            if self.script:
                return self.script.pop(0)
            if self.dice.random() >= self.rate:
                return ""
            kind = self.dice.choice(self.kinds)
            self.faults[kind] += 1
            return kind

    def apply(self, endpoint: str, reference: str) -> dict[str, Any]:
        """Let the effect happen."""
        with self.lock:
            self.applied[endpoint][reference] += 1
            return {"id": f"{endpoint}-{reference}-{self.applied[endpoint][reference]}", "reference": reference}

    def state(self) -> dict[str, Any]:
        """Counts for the checker."""
        with self.lock:
            return {
                "applied": {name: dict(counter) for name, counter in self.applied.items()},
                "mismatches": self.mismatches,
                "requests": self.requests,
                "faults": dict(self.faults),
            }


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    ledger: Ledger

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/_state":
            self._answer(200, self.ledger.state())
        elif url.path == "/lookup":
            self._look_up(parse_qs(url.query).get("reference", [""])[0])
        else:
            self._answer(404, {"error": "unknown"})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        body = json.loads(raw or b"{}")
        if self.path == "/_reset":
            self.ledger.forget()
            self._answer(200, {})
        elif self.path == "/_faults":
            self._set_faults(body)
        elif self.path in ("/keyed", "/lookup", "/blind", "/metered"):
            self._effect(self.path[1:], raw, body)
        else:
            self._answer(404, {"error": "unknown"})

    def _set_faults(self, body: dict[str, Any]) -> None:
        ledger = self.ledger
        with ledger.lock:
            ledger.rate = float(body.get("rate", 0))
            ledger.slow_s = body.get("slow_ms", 400) / 1000
            ledger.kinds = tuple(body.get("kinds", KINDS))
            ledger.dice = random.Random(body.get("seed", 0))
            ledger.script = list(body.get("script", ()))
        self._answer(200, {})

    def _look_up(self, reference: str) -> None:
        if self.ledger.fault() in ("429", "500_before", "500_after"):
            self._answer(503, {"error": "not now"})
            return
        count = self.ledger.applied["lookup"][reference]
        self._answer(
            200 if count else 404,
            {"id": f"lookup-{reference}-{count}", "reference": reference} if count else {"error": "none"},
        )

    def _effect(self, endpoint: str, raw: bytes, body: dict[str, Any]) -> None:
        fault = self.ledger.fault()
        if fault == "reset_before":
            self._reset()
        elif fault in ("429", "409", "500_before"):
            status = {"429": 429, "409": 409, "500_before": 500}[fault]
            self._answer(status, {"error": fault}, {"Retry-After": "0"} if fault == "429" else {})
        else:
            status, answer = self._apply(endpoint, raw, body)
            self._after(fault, status, answer)

    def _apply(self, endpoint: str, raw: bytes, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        reference = str(body["reference"])
        if endpoint != "keyed":
            answer = self.ledger.apply(endpoint, reference)
            time.sleep(body.get("delay_ms", 0) / 1000)
            return 200, answer
        key, digest = self.headers.get("Idempotency-Key", ""), hashlib.sha256(raw).hexdigest()
        with self.ledger.lock:
            if key in self.ledger.keys:
                known, answer = self.ledger.keys[key]
                self.ledger.mismatches += known != digest
                return (200, answer) if known == digest else (409, {"error": "key_reused"})
            if key in self.ledger.at_work:
                return 409, {"error": "in_progress"}
            self.ledger.at_work.add(key)
        answer = self.ledger.apply("keyed", reference)
        with self.ledger.lock:
            self.ledger.keys[key] = (digest, answer)
            self.ledger.at_work.discard(key)
        return 200, answer

    def _after(self, fault: str, status: int, answer: dict[str, Any]) -> None:
        if fault == "reset_after":
            self._reset()
        elif fault == "500_after":
            self._answer(500, {"error": fault})
        elif fault == "garbled":
            self._write(status, b'{"id": "tru')
        else:
            if fault == "slow":
                time.sleep(self.ledger.slow_s)
            self._answer(status, answer)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _answer(self, status: int, body: dict[str, Any], headers: dict[str, str] | None = None) -> None:
        self._write(status, json.dumps(body).encode(), headers)

    def _write(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Silence: the counts are the log."""

    def finish(self) -> None:
        """A caller that was killed is no event."""
        try:
            super().finish()
        except (OSError, ValueError):
            self.close_connection = True


class Server(ThreadingHTTPServer):
    """Threaded, with room for many waiting callers."""

    request_queue_size = 512
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers vanish in these tests; that is the point."""


def serve(port: int = 0) -> Server:
    """A server on a loopback port (0: a free one) with its own ledger; call ``serve_forever`` on it."""
    handler = type("BoundHandler", (Handler,), {"ledger": Ledger()})
    return Server(("127.0.0.1", port), handler)


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    serve(parser.parse_args().port).serve_forever()


if __name__ == "__main__":
    main()
