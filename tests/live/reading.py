"""A client of the events process: raw sockets, so that slow and rude readers can be played."""

import json
import socket
import subprocess
import time
import urllib.request
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from apps.live.tickets import Ticket, sign


@dataclass
class Event:
    """One server-sent event."""

    id: int
    kind: str
    data: dict[str, Any]


class Stream:
    """One open stream."""

    def __init__(self, port: int, request: str, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(10)
        self.buffer, self.text = b"", ""
        try:
            self.socket.connect(("127.0.0.1", port))
            self.socket.sendall(request.encode())
            self.head = self._until(b"\r\n\r\n").decode()
            self.status = int(self.head.split()[1])
        except BaseException:
            self.socket.close()
            raise

    def _until(self, mark: bytes) -> bytes:
        while mark not in self.buffer:
            piece = self.socket.recv(65536)
            if not piece:
                break
            self.buffer += piece
        found, _mark, self.buffer = self.buffer.partition(mark)
        return found

    def _piece(self) -> str:
        size = int(self._until(b"\r\n") or b"0", 16)
        while len(self.buffer) < size + 2:
            piece = self.socket.recv(65536)
            if not piece:
                break
            self.buffer += piece
        found, self.buffer = self.buffer[:size], self.buffer[size + 2 :]
        return found.decode()

    def next(self, *, within_s: float = 10) -> Event | None:
        """The next event; None when the server closed the stream or nothing came in time."""
        until = time.monotonic() + within_s
        while True:
            while "\n\n" in self.text:
                block, self.text = self.text.split("\n\n", 1)
                fields = dict(
                    line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":")
                )
                if "event" in fields:
                    return Event(int(fields.get("id", 0)), fields["event"], json.loads(fields["data"]))
            self.socket.settimeout(max(0.01, until - time.monotonic()))
            try:
                piece = self._piece()
            except TimeoutError:
                return None
            if not piece:
                return None
            self.text += piece

    def close(self) -> None:
        """Leave without a word, as a browser does."""
        self.socket.close()


@dataclass
class Server:
    """The running process."""

    port: int
    pid: int
    process: subprocess.Popen[bytes]
    streams: list[Stream] = field(default_factory=list)

    def open(
        self,
        tenant_id: int = 1,
        *topics: str,
        after: int | None = None,
        last_event_id: int | None = None,
        user_id: int = 1,
        host: str = "acme.localhost",
        ticket: str | None = None,
        headers: str = "",
        receive_buffer: int | None = None,
    ) -> Stream:
        """Open a stream with a good ticket, or with the one given."""
        if ticket is None:
            ticket = sign(
                Ticket(tenant_id=tenant_id, epoch=1, user_id=user_id, host="acme.localhost", topics=topics or ("runs",))
            )
        query = f"ticket={quote(ticket)}" + ("" if after is None else f"&after={after}")
        extra = headers + ("" if last_event_id is None else f"Last-Event-ID: {last_event_id}\r\n")
        request = f"GET /events/?{query} HTTP/1.1\r\nHost: {host}:{self.port}\r\n{extra}\r\n"
        stream = Stream(self.port, request, receive_buffer=receive_buffer)
        self.streams.append(stream)
        return stream

    def health(self) -> dict[str, Any]:
        """What the process says about itself."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/events/healthz", timeout=5) as answer:
            return dict(json.load(answer))

    def wait_until_ready(self, *, within_s: float = 60) -> None:
        """Until it serves and has its database connection."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            with suppress(OSError):
                if self.health()["database"]:
                    return
            time.sleep(0.05)
        raise AssertionError("the events process is not ready")

    def wait_for_streams(self, count: int, *, within_s: float = 10) -> None:
        """Until so many streams are open."""
        until = time.monotonic() + within_s
        while self.health()["streams"] != count:
            assert time.monotonic() < until, self.health()
            time.sleep(0.05)

    def close(self) -> None:
        """Close what tests left open."""
        for stream in self.streams:
            stream.close()
        self.streams.clear()
