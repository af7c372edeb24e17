"""What Gmail's actions take and give."""

from django.utils.translation import gettext_noop as _

from apps.connectors.providers.mail.schemas import PROPERTIES
from apps.connectors.shapes import many, number, plain, record, result, text

MESSAGE_ID = text(_("Message"), _("Its id at Gmail."), most=60, least=5, pattern="^[A-Za-z0-9]+$")
SEND = record("to", "subject", "text", **PROPERTIES, thread_id={**MESSAGE_ID, "title": _("In the conversation")})
SEARCH = record(
    "query",
    query=text(_("Search"), _("As in Gmail's search field, for example is:unread from:ana."), most=1000, least=1),
    limit=number(_("At most"), least=1, most=50, default=10),
)
READ = record("id", id=MESSAGE_ID)
LABEL = record(
    "id",
    id=MESSAGE_ID,
    add=many(_("Add labels"), {"type": "string", "minLength": 1}, most=20),
    remove=many(_("Remove labels"), {"type": "string", "minLength": 1}, most=20),
)
WATCH = record(query=text(_("Only mails that match"), _("As in Gmail's search field."), most=1000))
SENT = result(id=plain(_("Message")), thread_id=plain(_("Conversation")))
MAIL = result(
    "id",
    "from",
    "subject",
    "snippet",
    **{"from": plain(_("From"))},
    id=plain(_("Message")),
    thread_id=plain(_("Conversation")),
    to=plain(_("To")),
    subject=plain(_("Subject")),
    date=plain(_("Date")),
    snippet=plain(_("Beginning")),
    text=plain(_("Text")),
    labels=many(_("Labels"), {"type": "string"}),
)
MAILS = result(messages=many(_("Messages"), MAIL))
LABELLED = result(id=plain(_("Message")), labels=many(_("Labels"), {"type": "string"}))
