"""A mail through any SMTP server (RFC 5321, submission by RFC 6409, TLS by RFC 8314), by the standard library's client."""

import smtplib
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.utils.translation import gettext as _

from apps.connectors.contracts import ActionCall
from apps.connectors.errors import AccessMissing, CredentialsRefused, RateLimited, RemoteRefused
from apps.connectors.providers.mail.message import compose, recipients
from apps.core import outbound
from apps.core.errors import InvalidInput, PlatformError
from apps.core.redaction import redact_text

PORTS = frozenset({465, 587, 2525, 25})
BUSY_S = 60.0
LATER = frozenset({421, 450, 451, 452, 454})


def check(call: ActionCall) -> Mapping[str, str]:
    """Log in and out again."""
    values = call.credentials
    if "@" not in values.get("sender", ""):
        raise InvalidInput(fields={"sender": _("Write the address mails are sent from.")})
    with _session(call):
        pass
    return {"account_id": f"{values.get('user', '')}@{values['host']}:{values['port']}/{values['sender']}",
            "account_name": values["sender"]}  # fmt: skip


def send(call: ActionCall) -> Mapping[str, Any]:
    """Hand one mail over. Once its content was sent, a lost answer leaves the outcome unknown: SMTP has no way to ask."""
    message = compose(call.inputs, sender=call.credentials["sender"], key=call.key)
    people = recipients(call.inputs)
    with _session(call) as server:
        refused = server.send_message(message, to_addrs=people)
    if refused:
        words = "; ".join(f"{address}: {code}" for address, (code, _text) in refused.items())
        raise RemoteRefused(reason=redact_text(words)[:300])
    return {"id": str(message["Message-ID"]), "to": people}


@contextmanager
def _session(call: ActionCall) -> Iterator[Any]:
    values = call.credentials
    port = _port(values.get("port", ""))
    sent = _Progress()
    try:
        server = _server(call, values["host"], port, sent)
        try:
            if values.get("user"):
                server.login(values["user"], values.get("password", ""))
            yield server
        finally:
            _leave(server)
    except outbound.OutboundFailed as error:
        raise call.wire.down(f"mail: {error.detail}", sent=False) from error
    except PlatformError:
        raise
    except smtplib.SMTPAuthenticationError as error:
        raise CredentialsRefused(detail=f"mail: {error.smtp_code}") from error
    except smtplib.SMTPRecipientsRefused as error:
        code = next((answer[0] for answer in error.recipients.values()), 550)
        raise _refusal(code, ", ".join(error.recipients)) from error
    except smtplib.SMTPResponseException as error:
        words = (
            error.smtp_error.decode("utf-8", "replace")
            if isinstance(error.smtp_error, bytes)
            else str(error.smtp_error)
        )
        raise _refusal(error.smtp_code, words) from error
    except smtplib.SMTPNotSupportedError as error:
        raise RemoteRefused(reason=redact_text(str(error))[:300]) from error
    except (OSError, smtplib.SMTPException, EOFError) as error:
        raise call.wire.down(f"mail: {type(error).__name__}", sent=sent.data) from error


class _Progress:
    data = False


def _server(call: ActionCall, host: str, port: int, sent: _Progress) -> smtplib.SMTP:
    """Connected to a checked address, encrypted unless the operator's own server is on this machine."""

    class Guarded(smtplib.SMTP):
        """Connects only where the guard lets it; the certificate is checked against the name a person typed."""

        def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
            wrapped = outbound.open_socket(
                host, port, ports=PORTS, timeout=timeout, user_given=not call.operator, resolver=call.wire.resolver
            )
            wrapped.settimeout(timeout)
            if port == 465:
                return ssl.create_default_context().wrap_socket(wrapped, server_hostname=host)
            return wrapped

        def data(self, msg: Any) -> Any:
            """The content goes out: from here on a silence says nothing."""
            sent.data = True
            answer = super().data(msg)
            sent.data = False
            return answer

    server = Guarded(timeout=min(call.timeout_s, 30))
    server._host = host  # type: ignore[attr-defined]
    code, words = server.connect(host, port)
    if code != 220:
        raise smtplib.SMTPConnectError(code, words)
    server.ehlo()
    if port != 465 and call.credentials.get("security", "tls") == "tls":
        server.starttls(context=ssl.create_default_context())
        server.ehlo()
    return server


def _leave(server: smtplib.SMTP) -> None:
    try:
        server.quit()
    except (OSError, smtplib.SMTPException):
        server.close()


def _refusal(code: int, words: str) -> PlatformError:
    """SMTP's own verdicts are certain: nothing was taken over (RFC 5321 4.2.1)."""
    reason = redact_text(words)[:300]
    if code in LATER or 400 <= code < 500:
        return RateLimited(detail=f"mail: {code} {reason}", retry_after=BUSY_S)
    if code in (530, 534, 535, 538):
        return CredentialsRefused(detail=f"mail: {code}")
    if code == 550 and "relay" in reason.lower():
        return AccessMissing(_("The mail server does not send for this account: %(reason)s"), reason=reason)
    return RemoteRefused(detail=f"mail: {code}", reason=f"{code} {reason}")


def _port(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65_536:
        raise InvalidInput(fields={"port": _("Write a port number, usually 587 or 465.")})
    return int(text)
