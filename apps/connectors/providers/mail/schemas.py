"""What sending a mail takes and gives; the same for every way to send one."""

from django.utils.translation import gettext_noop as _

from apps.connectors.shapes import long_text, many, plain, record, result, text

ADDRESS = {"type": "string", "maxLength": 320, "pattern": r"^[^\s@<>,;\"]+@[^\s@<>,;\"]+$"}
FILE = record(
    "name",
    "content",
    name=text(_("File name"), most=200, least=1),
    content=long_text(_("Content as text"), most=2_000_000),
)
PROPERTIES = {
    "to": many(_("To"), ADDRESS, _("Addresses of the recipients."), most=50, minItems=1),
    "cc": many(_("Copy to"), ADDRESS, most=50),
    "bcc": many(_("Hidden copy to"), ADDRESS, most=50),
    "reply_to": {**ADDRESS, "title": _("Answers go to")},
    "subject": text(_("Subject"), most=500, least=1, pattern=r"^[^\r\n]*$"),
    "text": long_text(_("Text")),
    "html": long_text(_("Text as HTML"), _("Shown instead of the text by programs that can.")),
    "files": many(_("Attached files"), FILE, most=10),
}
SEND = record("to", "subject", "text", **PROPERTIES)
SENT = result(id=plain(_("Message id")), to=many(_("To"), {"type": "string"}))
