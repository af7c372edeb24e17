"""Telegram in the catalogue."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Action, ConnectField, Connector, RateRule
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.providers.telegram import client, schemas

CHAT_IS_SENSITIVE = {"chat_id": "recipient"}
TELEGRAM = Connector(
    slug="telegram",
    title="Telegram",
    description=_("Your own bot: send messages and pictures, get notified, and ask the workspace by chat."),
    icon="send",
    category=Category.MESSAGES,
    auth=AuthKind.TOKEN,
    base_url="https://api.telegram.org",
    rate=RateRule(calls=30, window_s=1),
    check=client.check,
    explain=client.explain,
    fields=(ConnectField(name="token", label=_("Bot token"), secret=True, help=_("Two parts with a colon between them.")),),
    help=(
        _("In Telegram, write /newbot to @BotFather and follow its questions."),
        _("Copy the token it gives you into the field. Whoever has it can speak as your bot."),
        _("Once connected, link your own chat with a one-time code: strangers get no answers."),
    ),
    actions=(
        Action(slug="send_message", title=_("Send a message"), effect=ActionEffect.BLIND, perform=client.send_message,
               input_schema=schemas.SEND, output_schema=schemas.SENT, reach=client.reach, sensitive=CHAT_IS_SENSITIVE,
               description=_("Telegram cannot be asked whether a message arrived, so after a lost answer a person decides.")),
        Action(slug="send_photo", title=_("Send a picture"), effect=ActionEffect.BLIND, perform=client.send_photo,
               input_schema=schemas.PHOTO, output_schema=schemas.SENT, reach=client.reach,
               sensitive={**CHAT_IS_SENSITIVE, "photo": "url"},
               description=_("A picture from a public address, with a caption.")),
        Action(slug="edit_message", title=_("Change a message"), effect=ActionEffect.KEYED, perform=client.edit_message,
               input_schema=schemas.EDIT, output_schema=schemas.SENT, reach=client.reach, sensitive=CHAT_IS_SENSITIVE,
               description=_("Writes another text over a message of the bot.")),
        Action(slug="delete_message", title=_("Delete a message"), effect=ActionEffect.KEYED, perform=client.delete_message,
               input_schema=schemas.DELETE, output_schema=schemas.SENT, reach=client.reach_of_delete,
               sensitive={**CHAT_IS_SENSITIVE, "message_id": "object"}, description=_("Takes a message away for everybody.")),
        Action(slug="get_chat", title=_("Look a chat up"), effect=ActionEffect.PURE, perform=client.get_chat,
               input_schema=schemas.GET, output_schema=schemas.INFO, description=_("What a chat is called.")),
    ),
)  # fmt: skip
