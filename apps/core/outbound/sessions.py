"""Sessions of the ``requests`` library that go out by the guarded way, for libraries that insist on it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol

from apps.core.outbound.clients import MAX_BYTES, client


class Answered(Protocol):
    """A complete answer: ``headers`` compare without regard to case."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def content(self) -> bytes: ...


Send = Callable[..., Answered]
OWN_HEADERS = frozenset({"content-length", "transfer-encoding", "connection", "accept-encoding", "host"})


def guarded_session(*, purpose: str, timeout: float = 30, user_given: bool = True, max_bytes: int = MAX_BYTES) -> Any:
    """A ``requests.Session`` under the rules of ``client``: it raises ``OutboundRefused`` or ``OutboundFailed``.

    A redirect is not followed: it ends in requests' ``TooManyRedirects``.
    """
    import requests

    def send(method: str, url: str, *, headers: Mapping[str, str], content: bytes | str | None) -> Answered:
        plain = {name: value for name, value in headers.items() if name.lower() not in OWN_HEADERS}
        with client(purpose=purpose, timeout=timeout, user_given=user_given, max_bytes=max_bytes) as http:
            found = http.request(method, url, headers=plain, content=content)
        return _Answer(found.status_code, found.headers, found.content)

    session = requests.Session()
    session.max_redirects = 0
    lead_through(session, send)
    return session


class _Answer:
    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status, self.headers, self.content = status, headers, content


def lead_through(session: Any, send: Send) -> None:
    """Have every request of a ``requests.Session`` made by ``send``; environment, proxies and ``.netrc`` do not count."""
    session.trust_env = False
    adapter = _adapter_class()(send)
    session.mount("https://", adapter)
    session.mount("http://", adapter)


def plain_body(body: Any) -> bytes | str | None:
    """A request's body in one piece, whatever form a library gave it."""
    if body is None or isinstance(body, bytes | str):
        return body
    if hasattr(body, "read"):
        return bytes(body.read())
    return b"".join(part if isinstance(part, bytes) else str(part).encode() for part in body)


@cache
def _adapter_class() -> Any:
    import requests

    class Adapter(requests.adapters.BaseAdapter):
        """A transport of requests that hands everything to a function."""

        def __init__(self, send: Send) -> None:
            super().__init__()
            self._send = send

        def send(self, request: Any, *_arguments: Any, **_options: Any) -> Any:
            """Send a prepared request; limits of time and size are the sender's."""
            content = plain_body(request.body)
            answer = self._send(request.method, request.url, headers=request.headers, content=content)
            response = requests.Response()
            response.status_code = answer.status
            response.headers = requests.structures.CaseInsensitiveDict(answer.headers.items())
            response.encoding = requests.utils.get_encoding_from_headers(response.headers)
            response._content = answer.content
            response.raw = io.BytesIO(answer.content)
            response.url, response.request, response.reason = request.url, request, ""
            return response

        def close(self) -> None:
            """Connections are pooled per process."""

    return Adapter
