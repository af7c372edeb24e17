"""Any address of the web in the catalogue."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Action, ConnectField, Connector, RateRule
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.providers.http import client, schemas

URL_IS_SENSITIVE = {"url": "url"}
HTTP = Connector(
    slug="http",
    title="HTTP",
    description=_("Call any public web address: read it, send JSON, a form or text to it, or notify a webhook."),
    icon="globe",
    category=Category.WEB,
    auth=AuthKind.TOKEN,
    base_url="https://",
    rate=RateRule(calls=600),
    needs_connection=False,
    check=client.check,
    fields=(
        ConnectField(name="host", label=_("Host"), help=_("The one host this credential is sent to, for example api.example.com.")),
        ConnectField(name="kind", label=_("How it is sent"), default="bearer", choices=(
            ("bearer", _("As a bearer token")), ("basic", _("As user and password")), ("header", _("In a header of its own")))),
        ConnectField(name="user", label=_("User, or name of the header"), required=False),
        ConnectField(name="token", label=_("Token or password"), secret=True),
    ),
    help=(
        _("Public addresses need no connection: steps call them as they are."),
        _("Connect only to keep a credential out of the workflow. It is sent over https to its own host and nowhere else."),
    ),
    actions=(
        Action(slug="get", title=_("Read an address"), effect=ActionEffect.PURE, perform=client.get, input_schema=schemas.READ,
               output_schema=schemas.ANSWER, reach=client.reach_of_get, sensitive=URL_IS_SENSITIVE,
               description=_("Fetches an address with GET. Failed reads are repeated.")),
        Action(slug="request", title=_("Call an address"), effect=ActionEffect.BLIND, perform=client.request,
               input_schema=schemas.SEND, output_schema=schemas.ANSWER, reach=client.reach, sensitive=URL_IS_SENSITIVE,
               description=_("Sends any method and body. When the answer is lost nobody can know what happened, so it is "
                             "not repeated.")),
        Action(slug="request_keyed", title=_("Call an address with an idempotency key"), effect=ActionEffect.KEYED,
               perform=client.request_keyed, input_schema=schemas.SEND_KEYED, output_schema=schemas.ANSWER, reach=client.reach,
               sensitive=URL_IS_SENSITIVE,
               description=_("For services that carry out a key once, however often it arrives: lost answers are asked for "
                             "again.")),
    ),
)  # fmt: skip
