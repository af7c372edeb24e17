"""How each SDK is made to speak through a ``Wire``. SDKs are imported when an action runs, never when the product starts.

| SDK | its HTTP | the hook used |
|---|---|---|
| slack-sdk | urllib | ``WebClient`` subclass, the one method that opens a request |
| PyGithub | requests | ``Requester.injectConnectionClasses`` (whole process; the wire is the running action's) |
| pyairtable, stripe, authlib | requests | an adapter mounted on the session they are given |
| resend | requests | ``resend.default_http_client`` (whole process; key and address are the running action's) |
| google-api-python-client | httplib2 | the ``http`` argument |
| hubspot-api-client | urllib3 | the pool of its REST client |
| boto3 | urllib3 | the ``before-send`` event, whose answer replaces the call |
| python-telegram-bot | httpx, async | its ``BaseRequest`` interface |
| smtplib | socket | ``outbound.open_socket`` in place of its own |
"""

from __future__ import annotations

import io
from typing import Any

from apps.connectors.wire import Answer, Wire
from apps.core.outbound.sessions import lead_through, plain_body


def requests_session(wire: Wire) -> Any:
    """A ``requests.Session`` whose every request goes through the wire."""
    import requests

    session = requests.Session()
    mount(session, wire)
    return session


def mount(session: Any, wire: Wire) -> None:
    """Lead an existing ``requests.Session`` (or a subclass) through the wire; environment, proxies and ``.netrc`` do not count."""
    lead_through(session, wire.send)


class Httplib2Shape:
    """What google-api-python-client asks of ``httplib2.Http``; adds the bearer token."""

    def __init__(self, wire: Wire, token: str) -> None:
        self._wire = wire
        self._token = token

    def request(
        self, uri: str, method: str = "GET", body: Any = None, headers: Any = None, **_options: Any
    ) -> tuple[Any, bytes]:
        """Send, and answer as httplib2 would."""
        import httplib2

        sent = {**(headers or {}), "authorization": f"Bearer {self._token}"}
        answer = self._wire.send(method, uri, headers=sent, content=plain_body(body))
        response = httplib2.Response({name.lower(): value for name, value in answer.headers.items()})
        response.status = answer.status
        return response, answer.content

    def close(self) -> None:
        """Connections are pooled per process."""


class Urllib3Shape:
    """What OpenAPI-generated clients ask of ``urllib3.PoolManager``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def request(
        self, method: str, url: str, *, body: Any = None, headers: Any = None, fields: Any = None, **_options: Any
    ) -> Any:
        """Send, and answer as urllib3 would. ``fields`` are query parameters of reads."""
        if fields:
            from urllib.parse import urlencode

            url = f"{url}{'&' if '?' in url else '?'}{urlencode(fields, doseq=True)}"
        return _Urllib3Answer(self._wire.send(method, url, headers=headers, content=plain_body(body)))


class _Urllib3Answer:
    def __init__(self, answer: Answer) -> None:
        self.status, self.reason, self.data, self.headers = answer.status, "", answer.content, answer.headers

    def getheaders(self) -> dict[str, str]:
        """All headers."""
        return dict(self.headers.items())

    def getheader(self, name: str, default: str | None = None) -> str | None:
        """One header."""
        found: str | None = self.headers.get(name, default)
        return found


class BotocoreHook:
    """A ``before-send`` handler: its answer takes the place of botocore's own call."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def __call__(self, request: Any, **_context: Any) -> Any:
        """Send an ``AWSPreparedRequest``."""
        from botocore.awsrequest import AWSResponse

        answer = self._wire.send(request.method, request.url, headers=request.headers, content=plain_body(request.body))
        return AWSResponse(request.url, answer.status, dict(answer.headers.items()), _Raw(answer.content))


class _Raw(io.BytesIO):
    def stream(self, amount: int = 65_536, **_options: Any) -> Any:
        """The body in pieces."""
        while piece := self.read(amount):
            yield piece
