"""What Telegram's actions take and give."""

from django.utils.translation import gettext_noop as _

from apps.connectors.shapes import choice, flag, long_text, number, plain, record, result, text

CHAT = text(
    _("Chat"),
    _("The number of the chat, or @name of a public channel."),
    most=60,
    least=1,
    pattern=r"^(-?[0-9]+|@[A-Za-z0-9_]{4,})$",
)
MESSAGE = number(_("Message"), _("The number of the message, as sending it gave."), least=1)
TEXT = long_text(_("Text"), _("At most 4,096 characters."), most=4096, minLength=1)
MODE = choice(_("Formatting"), ("", "HTML", "MarkdownV2"), default="")
SEND = record(
    "chat_id",
    "text",
    chat_id=CHAT,
    text=TEXT,
    parse_mode=MODE,
    silent=flag(_("Without a sound")),
    reply_to={**MESSAGE, "title": _("Answer to the message")},
)
PHOTO = record(
    "chat_id",
    "photo",
    chat_id=CHAT,
    photo=text(_("Address of the picture"), _("Telegram fetches it itself."), most=2000, least=8, format="uri"),
    caption=text(_("Caption"), most=1024),
)
EDIT = record("chat_id", "message_id", "text", chat_id=CHAT, message_id=MESSAGE, text=TEXT, parse_mode=MODE)
DELETE = record("chat_id", "message_id", chat_id=CHAT, message_id=MESSAGE)
GET = record("chat_id", chat_id=CHAT)
SENT = result(chat_id=plain(_("Chat")), message_id=plain(_("Message"), "integer"))
INFO = result(id=plain(_("Chat")), title=plain(_("Title")), kind=plain(_("Sort")))
