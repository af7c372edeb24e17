"""What Resend's actions take and give."""

from django.utils.translation import gettext_noop as _

from apps.connectors.providers.mail.schemas import ADDRESS, PROPERTIES
from apps.connectors.shapes import many, plain, record, result, text

ID = text(_("Mail"), _("The id that sending it gave."), most=100, least=1, pattern="^[A-Za-z0-9-]+$")
SENDER = text(
    _("Sender"),
    _("An address of a domain verified at Resend; a name may come before it in the form Name <address>."),
    most=400,
    least=3,
)
SEND = record(
    "from",
    "to",
    "subject",
    "text",
    **{"from": SENDER},
    **PROPERTIES,
    scheduled_at=text(_("Send at"), _("A moment in ISO 8601, at most 30 days ahead."), most=40),
)
SENT = result(id=plain(_("Mail")))
STATUS = result(
    "id",
    "status",
    id=plain(_("Mail")),
    status=plain(_("Last event")),
    to=many(_("To"), {"type": "string"}),
    subject=plain(_("Subject")),
    created_at=plain(_("Created")),
)
DOMAINS = result(domains=many(_("Domains"), result("name", "status", name=plain(_("Name")), status=plain(_("Status")))))
WHICH = record("id", id=ID)
__all__ = ["ADDRESS", "DOMAINS", "SEND", "SENT", "STATUS", "WHICH"]
