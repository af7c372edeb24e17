"""Telegram, Stripe, HubSpot, Airtable, Drive, Gmail through their official SDKs over real HTTP."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import override_settings

from apps.connectors import connections, credentials
from apps.connectors.calling import call_for
from apps.connectors.enums import AuthKind
from apps.connectors.errors import (
    AccessMissing,
    CredentialsRefused,
    OutcomeUnknown,
    RateLimited,
    RemoteNotFound,
    RemoteRefused,
    RemoteUnavailable,
)
from apps.connectors.models import Connection
from apps.connectors.registries import connectors
from apps.core.errors import PlatformError
from tests.connectors.failures import READS, WRITES, patience
from tests.connectors.kit import PLENTY, Connected, connected
from tests.servers.services.airtable import Airtable
from tests.servers.services.base import Service
from tests.servers.services.google import Google
from tests.servers.services.hubspot import HubSpot
from tests.servers.services.stripe import Stripe
from tests.servers.services.telegram import PRIVATE, Telegram

MAIL = {"to": ["ana@customer.example"], "bcc": ["boss@acme.example"], "subject": "Grüße", "text": "Guten Morgen"}
ROW = {"base": "appTest1", "table": "Tasks"}
SERVICES = {
    "telegram": Telegram,
    "stripe": Stripe,
    "hubspot": HubSpot,
    "airtable": Airtable,
    "drive": Google,
    "gmail": Google,
}
# slug -> a read, its inputs, and what its address contains
A_READ = {
    "telegram": ("get_chat", {"chat_id": "4711"}, "getChat"),
    "stripe": ("find_customer", {"email": "a@b.example"}, "/v1/customers"),
    "hubspot": ("find", {"kind": "contacts", "property": "email", "value": "a@b.example"}, "search"),
    "airtable": ("find_records", ROW, "Tasks"),
    "drive": ("find_files", {"name": "x"}, "/files"),
    "gmail": ("search", {"query": "x"}, "/messages"),
}
# slug -> a write whose lost answer leaves it in doubt
A_WRITE = {
    "telegram": ("send_message", {"chat_id": "4711", "text": "Once"}, "sendMessage"),
    "hubspot": ("create_deal", {"dealname": "Once"}, "POST /crm"),
    "airtable": ("create_record", {**ROW, "fields": {"Name": "Once"}, "reference_field": "Ref"}, "POST /v0"),
    "drive": ("upload_file", {"name": "once.txt", "content": "x"}, "POST /upload"),
    "gmail": ("send", MAIL, "POST /gmail"),
}


class SignedIn(Connected):
    """Connected by sign-in: only an access token is there."""

    def __init__(self, slug: str, service: Service) -> None:
        self.slug, self.service, self.values, self.frozen = slug, service, {"token": service.token}, {}
        secret = credentials.pack(self.values)
        self.view = connections.keep(connectors.get(slug), address=service.url, secret=secret, auth=AuthKind.OAUTH)
        Connection.objects.filter(pk=self.view.id).update(calls_per_minute=PLENTY)


@contextlib.contextmanager
def ready(slug: str) -> Iterator[Any]:
    service = SERVICES[slug]()
    if slug not in ("drive", "gmail"):
        with connected(slug, service) as found:
            yield found
        return
    with service, override_settings(CONNECTOR_ADDRESSES={slug: service.url}, OUTBOUND_ALLOW_OPERATOR=[service.address]):
        yield SignedIn(slug, service)


@pytest.fixture
def one(tenant: object, request: pytest.FixtureRequest) -> Iterator[Any]:
    with ready(request.param) as found:
        yield found


def using(slug: str) -> Any:
    return pytest.mark.parametrize("one", [slug], indirect=True)


@pytest.mark.parametrize(("fault", "kind"), READS)
@pytest.mark.parametrize("one", sorted(A_READ), indirect=True)
def test_a_failed_read_is_a_coded_error(one: Any, fault: dict[str, object], kind: type[PlatformError]) -> None:
    action, inputs, match = A_READ[one.slug]
    one.service.faults.append({**fault, "match": match})
    with pytest.raises(kind) as caught:
        one.act(action, timeout_s=patience(fault), **inputs)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert one.service.token not in repr(caught.value) + str(caught.value) + caught.value.text
    assert sum(match.rsplit(" ", 1)[-1] in call for call in one.service.calls) <= 2, "the SDK must not repeat by itself"


@pytest.mark.parametrize(("fault", "kind"), WRITES)
@pytest.mark.parametrize("one", sorted(A_WRITE), indirect=True)
def test_a_lost_answer_leaves_a_write_in_doubt(one: Any, fault: dict[str, object], kind: type[PlatformError]) -> None:
    action, inputs, match = A_WRITE[one.slug]
    one.service.faults.append({**fault, "match": match})
    with pytest.raises(kind) as caught:
        one.act(action, timeout_s=patience(fault), **inputs)
    if kind is RateLimited:
        assert caught.value.retry_after
    if connectors.get(one.slug).action(action).find is None:
        return
    kept = {"airtable": lambda: one.service.records, "drive": lambda: one.service.files}[one.slug]()
    assert (one.find() is not None) == bool(kept)


@using("telegram")
def test_telegram_messages_are_sent_changed_and_deleted(one: Any) -> None:
    sent = one.act("send_message", chat_id=str(PRIVATE), text="Hello", silent=True)
    for _again in range(2):
        one.act("edit_message", chat_id=str(PRIVATE), message_id=sent["message_id"], text="Hello all")
    assert one.service.said(PRIVATE) == ["Hello all"]
    for _again in range(2):
        one.act("delete_message", chat_id=str(PRIVATE), message_id=sent["message_id"])
    assert one.service.said(PRIVATE) == []
    one.act("send_photo", chat_id=str(PRIVATE), photo="https://a.example/p.png", caption="Look")
    assert one.service.said(PRIVATE) == ["[https://a.example/p.png] Look"]
    assert one.act("get_chat", chat_id=str(PRIVATE)) == {"id": str(PRIVATE), "title": "Ana", "kind": "private"}


@using("telegram")
def test_telegrams_refusals_are_told_apart_and_the_token_stays_out_of_logs(
    one: Any, caplog: pytest.LogCaptureFixture
) -> None:
    one.service.blocked.add("5")
    with pytest.raises(AccessMissing):
        one.act("send_message", chat_id="5", text="x")
    with pytest.raises(RemoteNotFound):
        one.act("send_message", chat_id="404", text="x")
    body = {"ok": False, "error_code": 429, "description": "Too Many Requests", "parameters": {"retry_after": 23}}
    one.service.faults.append({"kind": "status", "status": 429, "body": body})
    with pytest.raises(RateLimited) as caught:
        one.act("send_message", chat_id="5", text="x")
    assert caught.value.retry_after == 23
    one.service.tokens.clear()
    with pytest.raises(CredentialsRefused):
        one.act("get_chat", chat_id="5")
    assert Telegram.token not in caplog.text


@using("stripe")
def test_stripe_customers_invoices_and_refunds_are_made_once(one: Any) -> None:
    customer = one.act("create_customer", email="ana@customer.example", name="Ana")
    assert one.act("create_customer", email="ana@customer.example", name="Ana") == customer
    assert one.act("find_customer", email="ana@customer.example")["id"] == customer["id"]
    assert one.act("find_customer", email="nobody@customer.example") == {"found": False}
    lines = [
        {"description": "Work", "amount_minor": 1500, "quantity": 2},
        {"description": "Travel", "amount_minor": 99},
    ]
    bill = {"customer": customer["id"], "currency": "USD", "items": lines, "send": True}
    one.service.faults.append({"kind": "status_after", "status": 500, "match": "finalize"})
    with pytest.raises(RemoteUnavailable):
        one.act("create_invoice", key="bill", **bill)
    invoice = one.act("create_invoice", key="bill", **bill)
    assert (invoice["total_minor"], invoice["status"], invoice["currency"]) == (3099, "open", "usd")
    assert len(one.service.invoices) == 1 and len(one.service.items) == 2 and one.service.invoices[0]["sent"] == 1
    assert [found["id"] for found in one.act("find_invoices", customer=customer["id"], status="open")["invoices"]] == [
        invoice["id"]
    ]
    for _again in range(2):
        refund = one.act("refund", key="back", payment_intent="pi_1", amount_minor=500)
    assert refund["amount_minor"] == 500 and len(one.service.refunds) == 1
    with pytest.raises(RemoteNotFound):
        one.act("refund", key="other", payment_intent="pi_2")


@using("stripe")
@pytest.mark.parametrize("kind", ["drop_after", "status_after", "slow_after", "garbled"])
def test_a_lost_answer_of_stripes_is_asked_for_again_with_the_same_key(one: Any, kind: str) -> None:
    one.service.faults.append({"kind": kind, "status": 500, "seconds": 3, "match": "POST"})
    with pytest.raises(PlatformError) as caught:
        one.act("create_customer", email="a@b.example", timeout_s=patience({"kind": kind}))
    assert caught.value.retryable and not isinstance(caught.value, OutcomeUnknown)
    one.act("create_customer", email="a@b.example")
    assert len(one.service.customers) == 1


@using("hubspot")
def test_hubspot_contacts_and_deals(one: Any) -> None:
    made = one.act("upsert_contact", email="ana@customer.example", firstname="Ana", properties={"vip": True})
    assert made["created"] is True
    again = one.act("upsert_contact", email="ana@customer.example", lastname="Example")
    assert (again["created"], again["id"]) == (False, made["id"])
    found = one.act("find", kind="contacts", property="email", value="ana@customer.example")
    assert found["records"][0]["properties"] == {
        "email": "ana@customer.example",
        "firstname": "Ana",
        "vip": "true",
        "lastname": "Example",
    }
    deal = one.act("create_deal", dealname="Big one", amount=100, contact_id=made["id"])
    assert (
        one.act("update_deal", id=deal["id"], properties={"dealstage": "closedwon"})["properties"]["dealstage"]
        == "closedwon"
    )
    with pytest.raises(RemoteNotFound):
        one.act("update_deal", id="999", properties={"a": "b"})
    one.service.faults.append({"kind": "status", "status": 429, "body": {"policyName": "DAILY"}})
    with pytest.raises(RateLimited) as caught:
        one.act("find", kind="deals", property="dealname", value="x")
    assert caught.value.retry_after == 3600


@using("airtable")
def test_airtable_rows(one: Any) -> None:
    made = one.act("create_record", **ROW, fields={"Name": "One"}, reference_field="Ref", key="ref-1")
    assert one.find(key="ref-1")["id"] == made["id"]
    assert one.find(key="ref-2") is None
    for _again in range(2):
        one.act(
            "upsert_records", **ROW, records=[{"Name": "One", "Status": "Open"}, {"Name": "Two"}], match_on=["Name"]
        )
    assert [row["fields"].get("Status") for row in one.service.records] == ["Open", None]
    one.act("update_record", **ROW, record_id=made["id"], fields={"Status": "Done"})
    assert len(one.act("find_records", **ROW, formula="{Status}='Done'")["records"]) == 1
    assert one.act("delete_record", **ROW, record_id=made["id"])["deleted"] is True
    assert one.act("delete_record", **ROW, record_id=made["id"])["deleted"] is False
    with pytest.raises(RemoteRefused) as caught:
        one.act("create_record", **ROW, fields={"Unknown": 1}, reference_field="Ref")
    assert "Unknown field name" in caught.value.text


@using("drive")
def test_drive_files_are_stored_found_read_and_shared(one: Any) -> None:
    folder = one.act("create_folder", name="Reports", key="folder")
    made = one.act(
        "upload_file",
        name="Ana's report.txt",
        content="Z3LDvMOf",
        encoding="base64",
        folder_id=folder["id"],
        key="file",
    )
    assert one.service.contents[made["id"]] == "grüß".encode()
    assert one.find(key="file")["id"] == made["id"]
    assert [file["id"] for file in one.act("find_files", name="ana's", folder_id=folder["id"])["files"]] == [made["id"]]
    assert [file["id"] for file in one.act("find_files", kind="folder")["files"]] == [folder["id"]]
    assert one.act("download_text", file_id=made["id"]) == {"name": "Ana's report.txt", "text": "grüß"}
    for _again in range(2):
        assert one.act("share_file", file_id=made["id"], email="ben@acme.example", role="writer")["role"] == "writer"
    assert one.service.permissions == {(made["id"], "ben@acme.example"): "writer"}
    reasons = {"error": {"code": 403, "message": "Rate Limit", "errors": [{"reason": "userRateLimitExceeded"}]}}
    one.service.faults.append({"kind": "status", "status": 403, "body": reasons})
    with pytest.raises(RateLimited):
        one.act("find_files")


@using("gmail")
def test_gmail_mails_are_sent_drafted_searched_read_and_labelled(one: Any) -> None:
    one.act("send", **MAIL)
    raw = one.service.mails[0]["raw"]
    assert b"boss@acme.example" in raw and b"From:" not in raw
    one.act("create_draft", **MAIL)
    assert one.service.mails[0]["labelIds"] == ["DRAFT"]
    number = one.service.arrive("Question", "How much is it?")
    found = one.act("search", query="in:inbox much")["messages"]
    assert [(mail["id"], mail["from"], mail["subject"]) for mail in found] == [
        (number, "customer@example.com", "Question")
    ]
    assert one.act("get_message", id=number)["text"].strip() == "How much is it?"
    assert one.act("add_labels", id=number, add=["STARRED"], remove=["UNREAD"])["labels"] == ["INBOX", "STARRED"]


@pytest.mark.parametrize(("one", "trigger", "inputs"), [
    ("drive", "file_added", {"folder_id": "folder-1"}), ("gmail", "mail_received", {}),
    ("airtable", "record_created", {**ROW, "created_field": "Created"}),
], indirect=["one"])  # fmt: skip
def test_what_is_new_is_told_and_told_with_the_same_id(one: Any, trigger: str, inputs: dict[str, Any]) -> None:
    manifest = connectors.get(one.slug)

    def happen(name: str) -> None:
        if one.slug == "gmail":
            one.service.arrive(name, "text")
            time.sleep(0.01)
        elif one.slug == "drive":
            one.service._make({"name": name, "parents": ["folder-1"]})
        else:
            one.service._add({"Name": name})

    def ask(cursor: str) -> Any:
        call = call_for(manifest, base_url=one.service.url, secret=one.service.token, inputs=inputs)
        with call.wire.translated():
            return manifest.trigger(trigger).poll(call, cursor)

    happen("before")
    first = ask("")
    assert first.events == () and first.cursor
    happen("after")
    second = ask(first.cursor)
    assert len({event["id"] for event in second.events}) == len(second.events) >= 1
    again = ask(second.cursor)
    assert {event["id"] for event in again.events} <= {event["id"] for event in second.events}
