"""Gmail in the catalogue."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Action, Connector, RateRule, Trigger
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.providers import google
from apps.connectors.providers.gmail import client, schemas
from apps.connectors.providers.mail.message import SENSITIVE

GMAIL = Connector(
    slug="gmail",
    title="Gmail",
    description=_("Send mail and write drafts from your mailbox, search it, and start work when mail arrives."),
    icon="inbox",
    category=Category.MESSAGES,
    auth=AuthKind.OAUTH,
    base_url="https://gmail.googleapis.com",
    rate=RateRule(calls=250),
    check=client.check,
    explain=google.explain,
    oauth=google.oauth("gmail.modify", "gmail.send"),
    help=(
        _("You are led to Google and choose the account; EchoPilot never sees your password."),
        _("You can take the access back at any time at myaccount.google.com, Security, “Third-party access”."),
    ),
    actions=(
        Action(slug="send", title=_("Send a mail"), effect=ActionEffect.BLIND, perform=client.send, input_schema=schemas.SEND,
               output_schema=schemas.SENT, reach=client.reach, sensitive=SENSITIVE,
               description=_("Gmail gives every mail its own id, so after a lost answer a person decides.")),
        Action(slug="create_draft", title=_("Write a draft"), effect=ActionEffect.BLIND, perform=client.create_draft,
               input_schema=schemas.SEND, output_schema=schemas.SENT, reach=client.reach_of_draft, sensitive=SENSITIVE,
               description=_("A person looks at it in Gmail and sends it.")),
        Action(slug="search", title=_("Search mails"), effect=ActionEffect.PURE, perform=client.search, calls=5,
               input_schema=schemas.SEARCH, output_schema=schemas.MAILS, description=_("With the words of Gmail's search field.")),
        Action(slug="get_message", title=_("Read a mail"), effect=ActionEffect.PURE, perform=client.get_message,
               input_schema=schemas.READ, output_schema=schemas.MAIL, description=_("Its head and its plain text.")),
        Action(slug="add_labels", title=_("Label a mail"), effect=ActionEffect.KEYED, perform=client.add_labels,
               input_schema=schemas.LABEL, output_schema=schemas.LABELLED, reach=client.reach_of_labels, sensitive={"id": "object"},
               description=_("Adds and removes labels, for example UNREAD.")),
    ),
    triggers=(
        Trigger(slug="mail_received", title=_("A mail arrives"), input_schema=schemas.WATCH, output_schema=schemas.MAIL,
                poll=client.poll_mails, every_s=60, description=_("For every new mail in the inbox that matches.")),
    ),
)  # fmt: skip
