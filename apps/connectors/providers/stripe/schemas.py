"""What Stripe's actions take and give. Amounts are in the smallest unit of the currency."""

from django.utils.translation import gettext_noop as _

from apps.connectors.shapes import choice, flag, many, mapping, number, plain, record, result, text

CUSTOMER_ID = text(
    _("Customer"), _("The id at Stripe, such as cus_123."), most=255, least=4, pattern="^cus_[A-Za-z0-9]+$"
)
EMAIL = text(_("E-mail"), most=320, least=3, pattern="^[^@\\s]+@[^@\\s]+$")
CURRENCY = text(_("Currency"), _("Three letters, such as usd."), most=3, least=3, pattern="^[A-Za-z]{3}$")
ITEM = record(
    "description",
    "amount_minor",
    description=text(_("Description"), most=500, least=1),
    amount_minor=number(_("Amount in the smallest unit"), least=0, most=99_999_999),
    quantity=number(_("Quantity"), least=1, most=10_000, default=1),
)
CREATE_CUSTOMER = record(
    "email",
    email=EMAIL,
    name=text(_("Name"), most=255),
    phone=text(_("Phone"), most=40),
    metadata=mapping(_("Own notes"), values={"type": "string", "maxLength": 500}),
)
FIND_CUSTOMER = record("email", email=EMAIL)
CREATE_INVOICE = record(
    "customer",
    "currency",
    "items",
    customer=CUSTOMER_ID,
    currency=CURRENCY,
    items=many(_("Lines"), ITEM, most=50, minItems=1),
    days_until_due=number(_("Days to pay"), least=1, most=365, default=30),
    send=flag(_("Send it to the customer"), _("Without this it stays a draft."), default=False),
    memo=text(_("Note on the invoice"), most=1000),
)
REFUND = record(
    "payment_intent",
    payment_intent=text(
        _("Payment"), _("The id at Stripe, such as pi_123."), most=255, least=4, pattern="^pi_[A-Za-z0-9]+$"
    ),
    amount_minor=number(_("Amount in the smallest unit"), _("Without it, all that is left."), least=1, most=99_999_999),
    reason=choice(_("Reason"), ("requested_by_customer", "duplicate", "fraudulent"), default="requested_by_customer"),
)
FIND_INVOICES = record(
    "customer",
    customer=CUSTOMER_ID,
    status=choice(_("State"), ("draft", "open", "paid", "void", "uncollectible")),
    limit=number(_("At most"), least=1, most=100, default=20),
)
CUSTOMER = result("id", "email", id=plain(_("Customer")), email=plain(_("E-mail")), name=plain(_("Name")))
FOUND = result("found", found=plain(_("Found"), "boolean"), **CUSTOMER["properties"])
INVOICE = result(
    "id",
    "status",
    "total_minor",
    "currency",
    id=plain(_("Invoice")),
    status=plain(_("State")),
    number=plain(_("Number")),
    total_minor=plain(_("Total"), "integer"),
    currency=plain(_("Currency")),
    url=plain(_("Address to pay")),
)
INVOICES = result(invoices=many(_("Invoices"), INVOICE))
REFUNDED = result(
    "id",
    "status",
    "amount_minor",
    "currency",
    id=plain(_("Refund")),
    status=plain(_("State")),
    amount_minor=plain(_("Amount"), "integer"),
    currency=plain(_("Currency")),
)
