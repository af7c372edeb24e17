"""A mail from the product's own mailer."""

import contextlib
import smtplib
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.message import sanitize_address
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from apps.accounts import facade as accounts
from apps.core.errors import InvalidInput
from apps.core.reach import Audience, Reach
from apps.tenants.contracts import TenantRef
from apps.tenants.facade import current_tenant
from apps.workflows.contracts import EffectFailed, RetryPolicy, StepContext, StepHandler, StepResult
from apps.workflows.core.taxonomy import FailureKind
from apps.workflows.enums import EffectClass

ADDRESS = {"type": "string", "format": "email", "maxLength": 254, "pattern": r"^[^@\s,;<>]+@[^@\s,;<>]+$"}
LINE = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^\r\n]*$"}


class SendMailStep(StepHandler):
    """Sends one mail. Plain SMTP knows neither keys nor look-ups, so a mail of unknown outcome is never sent again by itself.

    The outcome is unknown only between the first byte of the content and the server's word about it (RFC 5321 4.2.5); before
    and after, a broken connection or a refusal says for certain that nothing was taken.
    """

    type = "email.send"
    title = _("Send an e-mail from here")
    description = _(
        "Sends an e-mail from this product. To members of the workspace it goes at once; to others it waits for an approval."
    )
    category = "people"
    icon = "mail"
    effect = EffectClass.BLIND
    timeout_s = 30.0
    errors = (
        "mail_server_away", "mail_login_refused", "mail_impossible", "mail_without_subject", "recipient_refused", "mail_cut_off",
    )  # fmt: skip
    retry = RetryPolicy(max_attempts=5, base_s=5.0, cap_s=600.0)
    sensitive = {"to": "recipient", "reply_to": "recipient"}
    config_schema = {
        "type": "object",
        "required": ["to", "subject", "body"],
        "additionalProperties": False,
        "properties": {
            "to": {
                "type": "array",
                "minItems": 1,
                "maxItems": 20,
                "items": ADDRESS,
                "title": _("To"),
                "description": _("Addresses; all of them see each other."),
            },
            "subject": {**LINE, "title": _("Subject")},
            "body": {"type": "string", "minLength": 1, "maxLength": 100_000, "title": _("Text"), "format": "multiline"},
            "reply_to": {**ADDRESS, "title": _("Reply to")},
        },
    }
    output_schema = {
        "type": "object",
        "properties": {
            "sent": {"type": "integer", "title": _("Addresses the mail server took")},
            "refused": {"type": "array", "items": {"type": "string"}, "title": _("Addresses it refused")},
            "message_id": {"type": "string"},
        },
    }

    def prepare(self, ctx: StepContext) -> Mapping[str, Any]:
        if not ctx.config["subject"].strip():
            raise EffectFailed(FailureKind.PERMANENT, "mail_without_subject", "The subject is empty.")
        return _request(ctx.config, tenant=ctx.tenant)

    def editable(self, request: Mapping[str, Any]) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        value = {name: request[name] for name in ("to", "subject", "body")}
        return ({**value, "reply_to": request["reply_to"]} if request["reply_to"] else value), self.config_schema

    def edited(self, request: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
        if not value["subject"].strip():
            raise InvalidInput(fields={"value.subject": gettext("The subject is empty.")})
        return {**_request(value, tenant=current_tenant()), "sender": request["sender"]}

    def reach(self, request: Mapping[str, Any]) -> Reach:
        outside = request.get("outside", request.get("to", ()))
        return Reach(
            writes=True,
            audience=Audience.OUTSIDE if outside else Audience.WORKSPACE,
            recipients=tuple(request.get("to", ())),
            personal=bool(outside),
            objects=len(request.get("to", ())),
        )

    def perform(self, request: Mapping[str, Any], secrets: object, *, key: str, deadline: float) -> Mapping[str, Any]:
        message, message_id = _message(request, key)
        connection = get_connection(timeout=max(1, min(int(self.timeout_s), int(deadline - time.monotonic()))))
        try:
            _open(connection)
            refused = _hand_over(connection, message)
        finally:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                connection.close()
        return {"sent": len(request["to"]) - len(refused), "refused": refused, "message_id": message_id}

    def settle(self, ctx: StepContext, request: Mapping[str, Any], response: Mapping[str, Any]) -> StepResult:
        return StepResult(output=dict(response), summary=", ".join(request["to"])[:200])


def _request(given: Mapping[str, Any], *, tenant: TenantRef) -> dict[str, Any]:
    """The mail as it would be sent; ``outside`` are the addresses of people who are no members at this moment."""
    members = {row.user.email.lower() for row in accounts.list_members(tenant_id=tenant.id)}
    addresses = list(dict.fromkeys(address.strip() for address in given["to"]))
    return {
        "to": addresses,
        "outside": [address for address in addresses if address.lower() not in members],
        "subject": given["subject"].strip(),
        "body": given["body"],
        "reply_to": given.get("reply_to", ""),
        "sender": settings.DEFAULT_FROM_EMAIL,
    }


def _message(request: Mapping[str, Any], key: str) -> tuple[EmailMessage, str]:
    domain = request["sender"].rpartition("@")[2].rstrip(">") or "localhost"
    message_id = f"<{key}@{domain}>"
    message = EmailMessage(
        subject=request["subject"],
        body=request["body"],
        from_email=request["sender"],
        to=request["to"],
        reply_to=[request["reply_to"]] if request["reply_to"] else None,
        headers={"Message-ID": message_id},
    )
    try:
        message.message()
    except (ValueError, UnicodeError) as error:
        raise EffectFailed(
            FailureKind.PERMANENT, "mail_impossible", "A line or an address of this mail cannot be written as a mail."
        ) from error
    return message, message_id


def _open(connection: Any) -> None:
    try:
        connection.open()
    except smtplib.SMTPAuthenticationError as error:
        raise EffectFailed(
            FailureKind.TRANSIENT, "mail_login_refused", "The mail server refuses this installation's login."
        ) from error
    except (OSError, smtplib.SMTPException) as error:
        raise EffectFailed(FailureKind.TRANSIENT, "mail_server_away", "The mail server does not answer.") from error


def _hand_over(connection: Any, message: EmailMessage) -> list[str]:
    """Send it; the addresses the server refused while it took others. Raises ``EffectFailed``."""
    client = getattr(connection, "connection", None)
    if not isinstance(client, smtplib.SMTP):
        connection.send_messages([message])
        return []
    is_under_way = False

    def data(content: Any) -> Any:
        nonlocal is_under_way
        is_under_way = True
        answer = plain(content)
        is_under_way = False
        return answer

    plain, client.data = client.data, data  # type: ignore[method-assign]
    encoding = settings.DEFAULT_CHARSET
    people = {sanitize_address(address, encoding): address for address in message.to}
    try:
        refused = client.sendmail(
            sanitize_address(message.from_email, encoding), list(people), message.message().as_bytes(linesep="\r\n")
        )
    except smtplib.SMTPRecipientsRefused as error:
        raise _refused({people.get(one, one): answer[0] for one, answer in error.recipients.items()}) from error
    except smtplib.SMTPResponseException as error:
        kind = FailureKind.TRANSIENT if 400 <= error.smtp_code < 500 else FailureKind.PERMANENT
        raise EffectFailed(kind, f"mail_{error.smtp_code}", "The mail server refused the mail.") from error
    except (OSError, smtplib.SMTPException) as error:
        if is_under_way:
            raise EffectFailed(FailureKind.UNKNOWN, "mail_cut_off", "The connection broke while sending.") from error
        raise EffectFailed(
            FailureKind.TRANSIENT, "mail_server_away", "The mail server broke off before it took the mail."
        ) from error
    return [people.get(one, one) for one in refused]


def _refused(codes: Mapping[str, int]) -> EffectFailed:
    """Nobody was taken. Greylisting and full mailboxes (4xx) may pass, an unknown address (5xx) will not."""
    kind = FailureKind.TRANSIENT if all(400 <= code < 500 for code in codes.values()) else FailureKind.PERMANENT
    return EffectFailed(kind, "recipient_refused", f"The mail server refused {', '.join(codes)}."[:500])


MESSAGE_STEPS = (SendMailStep(),)
