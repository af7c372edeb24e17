"""A mail server on a port of loopback: aiosmtpd, which keeps what it takes and refuses on command."""

import contextlib
import email
import socket
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

PASSWORD = "right password"


class MailServer:
    """Takes mails. ``answers`` are what it says to the next ones instead, ``refused`` what it says to addresses; ``vanish`` breaks
    the connection after the content, ``hang_up`` before."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.answers: list[str] = []
        self.refused: dict[str, str] = {}
        self.vanish = self.hang_up = False
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.controller = Controller(
            self,
            hostname="127.0.0.1",
            port=self.port,
            auth_require_tls=False,
            authenticator=self.authenticate,
            decode_data=False,
        )
        self.controller.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Nobody answers any more; a second call changes nothing."""
        with contextlib.suppress(RuntimeError):  # somebody stopped it already
            self.controller.stop(no_assert=True)

    def values(self, **more: str) -> dict[str, str]:
        """What a connection to it is made of."""
        return {"host": "127.0.0.1", "port": str(self.port), "security": "none", "user": "acme", "password": PASSWORD,
                "sender": "hello@acme.example", **more}  # fmt: skip

    def authenticate(
        self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: LoginPassword
    ) -> AuthResult:
        return AuthResult(success=data.password == PASSWORD.encode(), handled=False)

    async def handle_MAIL(self, server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if self.hang_up:
            server.transport.close()
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, _session: Any, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.kept.append((envelope.rcpt_tos, email.message_from_bytes(envelope.content)))
        if self.vanish:
            server.transport.close()
        return "250 taken"
