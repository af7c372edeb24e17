"""The events process: a small ASGI application that carries changes to open pages as server-sent events.

It knows no sessions, templates or models: a ticket says who may hear what (``tickets``), one connection brings what changed
(``source``), the rest is memory (``hub``). ``GET /events/?ticket=...&after=<id>`` is a stream, ``GET /events/healthz`` its health.
"""

import asyncio
import contextlib
import json
import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from apps.live.contracts import Change
from apps.live.errors import TicketRefused
from apps.live.hub import MAX_PER_PERSON, MAX_STREAMS, Hub, Listener, as_event
from apps.live.source import Source
from apps.live.tickets import Ticket, read

logger = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

STREAM_FOR_S = 300.0
KEEP_ALIVE_S = 15.0
SEND_WITHIN_S = 20.0
REPLAY_WITHIN_S = 5.0
GATHER_S = 0.05
OPENING = b"retry: 2000\n: open\n\n"
RESET = "event: reset\ndata: {}\n\n"
RENEW = b"event: renew\ndata: {}\n\n"


class Streams:
    """The application. ``dsn`` are the arguments of ``psycopg2.connect``."""

    def __init__(self, *, dsn: dict[str, Any], stream_for_s: float = STREAM_FOR_S) -> None:
        self._dsn, self._stream_for_s = dsn, stream_for_s
        self.hub = Hub()
        self.source: Source | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI 3."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                self.source = Source(
                    dsn=self._dsn,
                    loop=asyncio.get_running_loop(),
                    begin=self.hub.begin_at,
                    publish=self.hub.publish,
                )
                self.source.start()
                await send({"type": "lifespan.startup.complete"})
            elif message["type"] == "lifespan.shutdown":
                if self.source is not None:
                    await asyncio.to_thread(self.source.stop)
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/events/healthz":
            ready = self.source is not None and self.source.connected
            await _answer(send, 200 if ready else 503, {"database": ready, "streams": len(self.hub)})
            return
        if scope["path"] != "/events/":
            await _answer(send, 404, {"code": "not_found"})
            return
        if scope["method"] != "GET":
            await _answer(send, 405, {"code": "method_not_allowed"})
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        host = _host_name(headers.get("host", ""))
        origin = headers.get("origin", "")
        asked = parse_qs(scope["query_string"].decode("latin-1"))
        try:
            ticket = read(asked.get("ticket", [""])[0], host=host)
            if origin and urlsplit(origin).hostname != host:
                raise TicketRefused(detail="another origin")
        except (TicketRefused, ValueError):
            await _answer(send, 403, {"code": TicketRefused.code})
            return
        if self.source is None or not self.source.connected or len(self.hub) >= MAX_STREAMS:
            await _answer(send, 503, {"code": "unavailable"}, origin)
            return
        if self.hub.of_person(ticket.user_id) >= MAX_PER_PERSON:
            await _answer(send, 429, {"code": "too_many_streams"}, origin)
            return
        after = _number(headers.get("last-event-id") or asked.get("after", [""])[0])
        await self._stream(ticket, after, origin, receive, send)

    async def _stream(self, ticket: Ticket, after: int | None, origin: str, receive: Receive, send: Send) -> None:
        listener = Listener(tenant_id=ticket.tenant_id, user_id=ticket.user_id, topics=ticket.topics, after=after or 0)
        self.hub.join(listener)
        gone = asyncio.ensure_future(_until_gone(receive))
        try:
            await send({"type": "http.response.start", "status": 200, "headers": _stream_headers(origin)})
            first = OPENING + await self._catch_up(listener, after)
            await _write(send, first)
            await self._carry(listener, gone, send)
        except (TimeoutError, OSError):
            logger.info("a stream that took nothing was closed", extra={"tenant": ticket.tenant_id})
        finally:
            self.hub.leave(listener)
            gone.cancel()

    async def _catch_up(self, listener: Listener, after: int | None) -> bytes:
        """Offer what happened between ``after`` and joining; the bytes that tell the page to look afresh where that is unknown."""
        if after is None or after >= listener.start:
            return b""
        if self.hub.remembers(after):
            missed = self.hub.recent(listener.tenant_id, after=after, until=listener.start)
        else:
            assert self.source is not None
            wish = self.source.replay(tenant_id=listener.tenant_id, after=after, until=listener.start)
            found: list[Change] | None = None
            with contextlib.suppress(TimeoutError):
                found = await asyncio.wait_for(wish, REPLAY_WITHIN_S)
            if found is None:
                return f"id: {listener.start}\n{RESET}".encode()
            missed = found
        for change in missed:
            listener.offer(change)
        return b""

    async def _carry(self, listener: Listener, gone: "asyncio.Future[None]", send: Send) -> None:
        clock = asyncio.get_running_loop().time
        until = clock() + self._stream_for_s
        while not gone.done():
            left = until - clock()
            if left <= 0:
                await _write(send, RENEW, last=True)
                return
            news = asyncio.ensure_future(listener.next(timeout_s=min(left, KEEP_ALIVE_S)))
            both: set[asyncio.Future[Any]] = {news, gone}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not news.done():
                news.cancel()
                return
            change = news.result()
            if change is not None:
                await _write(send, as_event(change))
                await asyncio.sleep(GATHER_S)
            elif until - clock() > 0:
                await _write(send, b": alive\n\n")


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, body: bytes, *, last: bool = False) -> None:
    """Send, but wait for a reader who takes nothing only so long. Raises ``TimeoutError``."""
    message = {"type": "http.response.body", "body": body, "more_body": not last}
    await asyncio.wait_for(send(message), SEND_WITHIN_S)


async def _answer(send: Send, status: int, body: dict[str, Any], origin: str = "") -> None:
    headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store"), *_allowed(origin)]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def _stream_headers(origin: str) -> list[tuple[bytes, bytes]]:
    return [
        (b"content-type", b"text/event-stream"),
        (b"cache-control", b"no-store, no-transform"),
        (b"x-accel-buffering", b"no"),
        (b"x-content-type-options", b"nosniff"),
        *_allowed(origin),
    ]


def _allowed(origin: str) -> list[tuple[bytes, bytes]]:
    """A page of the same host on another port may read the answer; cookies are never asked for."""
    return [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"origin")] if origin else []


def _host_name(host: str) -> str:
    """The name in a ``Host`` header, without port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else None
