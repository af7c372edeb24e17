"""The server itself: standard library only, one thread per connection.

A scripted item, an entry of ``modes`` and the body of ``POST /_sandbox/script`` are dictionaries:
``text`` or ``json`` (what to say), ``finish_reason``, ``status`` + ``retry_after`` + ``code`` + ``message`` (an error answer),
``seconds`` (wait first), ``cached``/``reasoning`` (token counts), ``usage`` (False: report none, or a dictionary to report),
``fault``: ``stall`` (stop in the middle and hold the line), ``truncate`` (end without a finish reason), ``garbage`` (not HTTP JSON),
``garbled`` (broken JSON as the answer), ``empty``, ``huge`` (30 MB), ``wrong_language``, ``disconnect``.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.servers.openai import replies

HUGE_BYTES = 30 * 1024 * 1024
STALL_S = 30.0
MODELS = (
    "gpt-6.1-sol",
    "gpt-5.4",
    "gpt-4o",
    "gpt-4o-mini",
    "gpt-6-luna",
    "gpt-5.6-luna",
    "gpt-6-astra",
    "gpt-5.5",
    "test-model",
)
TEXT_FAULTS = {"empty": "", "garbled": replies.GARBLED, "wrong_language": replies.WRONG_LANGUAGE}


class OpenAIServer:
    """Start with ``with OpenAIServer() as server:``; ``server.url`` is the base URL for clients."""

    def __init__(self, *, port: int = 0, latency_s: float = 0.0, judge_score: int | Callable[[str], int] = 88) -> None:
        self.latency_s = latency_s
        self.judge_score = judge_score
        self.counters: Counter[str] = Counter()
        self.requests: list[dict[str, Any]] = []
        self.modes: dict[str, dict[str, Any]] = {}
        self._script: deque[dict[str, Any]] = deque()
        self._lock = threading.Lock()
        self.stopping = threading.Event()
        self._http = _Http(("127.0.0.1", port), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._http.server_address[1])

    @property
    def url(self) -> str:
        """Base URL, with the version."""
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    def script(self, *items: dict[str, Any]) -> None:
        """Answer the next requests with these, in order, whatever they ask."""
        with self._lock:
            self._script.extend(items)

    def mode(self, item: dict[str, Any] | None, *, model: str = "*") -> None:
        """Answer every request (of one model) like this until told otherwise; None ends it."""
        with self._lock:
            if item is None:
                self.modes.pop(model, None)
            else:
                self.modes[model] = item

    def reset(self) -> None:
        """Forget script, modes, counters and requests."""
        with self._lock:
            self._script.clear()
            self.modes.clear()
            self.counters.clear()
            self.requests.clear()

    def next_item(self, body: dict[str, Any]) -> dict[str, Any]:
        """Book a request and decide how to answer it."""
        model = str(body.get("model", ""))
        with self._lock:
            self.counters["requests"] += 1
            self.counters[f"model:{model}"] += 1
            self.requests.append(body)
            item = self._script.popleft() if self._script else self.modes.get(model) or self.modes.get("*") or {}
            self.counters[f"answered:{item.get('fault') or item.get('status') or 'ok'}"] += 1
        return item

    def state(self) -> dict[str, Any]:
        """Counters, for people and tests."""
        with self._lock:
            return {"counters": dict(self.counters), "scripted": len(self._script), "modes": self.modes}


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 256
    owner: OpenAIServer

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is nothing to report."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, *_: Any) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        if self.path.rstrip("/") in ("/v1/models", "/models"):
            self._json(
                200,
                {
                    "object": "list",
                    "data": [{"id": name, "object": "model", "created": 0, "owned_by": "test"} for name in MODELS],
                },
            )
        elif self.path == "/_sandbox/state":
            self._json(200, self.server.owner.state())
        elif self.path == "/health":
            self._json(200, {"status": "ok"})
        else:
            self._error(404, "not_found", f"no such path: {self.path}")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            self._error(400, "invalid_json", "the body is not JSON")
            return
        owner = self.server.owner
        if self.path == "/_sandbox/script":
            owner.script(*(body if isinstance(body, list) else [body]))
            self._json(200, owner.state())
        elif self.path == "/_sandbox/faults":
            owner.mode(body.get("item"), model=body.get("model", "*"))
            self._json(200, owner.state())
        elif self.path == "/_sandbox/reset":
            owner.reset()
            self._json(200, owner.state())
        elif self.path.endswith("/chat/completions"):
            self._chat(body)
        else:
            self._error(404, "not_found", f"no such path: {self.path}")

    def _chat(self, body: dict[str, Any]) -> None:
        if not isinstance(body.get("messages"), list) or not body["messages"] or not body.get("model"):
            self._error(400, "invalid_request_error", "model and messages are required")
            return
        owner = self.server.owner
        item = owner.next_item(body)
        owner.stopping.wait(item.get("seconds", owner.latency_s))
        if "status" in item:
            headers = {"Retry-After": str(item["retry_after"])} if "retry_after" in item else {}
            self._error(
                item["status"],
                item.get("code", "error"),
                item.get("message", "scripted error"),
                headers,
                item.get("param"),
            )
        elif item.get("fault") == "disconnect":
            self.close_connection = True
        elif item.get("fault") == "garbage":
            self._raw(200, b"<html>upstream said no</html>", "text/html")
        elif item.get("fault") == "huge":
            self._huge(body)
        elif body.get("stream"):
            self._stream(body, item)
        else:
            self._whole(body, item)

    def _text(self, body: dict[str, Any], item: dict[str, Any]) -> str:
        if item.get("fault") in TEXT_FAULTS:
            return TEXT_FAULTS[item["fault"]]
        if "json" in item:
            return json.dumps(item["json"])
        return (
            str(item["text"])
            if "text" in item
            else replies.default_text(body, judge_score=self.server.owner.judge_score)
        )

    def _usage(self, body: dict[str, Any], item: dict[str, Any], text: str) -> Any:
        told = item.get("usage", True)
        if told is True:
            return replies.usage(body, text, cached=item.get("cached", 0), reasoning=item.get("reasoning", 0))
        return told or None

    def _whole(self, body: dict[str, Any], item: dict[str, Any]) -> None:
        text = self._text(body, item)
        if item.get("fault") == "stall":
            self._head(200, "application/json", {"Content-Length": "100000"})
            self._send(b'{"id": "chatcmpl-test", ')
            self.server.owner.stopping.wait(STALL_S)
            self.close_connection = True
            return
        finish = None if item.get("fault") == "truncate" else item.get("finish_reason", "stop")
        message = {"role": "assistant", "content": text, "refusal": item.get("refusal")}
        self._json(200, {
            "id": "chatcmpl-test", "object": "chat.completion", "created": int(time.time()), "model": body["model"],
            "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
            "usage": self._usage(body, item, text),
        })  # fmt: skip

    def _stream(self, body: dict[str, Any], item: dict[str, Any]) -> None:
        text = self._text(body, item)
        self._head(200, "text/event-stream", {"Connection": "close"})
        self.close_connection = True
        pieces = [text[start : start + 12] for start in range(0, len(text), 12)]
        if item.get("fault") in ("stall", "truncate"):
            pieces = pieces[: max(1, len(pieces) // 2)]
        for piece in pieces:
            self._chunk(body, {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]})
        if item.get("fault") == "stall":
            self.server.owner.stopping.wait(STALL_S)
            return
        if item.get("fault") == "truncate":
            return
        self._chunk(body, {"choices": [{"index": 0, "delta": {}, "finish_reason": item.get("finish_reason", "stop")}]})
        usage = self._usage(body, item, text)
        if usage and (body.get("stream_options") or {}).get("include_usage"):
            self._chunk(body, {"choices": [], "usage": usage})
        self._send(b"data: [DONE]\n\n")

    def _chunk(self, body: dict[str, Any], part: dict[str, Any]) -> None:
        chunk = {"id": "chatcmpl-test", "object": "chat.completion.chunk", "created": 0, "model": body["model"], **part}
        self._send(b"data: " + json.dumps(chunk).encode() + b"\n\n")

    def _huge(self, body: dict[str, Any]) -> None:
        if body.get("stream"):
            self._head(200, "text/event-stream", {"Connection": "close"})
            self.close_connection = True
            for _ in range(HUGE_BYTES // 65_536):
                self._chunk(
                    body, {"choices": [{"index": 0, "delta": {"content": "x" * 65_000}, "finish_reason": None}]}
                )
            return
        self._head(200, "application/json", {"Content-Length": str(HUGE_BYTES)})
        self._send(b'{"id": "x", "choices": [{"message": {"role": "assistant", "content": "')
        for _ in range(HUGE_BYTES // 65_536):
            self._send(b"x" * 65_536)
        self.close_connection = True

    def _error(
        self, status: int, code: str, message: str, headers: dict[str, str] | None = None, param: str | None = None
    ) -> None:
        self._json(status, {"error": {"message": message, "type": code, "param": param, "code": code}}, headers)

    def _json(self, status: int, value: Any, headers: dict[str, str] | None = None) -> None:
        self._raw(status, json.dumps(value).encode(), "application/json", headers)

    def _raw(self, status: int, payload: bytes, kind: str, headers: dict[str, str] | None = None) -> None:
        self._head(status, kind, {"Content-Length": str(len(payload)), **(headers or {})})
        self._send(payload)

    def _head(self, status: int, kind: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("x-request-id", f"req_{self.server.owner.counters['requests']}")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, payload: bytes) -> None:
        try:
            self.wfile.write(payload)
            self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
            raise
