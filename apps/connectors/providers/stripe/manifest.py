"""Stripe in the catalogue: the workspace's own account."""

from django.utils.translation import gettext_lazy as _

from apps.connectors.contracts import Action, ConnectField, Connector, RateRule
from apps.connectors.enums import ActionEffect, AuthKind, Category
from apps.connectors.providers.stripe import client, schemas

STRIPE = Connector(
    slug="stripe",
    title="Stripe",
    description=_("Customers, invoices and refunds of your own Stripe account."),
    icon="credit-card",
    category=Category.MONEY,
    auth=AuthKind.TOKEN,
    base_url="https://api.stripe.com",
    rate=RateRule(calls=25, window_s=1),
    check=client.check,
    explain=client.explain,
    fields=(ConnectField(name="token", label=_("Restricted key"), secret=True,
                         help=_("It begins with rk_ or sk_; one with _test_ touches no real money.")),),
    help=(
        _("In Stripe, open Developers, API keys and create a restricted key."),
        _("Give it write access to Customers, Invoices and Refunds and read access to Accounts; nothing else is needed."),
        _("Begin with a key of the test mode."),
    ),
    actions=(
        Action(slug="create_customer", title=_("Add a customer"), effect=ActionEffect.KEYED, perform=client.create_customer,
               input_schema=schemas.CREATE_CUSTOMER, output_schema=schemas.CUSTOMER, reach=client.reach_of_customer,
               sensitive={"email": "recipient"}, description=_("Added once, however often the step is repeated.")),
        Action(slug="find_customer", title=_("Find a customer"), effect=ActionEffect.PURE, perform=client.find_customer,
               input_schema=schemas.FIND_CUSTOMER, output_schema=schemas.FOUND, description=_("By e-mail address.")),
        Action(slug="create_invoice", title=_("Write an invoice"), effect=ActionEffect.KEYED, perform=client.create_invoice,
               calls=6, input_schema=schemas.CREATE_INVOICE, output_schema=schemas.INVOICE, reach=client.reach_of_invoice,
               sensitive={"customer": "recipient", "items": "amount", "currency": "amount", "send": "object"},
               description=_("As a draft, or finished and sent to the customer.")),
        Action(slug="refund", title=_("Refund a payment"), effect=ActionEffect.KEYED, perform=client.refund,
               input_schema=schemas.REFUND, output_schema=schemas.REFUNDED, reach=client.reach_of_refund,
               sensitive={"payment_intent": "object", "amount_minor": "amount"},
               description=_("All or part of a payment, once.")),
        Action(slug="find_invoices", title=_("Find invoices"), effect=ActionEffect.PURE, perform=client.find_invoices,
               input_schema=schemas.FIND_INVOICES, output_schema=schemas.INVOICES, description=_("Of one customer, latest first.")),
    ),
)  # fmt: skip
