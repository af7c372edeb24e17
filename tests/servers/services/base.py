"""One outside service on a port of loopback: stateful, and misbehaving on command.

``service.faults.append({...})`` plans what the next matching requests meet: ``kind`` "status" (refused, nothing done), "status_after"
(done, then this answer), "drop" and "drop_after" (the connection breaks), "garbled", "html", "slow" and "slow_after" (``seconds``);
``status``, ``headers``, ``body`` say what is answered; ``match`` is a pattern for "METHOD path", ``times`` how often (default 1).
"""

import base64
import hashlib
import json
import re
import secrets
import socket
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

Json = Any
Reply = tuple[int, dict[str, str], Json]


class Drop(Exception):
    """Close the connection without an answer."""


class Refusal(Exception):
    """An answer that is an error of the service."""

    def __init__(self, status: int, body: Json, headers: dict[str, str] | None = None) -> None:
        super().__init__(str(status))
        self.status, self.body, self.headers = status, body, headers or {}


class Request:
    """One request as it arrived."""

    def __init__(self, method: str, target: str, headers: Any, raw: bytes) -> None:
        parts = urlsplit(target)
        self.method, self.path, self.raw, self.headers = method, unquote(parts.path), raw, headers
        self.query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        self.queries = parse_qs(parts.query, keep_blank_values=True)

    def json(self) -> Json:
        """The body as JSON."""
        try:
            return json.loads(self.raw or b"{}")
        except ValueError:
            raise Refusal(400, {"message": "Problems parsing JSON"}) from None

    def form(self) -> dict[str, str]:
        """The body as a form."""
        return {name: values[-1] for name, values in parse_qs(self.raw.decode(), keep_blank_values=True).items()}

    @property
    def bearer(self) -> str:
        """The token of the Authorization header."""
        return str(self.headers.get("Authorization", "")).partition(" ")[2].strip()


class Service:
    """Base of the services. ``with Slack() as slack: slack.url`` serves from a thread until the block ends."""

    token = "token-of-the-test"

    def __init__(self, *, port: int = 0) -> None:
        self.tokens = {self.token}
        self.faults: list[dict[str, Json]] = []
        self.log: list[Request] = []
        self.lock = threading.RLock()
        self.oauth = OAuthDesk(self)
        self._ids = 0
        self.http = _Server(("127.0.0.1", port), _Handler)
        self.http.service = self
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        self.address = self.url.removeprefix("http://")
        self.reset()

    def __enter__(self) -> Self:
        threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.http.shutdown()
        self.http.server_close()

    def reset(self) -> None:
        """Forget everything that was made here."""

    def answer(self, request: Request) -> Reply | Json:
        """The service's own answer; a plain value means status 200."""
        raise Refusal(404, {"message": "Not Found"})

    def admit(self, request: Request) -> None:
        """Refuse a request without a valid token."""
        if request.bearer not in self.tokens:
            raise Refusal(401, {"message": "Bad credentials"})

    def next_id(self) -> int:
        """1, 2, 3, ..."""
        self._ids += 1
        return self._ids

    @property
    def calls(self) -> list[str]:
        """ "METHOD path" of every request so far."""
        return [f"{one.method} {one.path}" for one in self.log]

    def call(self, request: Request) -> tuple[int, dict[str, str], bytes]:
        """One request through the planned faults to its answer."""
        fault = self._fault(request)
        kind = fault.get("kind", "")
        self.log.append(request)
        if kind == "drop":
            raise Drop
        if kind == "slow":
            time.sleep(float(fault.get("seconds", 1)))
        if kind == "status":
            return _planned(fault)
        try:
            with self.lock:
                found = self.oauth.answer(request)
                if found is None:
                    self.admit(request)
                    found = self.answer(request)
            status, headers, body = found if isinstance(found, tuple) else (200, {}, found)
        except Refusal as refusal:
            status, headers, body = refusal.status, refusal.headers, refusal.body
        if kind == "drop_after":
            raise Drop
        if kind == "slow_after":
            time.sleep(float(fault.get("seconds", 1)))
        if kind == "status_after":
            return _planned(fault)
        if kind == "garbled":
            return 200, {"Content-Type": "application/json"}, b'{"ok": tru'
        if kind == "html":
            return 200, {"Content-Type": "text/html"}, b"<html>A proxy says hello</html>"
        return status, headers, body if isinstance(body, bytes) else json.dumps(body).encode()

    def _fault(self, request: Request) -> dict[str, Json]:
        for fault in self.faults:
            if re.search(fault.get("match", ""), f"{request.method} {request.path}"):
                fault["times"] = fault.get("times", 1) - 1
                if fault["times"] <= 0:
                    self.faults.remove(fault)
                return fault
        return {}


class OAuthDesk:
    """The sign-in desk of a service: code flow with PKCE, tokens that end, refresh tokens that work once, revocation.

    A refresh token that comes a second time revokes its whole family, as RFC 9700 4.14.2 asks.
    """

    def __init__(self, service: Service) -> None:
        self.service = service
        self.paths: dict[str, str] = {}
        self.client_id, self.client_secret = "client-of-the-test", "a client secret of the test"
        self.codes: dict[str, dict[str, str]] = {}
        self.families: dict[str, str] = {}
        self.dead: set[str] = set()
        self.asked: list[dict[str, str]] = []
        self.expires_in: int | None = 3600
        self.rotates = True
        self.refuses = ""
        self.refreshes = 0
        self.shape: Any = lambda answer: answer

    def answer(self, request: Request) -> Reply | None:
        """A page of the desk, or None when the request is for the service itself."""
        match self.paths.get(request.path):
            case "authorize":
                return 302, {"Location": self.authorize(request.query)}, b""
            case "token":
                return self._token(request)
            case "revoke":
                self.dead.add(self.families.get(request.form().get("token") or request.query.get("token", ""), ""))
                return 200, {}, {}
        return None

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser goes after a person said yes (or no)."""
        self.asked.append(query)
        back = {"state": query.get("state", "")}
        if self.refuses:
            back |= {"error": self.refuses}
        else:
            code = secrets.token_urlsafe(12)
            self.codes[code] = query
            back |= {"code": code}
        return f"{query['redirect_uri']}?{urlencode(back)}"

    def _token(self, request: Request) -> Reply:
        form = request.form()
        client = (form.get("client_id", ""), form.get("client_secret", ""))
        header = str(request.headers.get("Authorization", ""))
        if header.startswith("Basic "):
            pair = base64.b64decode(header[6:]).decode().split(":", 1)
            client = (unquote(pair[0]), unquote(pair[1]))
        if client != (self.client_id, self.client_secret):
            return 401, {}, {"error": "invalid_client"}
        if form.get("grant_type") == "authorization_code":
            return self._first(form)
        return self._again(form)

    def _first(self, form: dict[str, str]) -> Reply:
        asked = self.codes.pop(form.get("code", ""), None)
        if asked is None or form.get("redirect_uri") != asked["redirect_uri"]:
            return 400, {}, {"error": "invalid_grant"}
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if "code_challenge" in asked and asked["code_challenge"] != challenge:
            return 400, {}, {"error": "invalid_grant", "error_description": "code verifier does not match"}
        return self._issue(secrets.token_urlsafe(6), scope=asked.get("scope", ""))

    def _again(self, form: dict[str, str]) -> Reply:
        used = form.get("refresh_token", "")
        family = self.families.get(used)
        if family is None or family in self.dead:
            return 400, {}, {"error": "invalid_grant"}
        if used not in self.live:
            self.dead.add(family)
            return 400, {}, {"error": "invalid_grant", "error_description": "refresh token was used before"}
        if self.rotates:
            self.live.discard(used)
        self.refreshes += 1
        return self._issue(family, keep="" if self.rotates else used)

    live: set[str]

    def _issue(self, family: str, *, keep: str = "", scope: str = "") -> Reply:
        access = f"access-{secrets.token_urlsafe(12)}"
        refresh = keep or f"refresh-{secrets.token_urlsafe(12)}"
        self.live = getattr(self, "live", set()) | {refresh}
        self.families |= {access: family, refresh: family}
        self.service.tokens.add(access)
        answer: dict[str, Json] = {"access_token": access, "token_type": "bearer", "scope": scope}
        if self.expires_in is not None:
            answer |= {"refresh_token": refresh, "expires_in": self.expires_in}
        return 200, {}, self.shape(answer)

    def revoke_all(self) -> None:
        """The person takes the access back on the service's own pages."""
        self.dead |= set(self.families.values())
        self.service.tokens -= set(self.families)


def _planned(fault: dict[str, Json]) -> tuple[int, dict[str, str], bytes]:
    body = fault.get("body", {"message": "planned"})
    return (
        int(fault["status"]),
        dict(fault.get("headers", {})),
        body if isinstance(body, bytes) else json.dumps(body).encode(),
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    service: Service


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def _serve(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length) if length else b""
        try:
            status, headers, payload = self.server.service.call(Request(self.command, self.path, self.headers, raw))
        except Drop:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response_only(status)
        self.send_header("Date", formatdate(usegmt=True))
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _serve  # noqa: N815

    def log_message(self, *_args: object) -> None:
        """Quiet."""
