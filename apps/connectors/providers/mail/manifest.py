"""E-mail through any SMTP server in the catalogue."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Action, ConnectField, Connector, RateRule
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.providers.mail import client, message, schemas

MAIL = Connector(
    slug="mail",
    title=_("E-mail (SMTP)"),
    description=_("Send mail through your own mail server or provider, from your own address."),
    icon="mail",
    category=Category.MESSAGES,
    auth=AuthKind.TOKEN,
    base_url="smtp://",
    rate=RateRule(calls=60),
    check=client.check,
    fields=(
        ConnectField(name="host", label=_("Mail server"), help=_("For example smtp.example.com.")),
        ConnectField(name="port", label=_("Port"), default="587", help=_("587 with STARTTLS, 465 with TLS from the start.")),
        ConnectField(name="security", label=_("Encryption"), default="tls", choices=(
            ("tls", _("Always encrypted")), ("none", _("None, inside an own network only")))),
        ConnectField(name="user", label=_("User"), required=False),
        ConnectField(name="password", label=_("Password"), secret=True, required=False,
                     help=_("Many providers want an app password here, not the one of the account.")),
        ConnectField(name="sender", label=_("Sender address"), help=_("The address mails come from.")),
    ),
    help=(
        _("Your mail provider lists its outgoing (SMTP) server, port and user in its help pages."),
        _("With two-step sign-in, create an app password at your provider and use it here."),
        _("EchoPilot logs in once to check the data; no mail is sent."),
    ),
    actions=(
        Action(slug="send", title=_("Send a mail"), effect=ActionEffect.BLIND, perform=client.send, input_schema=schemas.SEND,
               output_schema=schemas.SENT, reach=message.reach, sensitive=message.SENSITIVE, calls=1,
               description=_("Carries a fixed Message-ID. SMTP cannot be asked whether a mail arrived, so after a lost answer a "
                             "person decides.")),
    ),
)  # fmt: skip
