"""Stripe through its SDK. Every write carries an idempotency key of ours; Stripe keeps keys for at least 24 hours."""

from collections.abc import Mapping
from typing import Any

from apps.connectors.adapters import requests_session
from apps.connectors.contracts import ActionCall
from apps.connectors.errors import RemoteConflict, RemoteNotFound
from apps.connectors.wire import Answer, explain_status
from apps.core.errors import PlatformError
from apps.core.reach import Audience, Reach

Json = Any


def explain(answer: Answer) -> PlatformError | None:
    """Stripe's ``error`` object; a key that comes back while its first request is at work is 409."""
    body = answer.json()
    error = body.get("error", {}) if isinstance(body, dict) and isinstance(body.get("error"), dict) else {}
    words = str(error.get("message", ""))[:300]
    if answer.status == 400 and error.get("code") == "resource_missing":
        return RemoteNotFound(detail=words)
    if answer.status == 409 or error.get("code") == "lock_timeout":
        return RemoteConflict(detail=words, retry_after=2)
    return explain_status(answer, reason=words)


def check(call: ActionCall) -> Mapping[str, str]:
    """Whose key it is. A restricted key need not see the account, but must see its balance."""
    client = _client(call)
    account = client.v1.accounts.retrieve_current()
    name = (account.get("business_profile") or {}).get("name") or account.get("email") or account["id"]
    live = "" if "_live_" in call.secret else " · test"
    return {"account_id": f"{account['id']}{live}", "account_name": f"{name}{live}"}


def create_customer(call: ActionCall) -> Mapping[str, Json]:
    """A customer, once per key."""
    wanted = {name: value for name, value in call.inputs.items() if value not in ("", None)}
    return _customer(_client(call).v1.customers.create(wanted, _once(call)))


def find_customer(call: ActionCall) -> Mapping[str, Json]:
    """The latest customer with that e-mail address."""
    found = _client(call).v1.customers.list({"email": call.inputs["email"], "limit": 1}).data
    return {"found": True, **_customer(found[0])} if found else {"found": False}


def create_invoice(call: ActionCall) -> Mapping[str, Json]:
    """A draft, its lines, and on demand the finished invoice by mail; each part has a key derived from the effect's, so a repeat
    goes on where the first attempt stopped."""
    client, inputs = _client(call).v1, call.inputs
    currency = inputs["currency"].lower()
    invoice = client.invoices.create(
        {"customer": inputs["customer"], "currency": currency, "collection_method": "send_invoice", "auto_advance": False,
         "days_until_due": inputs.get("days_until_due", 30), "description": inputs.get("memo", "")},
        _once(call, "invoice"),
    )  # fmt: skip
    for number, item in enumerate(inputs["items"]):
        client.invoice_items.create(
            {"customer": inputs["customer"], "invoice": invoice.id, "currency": currency, "description": item["description"],
             "amount": item["amount_minor"] * item.get("quantity", 1)},
            _once(call, f"item-{number}"),
        )  # fmt: skip
    if inputs.get("send"):
        client.invoices.finalize_invoice(invoice.id, {}, _once(call, "finalize"))
        client.invoices.send_invoice(invoice.id, {}, _once(call, "send"))
    return _invoice(client.invoices.retrieve(invoice.id))


def refund(call: ActionCall) -> Mapping[str, Json]:
    """Money back, once per key."""
    wanted = {
        "payment_intent": call.inputs["payment_intent"],
        "reason": call.inputs.get("reason", "requested_by_customer"),
    }
    if "amount_minor" in call.inputs:
        wanted["amount"] = call.inputs["amount_minor"]
    made = _client(call).v1.refunds.create(wanted, _once(call))
    return {"id": made.id, "status": made.status or "", "amount_minor": made.amount, "currency": made.currency}


def find_invoices(call: ActionCall) -> Mapping[str, Json]:
    """Invoices of one customer, latest first."""
    wanted = {"customer": call.inputs["customer"], "limit": call.inputs.get("limit", 20)}
    if call.inputs.get("status"):
        wanted["status"] = call.inputs["status"]
    return {"invoices": [_invoice(one) for one in _client(call).v1.invoices.list(wanted).data]}


def reach_of_customer(inputs: Mapping[str, Json]) -> Reach:
    """Data about a person goes to Stripe; nobody is written to."""
    return Reach(writes=True, audience=Audience.WORKSPACE, personal=True, destination="stripe.com")


def reach_of_invoice(inputs: Mapping[str, Json]) -> Reach:
    """A demand for money; the customer sees it when it is sent."""
    items = inputs.get("items") or []
    total = sum(int(item.get("amount_minor", 0)) * int(item.get("quantity", 1)) for item in items)
    sent = bool(inputs.get("send"))
    return Reach(writes=True, audience=Audience.OUTSIDE if sent else Audience.WORKSPACE, amount_minor=total,
                 currency=str(inputs.get("currency", "")).upper(),
                 recipients=(str(inputs.get("customer", "")),) if sent else ())  # fmt: skip


def reach_of_refund(inputs: Mapping[str, Json]) -> Reach:
    """Money leaves; without an amount it is all that is left, which the request does not tell."""
    return Reach(writes=True, audience=Audience.OUTSIDE, amount_minor=int(inputs.get("amount_minor", -1)),
                 recipients=(str(inputs.get("payment_intent", "")),), destination="stripe.com")  # fmt: skip


def _once(call: ActionCall, part: str = "") -> dict[str, str]:
    return {"idempotency_key": f"{call.key}-{part}" if part else call.key}


def _customer(customer: Any) -> dict[str, Json]:
    return {"id": customer.id, "email": customer.email or "", "name": customer.name or ""}


def _invoice(invoice: Any) -> dict[str, Json]:
    return {"id": invoice.id, "status": invoice.status or "", "number": invoice.number or "", "total_minor": invoice.total,
            "currency": invoice.currency, "url": invoice.hosted_invoice_url or ""}  # fmt: skip


def _client(call: ActionCall) -> Any:
    import stripe

    http = stripe.RequestsClient(session=requests_session(call.wire))
    return stripe.StripeClient(
        call.secret, base_addresses={"api": call.base_url}, max_network_retries=0, http_client=http
    )
