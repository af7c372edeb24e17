"""An address of the web that says what it was sent."""

import json
from typing import Any

from tests.servers.services.base import Request, Service


class Echo(Service):
    """``/keyed`` carries out one Idempotency-Key once; ``/big`` answers two million bytes; ``/leave`` redirects."""

    def reset(self) -> None:
        self.done: dict[str, int] = {}

    def admit(self, request: Request) -> None:
        """Anybody."""

    def answer(self, request: Request) -> Any:
        if request.path == "/big":
            return 200, {"Content-Type": "text/plain"}, b"x" * 2_000_000
        if request.path == "/leave":
            return 302, {"Location": "http://169.254.169.254/"}, b""
        if request.path == "/text":
            return 200, {"Content-Type": "text/plain", "Set-Cookie": "secret=1"}, "grüß".encode()
        if request.path == "/keyed":
            key = str(request.headers.get("Idempotency-Key"))
            self.done[key] = self.done.get(key, 0) + (key not in self.done)
            return {"times": self.done[key]}
        try:
            body: Any = json.loads(request.raw)
        except ValueError:
            body = request.raw.decode()
        return {"method": request.method, "path": request.path, "query": request.query, "body": body,
                "headers": {name.lower(): value for name, value in request.headers.items()}}  # fmt: skip
