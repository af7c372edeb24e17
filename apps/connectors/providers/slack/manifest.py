"""Slack in the catalogue."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Action, ConnectField, Connector, OAuth, RateRule
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.providers.slack import client, schemas

CHANNEL_IS_SENSITIVE = {"channel": "recipient"}
SCOPES = ("chat:write", "channels:read", "groups:read", "channels:history", "groups:history", "reactions:write", "users:read",
          "users:read.email")  # fmt: skip


def bot_token(answer: Mapping[str, Any]) -> Mapping[str, Any]:
    """Slack answers 200 with ``ok``; the bot's token is the outer one."""
    return answer if answer.get("ok", True) else {"error": answer.get("error", "")}


SLACK = Connector(
    slug="slack",
    title="Slack",
    description=_("Post to channels and people, answer in threads, find channels and members, read what was said."),
    icon="message-square",
    category=Category.MESSAGES,
    auth=AuthKind.TOKEN,
    base_url="https://slack.com",
    rate=RateRule(calls=50),
    check=client.check,
    explain=client.explain,
    fields=(ConnectField(name="token", label=_("Bot token"), secret=True, help=_("It begins with xoxb-.")),
            ConnectField(name="signing_secret", label=_("Signing secret"), secret=True, required=False,
                         help=_("From “Basic Information”. With it, people decide about approvals by buttons in Slack."))),
    oauth=OAuth(client="slack", authorize_url="/oauth/v2/authorize", token_url="/api/oauth.v2.access", scopes=SCOPES,  # noqa: S106
                revoke_url="", scope_separator=",", token=bot_token, register_at="https://api.slack.com/apps"),
    help=(
        _("At api.slack.com/apps create an app for your workspace and open “OAuth & Permissions”."),
        _("Add the bot scopes chat:write, channels:read, channels:history, reactions:write, users:read.email and install the app."),
        _("Copy the bot token. Invite the app to the channels it shall write to with /invite."),
    ),
    actions=(
        Action(slug="post_message", title=_("Post a message"), effect=ActionEffect.LOOKUP, perform=client.post_message,
               find=client.find_message, input_schema=schemas.POST, output_schema=schemas.POSTED, reach=client.reach,
               sensitive=CHANNEL_IS_SENSITIVE,
               description=_("To a channel, a person or a thread. After a lost answer the channel is searched for the message "
                             "before anything is posted again.")),
        Action(slug="update_message", title=_("Change a message"), effect=ActionEffect.KEYED, perform=client.update_message,
               input_schema=schemas.UPDATE, output_schema=schemas.POSTED, reach=client.reach, sensitive=CHANNEL_IS_SENSITIVE,
               description=_("Writes another text over a message of the app.")),
        Action(slug="add_reaction", title=_("React with an emoji"), effect=ActionEffect.KEYED, perform=client.add_reaction,
               input_schema=schemas.REACT, output_schema=schemas.POSTED, reach=client.reach_of_reaction,
               sensitive=CHANNEL_IS_SENSITIVE, description=_("Marks a message, for example as seen.")),
        Action(slug="find_channel", title=_("Find a channel"), effect=ActionEffect.PURE, perform=client.find_channel, calls=2,
               input_schema=schemas.FIND_CHANNEL, output_schema=schemas.FOUND_CHANNEL,
               description=_("The id of a channel by its name.")),
        Action(slug="find_person", title=_("Find a person"), effect=ActionEffect.PURE, perform=client.find_person,
               input_schema=schemas.FIND_PERSON, output_schema=schemas.FOUND_PERSON,
               description=_("The id of a member by e-mail address.")),
        Action(slug="read_messages", title=_("Read messages"), effect=ActionEffect.PURE, perform=client.read_messages,
               input_schema=schemas.READ, output_schema=schemas.MESSAGES, description=_("The latest messages of a channel.")),
    ),
)  # fmt: skip
