"""A mail from the product's own mailer."""

import smtplib
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.utils.translation import gettext_lazy as _

from apps.accounts import facade as accounts
from apps.core.reach import Audience, Reach
from apps.workflows.contracts import EffectFailed, RetryPolicy, StepContext, StepHandler, StepResult
from apps.workflows.core.taxonomy import FailureKind
from apps.workflows.enums import EffectClass

ADDRESS = {"type": "string", "format": "email", "maxLength": 254, "pattern": r"^[^@\s,;<>]+@[^@\s,;<>]+$"}
LINE = {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"^[^\r\n]*$"}


class SendMailStep(StepHandler):
    """Sends one mail. Plain SMTP knows neither keys nor look-ups, so a mail of unknown outcome is never sent again by itself."""

    type = "email.send"
    title = _("Send an e-mail from here")
    description = _(
        "Sends an e-mail from this product. To members of the workspace it goes at once; to others it waits for an approval."
    )
    category = "people"
    icon = "mail"
    effect = EffectClass.BLIND
    timeout_s = 30.0
    errors = ("mail_server_away", "recipient_refused", "mail_cut_off")
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
        "properties": {"sent": {"type": "integer"}, "message_id": {"type": "string"}},
    }

    def prepare(self, ctx: StepContext) -> Mapping[str, Any]:
        members = {row.user.email.lower() for row in accounts.list_members(tenant_id=ctx.tenant.id)}
        addresses = list(dict.fromkeys(address.strip() for address in ctx.config["to"]))
        return {
            "to": addresses,
            "outside": [address for address in addresses if address.lower() not in members],
            "subject": ctx.config["subject"],
            "body": ctx.config["body"],
            "reply_to": ctx.config.get("reply_to", ""),
            "sender": settings.DEFAULT_FROM_EMAIL,
        }

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
        connection = get_connection(timeout=int(self.timeout_s))
        try:
            connection.open()
        except (OSError, smtplib.SMTPException) as error:
            raise EffectFailed(FailureKind.TRANSIENT, "mail_server_away", "The mail server does not answer.") from error
        try:
            sent = connection.send_messages([message])
        except smtplib.SMTPRecipientsRefused as error:
            raise EffectFailed(
                FailureKind.PERMANENT, "recipient_refused", "The mail server refused the address."
            ) from error
        except smtplib.SMTPResponseException as error:
            kind = FailureKind.TRANSIENT if 400 <= error.smtp_code < 500 else FailureKind.PERMANENT
            raise EffectFailed(kind, f"mail_{error.smtp_code}", "The mail server refused the mail.") from error
        except (OSError, smtplib.SMTPException) as error:
            raise EffectFailed(FailureKind.UNKNOWN, "mail_cut_off", "The connection broke while sending.") from error
        finally:
            connection.close()
        return {"sent": len(request["to"]) if sent else 0, "message_id": message_id}

    def settle(self, ctx: StepContext, request: Mapping[str, Any], response: Mapping[str, Any]) -> StepResult:
        return StepResult(output=dict(response), summary=", ".join(request["to"])[:200])


MESSAGE_STEPS = (SendMailStep(),)
