"""What Slack's actions take and give."""

from django.utils.translation import gettext_noop as _

from apps.connectors.shapes import flag, long_text, many, number, plain, record, result, text

CHANNEL = text(
    _("Channel"),
    _("The channel's id, such as C024BE91L, or a person's, such as U024BE7LH."),
    most=40,
    least=1,
    pattern="^[A-Z][A-Z0-9]{5,}$",
)
TIMESTAMP = text(
    _("Message"), _("The ts of the message, as posting it gave."), most=32, least=1, pattern=r"^[0-9]+\.[0-9]+$"
)
POST = record(
    "channel",
    "text",
    channel=CHANNEL,
    text=long_text(_("Text"), _("Slack's mrkdwn; about 4,000 characters are shown well."), most=40_000),
    thread_ts={**TIMESTAMP, "title": _("Answer to the message")},
    unfurl_links=flag(_("Show previews of links")),
)
UPDATE = record("channel", "ts", "text", channel=CHANNEL, ts=TIMESTAMP, text=long_text(_("Text"), most=40_000))
REACT = record(
    "channel",
    "ts",
    "emoji",
    channel=CHANNEL,
    ts=TIMESTAMP,
    emoji=text(
        _("Emoji"), _("Its name without colons, for example eyes."), most=100, least=1, pattern="^[a-z0-9_+-]+$"
    ),
)
FIND_CHANNEL = record("name", name=text(_("Name"), _("With or without #."), most=81, least=1))
FIND_PERSON = record("email", email=text(_("E-mail"), most=320, least=3))
READ = record("channel", channel=CHANNEL, limit=number(_("At most"), least=1, most=100, default=20))
POSTED = result(channel=plain(_("Channel")), ts=plain(_("Message")))
FOUND_CHANNEL = result(
    "found",
    found=plain(_("Found"), "boolean"),
    id=plain(_("Channel")),
    name=plain(_("Name")),
    is_private=plain(_("Private"), "boolean"),
)
FOUND_PERSON = result("found", found=plain(_("Found"), "boolean"), id=plain(_("Person")), name=plain(_("Name")))
MESSAGES = result(
    messages=many(
        _("Messages"), result("ts", "text", ts=plain(_("Message")), text=plain(_("Text")), user=plain(_("Person")))
    )
)
