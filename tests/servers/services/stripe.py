"""Stripe's API for customers, invoices and refunds, with idempotency keys."""

import re
from typing import Any

from tests.servers.services.base import Refusal, Request, Service


class Stripe(Service):
    """One account. A key with another body is refused, as Stripe does."""

    token = "sk_test_of_the_test_0000"

    def reset(self) -> None:
        self.customers: list[dict[str, Any]] = []
        self.invoices: list[dict[str, Any]] = []
        self.items: list[dict[str, str]] = []
        self.refunds: list[dict[str, Any]] = []
        self.keys: dict[str, tuple[str, bytes, Any]] = {}

    def admit(self, request: Request) -> None:
        if request.bearer not in self.tokens:
            raise Refusal(401, _error("Invalid API Key provided"))

    def answer(self, request: Request) -> Any:
        key = str(request.headers.get("Idempotency-Key", "")) if request.method == "POST" else ""
        if key in self.keys:
            path, raw, answer = self.keys[key]
            if (path, raw) != (request.path, request.raw):
                raise Refusal(
                    400,
                    _error(
                        "Keys for idempotent requests can only be used with the same parameters", "idempotency_error"
                    ),
                )
            return answer
        found = self._answer(request)
        if key:
            self.keys[key] = (request.path, request.raw, found)
        return found

    def _answer(self, request: Request) -> Any:
        path, wanted = request.path, request.form() if request.method == "POST" else request.query
        match request.method, path:
            case "GET", "/v1/account":
                return {
                    "id": "acct_1",
                    "object": "account",
                    "email": "owner@acme.example",
                    "business_profile": {"name": "Acme"},
                }
            case "POST", "/v1/customers":
                return self._add(
                    self.customers, {"id": f"cus_{self.next_id()}", "object": "customer", "name": None, **wanted}
                )
            case "GET", "/v1/customers":
                return _list([one for one in reversed(self.customers) if one["email"] == wanted["email"]])
            case "POST", "/v1/invoices":
                return self._invoice(wanted)
            case "GET", "/v1/invoices":
                return _list([one for one in reversed(self.invoices) if wanted.get("status") in (None, one["status"])])
            case "POST", "/v1/invoiceitems":
                self.items.append(wanted)
                invoice = next(one for one in self.invoices if one["id"] == wanted["invoice"])
                invoice["total"] += int(wanted["amount"])
                return {"id": f"ii_{self.next_id()}", "object": "invoiceitem"}
            case "POST", "/v1/refunds":
                if wanted["payment_intent"] != "pi_1":
                    raise Refusal(404, _error("No such payment_intent", "resource_missing"))
                amount = int(wanted.get("amount", 5000))
                return self._add(
                    self.refunds,
                    {
                        "id": f"re_{self.next_id()}",
                        "object": "refund",
                        "status": "succeeded",
                        "amount": amount,
                        "currency": "usd",
                    },
                )
        found = re.fullmatch(r"/v1/invoices/(in_\d+)(?:/(finalize|send))?", path)
        invoice = next((one for one in self.invoices if found and one["id"] == found[1]), None)
        if found is None or invoice is None:
            raise Refusal(404, _error(f"No such object: {path}", "resource_missing"))
        if found[2] == "finalize":
            invoice |= {"status": "open", "number": "A-1", "hosted_invoice_url": "https://invoice.stripe.com/i/1"}
        if found[2] == "send":
            invoice["sent"] = invoice.get("sent", 0) + 1
        return invoice

    def _invoice(self, wanted: dict[str, str]) -> Any:
        if wanted["customer"] not in {one["id"] for one in self.customers}:
            raise Refusal(400, _error("No such customer", "resource_missing"))
        return self._add(self.invoices, {"id": f"in_{self.next_id()}", "object": "invoice", "status": "draft", "number": None, "total": 0,
                                         "currency": wanted["currency"], "hosted_invoice_url": None})  # fmt: skip

    @staticmethod
    def _add(kept: list[dict[str, Any]], one: dict[str, Any]) -> dict[str, Any]:
        kept.append(one)
        return one


def _list(found: list[dict[str, Any]]) -> dict[str, Any]:
    return {"object": "list", "data": found, "has_more": False, "url": "/v1/x"}


def _error(words: str, code: str = "") -> dict[str, Any]:
    return {"error": {"type": "invalid_request_error", "message": words, "code": code}}
