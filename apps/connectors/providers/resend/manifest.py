"""Resend in the catalogue."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Action, ConnectField, Connector, RateRule
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.providers.mail.message import SENSITIVE
from apps.connectors.providers.resend import client, schemas

RESEND = Connector(
    slug="resend",
    title="Resend",
    description=_("Send mail from your verified domain and see whether it was delivered."),
    icon="mail",
    category=Category.MESSAGES,
    auth=AuthKind.TOKEN,
    base_url="https://api.resend.com",
    rate=RateRule(calls=2, window_s=1),
    check=client.check,
    explain=client.explain,
    fields=(ConnectField(name="token", label=_("API key"), secret=True, help=_("It begins with re_.")),),
    help=(
        _("In Resend, verify the domain you send from under Domains."),
        _("Create a key under API Keys. Sending access is enough; full access also lets EchoPilot list your domains."),
    ),
    actions=(
        Action(slug="send", title=_("Send a mail"), effect=ActionEffect.KEYED, perform=client.send, input_schema=schemas.SEND,
               output_schema=schemas.SENT, reach=client.reach, sensitive={**SENSITIVE, "from": "sender"},
               description=_("Sent with an idempotency key: a repeat within a day is recognised by Resend.")),
        Action(slug="status", title=_("See how far a mail got"), effect=ActionEffect.PURE, perform=client.status,
               input_schema=schemas.WHICH, output_schema=schemas.STATUS,
               description=_("The last event of a mail: sent, delivered, bounced, opened.")),
        Action(slug="cancel", title=_("Call a scheduled mail back"), effect=ActionEffect.KEYED, perform=client.cancel,
               input_schema=schemas.WHICH, output_schema=schemas.SENT, reach=client.reach_of_cancel, sensitive={"id": "object"},
               description=_("Works until the moment it was scheduled for.")),
        Action(slug="domains", title=_("List domains"), effect=ActionEffect.PURE, perform=client.domains,
               input_schema={"type": "object", "properties": {}, "additionalProperties": False}, output_schema=schemas.DOMAINS,
               description=_("Domains mails can be sent from, and whether they are verified.")),
    ),
)  # fmt: skip
