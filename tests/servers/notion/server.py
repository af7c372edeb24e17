"""The HTTP server: authentication, version, budgets and faults around the endpoints, and the controls of the sandbox."""

import json
import socket
import threading
import time
from collections import deque
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.servers.notion import api, control, ui
from tests.servers.notion.budget import Budget
from tests.servers.notion.clock import Clock
from tests.servers.notion.faults import Fault, Faults, spoil, tamper
from tests.servers.notion.problems import Problem
from tests.servers.notion.store import PARENT_PAGE_ID, Store
from tests.servers.notion.webhooks import Webhooks

__all__ = ["PARENT_PAGE_ID", "TOKEN", "NotionServer"]

TOKEN = "secret_sandbox"
VERSIONS = ("2022-06-28", "2025-09-03", "2026-03-11")
BODY_BYTES = 500 * 1024
Json = Any


class Drop(Exception):
    """Close the connection without an answer."""


class NotionServer:
    """The whole sandbox. ``with NotionServer() as notion: notion.url`` serves from a thread until the block ends."""

    def __init__(
        self,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        per_connection: int = 180,
        per_workspace: int = 600,
        state_file: Path | None = None,
        seed: int = 7,
    ) -> None:
        self.clock = Clock()
        self.store = Store(clock=self.clock, seed=seed)
        self.budget = Budget(clock=self.clock, per_connection=per_connection, per_workspace=per_workspace)
        self.faults = Faults()
        self.webhooks = Webhooks(self.store)
        self.store.on_event = self.webhooks.announce
        self.tokens = {TOKEN}
        self.log: deque[dict[str, Json]] = deque(maxlen=2000)
        self.on_answer: Any = None
        self.state_file = state_file
        if state_file and state_file.exists():
            self.store.load(json.loads(state_file.read_text()))
        self.http = _Server((host, port), _Handler)
        self.http.notion = self
        self.url = f"http://{host}:{self.http.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        threading.Thread(target=self.webhooks.run, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.webhooks.stop()
        self.http.shutdown()
        self.http.server_close()
        self.save()

    def save(self) -> None:
        """Write the state file, when there is one."""
        if self.state_file:
            with self.store.lock:
                text = json.dumps(self.store.dump())
            draft = self.state_file.with_suffix(".new")
            draft.write_text(text)
            draft.replace(self.state_file)

    def call(
        self, method: str, path: str, query: dict[str, list[str]], headers: Any, raw: bytes
    ) -> tuple[int, dict[str, str], bytes]:
        """One protocol request to its answer. Raises Drop when a fault closes the connection."""
        fault = self.faults.pick(method, path)
        kind = fault.kind if fault else ""
        request_id = self.store.new_id()
        headers_out: dict[str, str] = {"x-notion-request-id": request_id}
        body: Json = None
        try:
            self._admit(headers)
            body = _parse(raw)
            self._before(fault)
            if fault and kind == "body":
                answer = fault.extra["body"]
            else:
                with self.store.lock:
                    answer = json.loads(json.dumps(api.answer(self.store, method, path, query, body)))
            answer = self._after(fault, answer)
            status = 200
        except Problem as problem:
            status, answer = problem.status, problem.body(request_id=request_id)
            headers_out.update(problem.headers)
        if isinstance(answer, dict) and answer.get("object") != "error":
            answer = {**answer, "request_id": request_id}
        if self.on_answer:
            self.on_answer(method, path, body, status, answer)
        payload, content_type = json.dumps(answer).encode(), "application/json; charset=utf-8"
        if fault and kind in ("truncated", "garbled", "html", "empty", "huge", "wrong_json"):
            payload, content_type = spoil(kind, payload, fault.extra)
        self.log.append(
            {"at": self.clock.now(), "method": method, "path": path, "status": status, "fault": kind, "body": body}
        )
        return status, {**headers_out, "Content-Type": content_type}, payload

    def _admit(self, headers: Any) -> None:
        token = str(headers.get("Authorization", "")).removeprefix("Bearer ").strip()
        if token not in self.tokens and not self._of_a_page(token):
            raise Problem(401, "unauthorized", "API token is invalid.")
        version = headers.get("Notion-Version")
        if not version:
            raise Problem(
                400,
                "missing_version",
                "Notion-Version header failed validation: Notion-Version header should be "
                "defined, instead was `undefined`.",
            )
        if version not in VERSIONS:
            raise Problem(400, "validation_error", f"Notion-Version header should be one of {', '.join(VERSIONS)}.")
        with self.store.lock:
            self.budget.spend(token)

    def _of_a_page(self, token: str) -> bool:
        with self.store.lock:
            return bool(token) and any(page.get("token") == token for page in self.store.pages.values())

    @staticmethod
    def _before(fault: Fault | None) -> None:
        if fault is None:
            return
        if fault.kind == "status":
            raise fault.problem()
        if fault.kind == "drop":
            raise Drop
        if fault.kind == "slow":
            time.sleep(float(fault.extra.get("seconds", 1)))

    @staticmethod
    def _after(fault: Fault | None, answer: Json) -> Json:
        if fault is None:
            return answer
        if fault.kind == "status_after":
            raise fault.problem()
        if fault.kind == "drop_after":
            raise Drop
        if fault.kind == "slow_after":
            time.sleep(float(fault.extra.get("seconds", 1)))
        if fault.kind == "committed":
            raise Problem(
                503,
                "service_unavailable",
                "The write was committed, but the answer could not be read.",
                additional_data={"retry_guidance": "read_before_retry", "committed_resource_id": answer.get("id")},
            )
        if fault.kind == "properties":
            return tamper(answer, fault.extra["set"])
        return answer


def _parse(raw: bytes) -> dict[str, Json]:
    if len(raw) > BODY_BYTES:
        raise Problem(413, "validation_error", f"body failed validation: body.length should be ≤ `{BODY_BYTES}` bytes.")
    if not raw:
        return {}
    try:
        body = json.loads(raw)
    except ValueError:
        raise Problem(400, "invalid_json", "Error parsing JSON body.") from None
    if not isinstance(body, dict):
        raise Problem(400, "invalid_json", "Error parsing JSON body: not an object.")
    return body


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    notion: NotionServer


class _Handler(BaseHTTPRequestHandler):
    """Reads one request, writes one answer; keeps the connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _serve(self) -> None:
        notion = self.server.notion
        parts = urlsplit(self.path)
        path, query = unquote(parts.path), parse_qs(parts.query)
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length) if length else b""
        try:
            if path.startswith("/v1/"):
                status, headers, payload = notion.call(self.command, path, query, self.headers, raw)
            elif path.startswith("/_sandbox/"):
                status, headers, payload = control.answer(notion, self.command, path, query, raw)
            else:
                status, headers, payload = ui.answer(notion, self.command, path, query, raw)
        except Drop:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response_only(status)
        self.send_header("Date", formatdate(notion.clock.now(), usegmt=True))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    do_GET = do_POST = do_PATCH = do_DELETE = _serve  # noqa: N815 - names given by http.server

    def log_message(self, *_args: object) -> None:
        """Quiet."""
