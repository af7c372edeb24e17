"""The doors through which people decide: pages, mail, API. A GET of any of them decides nothing."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from apps.workflows import facade
from apps.workflows.approvals import asking, telling
from apps.workflows.approvals.links import make_link
from apps.workflows.approvals.models import Approval, ApprovalVote, Deputy
from apps.workflows.approvals.settings import Asking
from apps.workflows.core.definition import canonical
from apps.workflows.core.effects import request_digest
from apps.workflows.models import Effect
from apps.workflows.registries import step_types
from tests.workflows import approving

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _steps() -> Iterator[None]:
    with step_types.temporarily(*approving.STEPS):
        yield


@pytest.fixture
def row(tenant: Any, user: Any) -> Approval:
    """A question about a mail to a client, as the engine asks it."""
    facade.ensure_workflow(
        slug="w", name="Newsletter", definition={"schema": 1, "start": "a", "steps": approving.one_mail()}
    )
    run_id = facade.start_run(workflow="w", inputs={}, started_by=user.pk)
    return ask(run_id, {"reference": "r1", "to": "client@customer.example", "text": "Dear <b>client</b>"})


def ask(run_id: UUID, request: dict[str, Any]) -> Approval:
    text = canonical(request)
    effect = Effect.objects.create(
        run_id=run_id, path="a", type="test.mail", effect_class="keyed", key="k" * 48, request=text, request_hash=request_digest(text),
        work_id=1, fence=1, risk_class="C", held=True, reasons=[{"code": "recipients_outside", "detail": "client@customer.example"}],
    )  # fmt: skip
    return asking.ask(
        run_id=run_id, effect_id=effect.pk, path="a", attempt=1, step_type="test.mail", title="Write to the client",
        payload=text, asking=Asking(), risk_class="C", reasons=effect.reasons,
    )  # fmt: skip


def at(name: str, *args: Any) -> str:
    return reverse(f"workflows:{name}", args=args, urlconf="echopilot.urls_tenant")


def state_of(row: Approval) -> tuple[str, int]:
    return Approval.objects.get(pk=row.pk).state, ApprovalVote.objects.count()


def test_list_and_detail_say_what_will_happen_to_whom_and_why(browse: Any, user: Any, row: Approval) -> None:
    page = browse(user).get(at("approval_list")).content.decode()
    assert "Write to the client" in page
    assert "Goes to client@customer.example." in page
    detail = browse(user).get(at("approval_detail", row.pk)).content.decode()
    for text in (
        "Reaches somebody outside the workspace.",
        "Class C: needs a person",
        row.payload_hash,
        "Dear &lt;b&gt;client&lt;/b&gt;",
        "Owner",
    ):
        assert text in detail


def test_what_is_empty_has_no_line_but_stands_in_the_whole_request(browse: Any, user: Any, row: Approval) -> None:
    request = {"reference": "", "to": "a@b.example", "text": "Hi", "fields": {}, "cc": [], "note": None, "copies": 0}
    Effect.objects.all().delete()
    asked = ask(row.run_id, request)
    page = browse(user).get(at("approval_detail", asked.pk)).content.decode()
    lines = re.findall(r"<dt><bdi>(.*?)</bdi></dt>", page.partition('<dl class="request">')[2].partition("</dl>")[0])
    assert sorted(lines) == ["copies", "reference", "text", "to"], "what must be filled in is shown even when it is not"
    for name in ("fields", "cc", "note"):
        assert f"&quot;{name}&quot;" in page
    assert asked.payload_hash in page and json.loads(asked.payload) == request


def test_empty_list_says_what_would_come_here(browse: Any, user: Any, tenant: Any) -> None:
    assert "Nothing waits for approval" in browse(user).get(at("approval_list")).content.decode()


def test_get_of_every_address_decides_nothing(browse: Any, user: Any, row: Approval) -> None:
    token = make_link(row, user_id=user.pk)
    client = browse(user)
    addresses = [
        at("approval_list"),
        at("deputy_list"),
        at("deputy_create"),
        at("approval_link", token),
        at("deputy_end", row.pk),
    ]
    addresses += [at(f"approval_{verb}", row.pk) for verb in ("detail", "decide", "edit", "undo")]
    addresses += [
        reverse(f"approvals_api:approval_{verb}", args=[row.pk], urlconf="echopilot.urls_tenant")
        for verb in ("detail", "decide")
    ]
    query = f"?choice=approve&payload_hash={row.payload_hash}&decision=approve"
    for method in (client.get, client.head, client.options):
        for address in addresses:
            assert method(address + query).status_code in (200, 302, 403, 405)
    assert state_of(row) == ("pending", 0)


def test_one_tap_decides_exactly_what_was_shown_and_can_be_taken_back(browse: Any, user: Any, row: Approval) -> None:
    client = browse(user)
    answer = client.post(at("approval_decide", row.pk), {"choice": "approve", "payload_hash": row.payload_hash})
    assert answer.status_code == 302
    assert state_of(row) == ("pending", 1)
    client.post(at("approval_undo", row.pk))
    assert state_of(row) == ("pending", 0)
    wrong = client.post(at("approval_decide", row.pk), {"choice": "approve", "payload_hash": "0" * 64})
    assert wrong.status_code == 409
    assert state_of(row) == ("pending", 0)


def test_inbox_offers_the_decision(browse: Any, user: Any, row: Approval) -> None:
    page = browse(user).get(reverse("tasks:inbox_list", urlconf="echopilot.urls_tenant")).content.decode()
    assert at("approval_decide", row.pk) in page
    assert row.payload_hash in page


def test_edit_keeps_what_was_typed_when_it_is_refused_and_replaces_the_question_when_not(
    browse: Any, user: Any, row: Approval
) -> None:
    client = browse(user)
    typed = {
        "payload_hash": row.payload_hash,
        "f.reference": "",
        "f.to": "client@customer.example",
        "f.text": "Dear Ms Client",
    }
    refused = client.post(at("approval_edit", row.pk), typed)
    assert refused.status_code == 400
    assert "Dear Ms Client" in refused.content.decode()
    assert state_of(row) == ("pending", 0)
    assert client.post(at("approval_edit", row.pk), {**typed, "f.reference": "r2"}).status_code == 302
    new = Approval.objects.get(replaces=row)
    assert (state_of(row)[0], new.state, json.loads(new.payload)["text"]) == ("void", "pending", "Dear Ms Client")
    page = client.get(at("approval_detail", new.pk)).content.decode()
    assert "What the edit changed" in page
    assert "Dear Ms Client" in page


def test_viewer_reads_and_does_not_decide(browse: Any, viewer: Any, row: Approval) -> None:
    client = browse(viewer)
    assert client.get(at("approval_detail", row.pk)).status_code == 200
    assert (
        client.post(at("approval_decide", row.pk), {"choice": "approve", "payload_hash": row.payload_hash}).status_code
        == 403
    )
    assert state_of(row) == ("pending", 0)


def test_mail_leads_to_a_page_for_who_is_signed_in_and_gives_no_right(
    browse: Any, user: Any, member: Any, row: Approval
) -> None:
    assert telling.tell(approval_id=row.pk, occasion="asked") == 2
    assert sorted(one.to[0] for one in mail.outbox) == ["member@acme.example", "owner@acme.example"]
    message = next(one for one in mail.outbox if one.to == ["owner@acme.example"])
    assert message.subject == "Approve “Write to the client”?"
    link = re.search(r"/approvals/link/[^\s]+", message.body)
    assert link is not None
    assert Client(headers={"host": "acme.localhost"}).get(link.group()).status_code in (302, 404)
    answer = browse(user).get(link.group())
    assert answer.headers["Location"].endswith(f"{at('approval_detail', row.pk)}?via=mail")
    assert browse(user).get(at("approval_link", "forged")).headers["Location"] == at("approval_list")
    assert browse(member).get(link.group()).status_code == 302
    assert state_of(row) == ("pending", 0)
    browse(user).post(
        at("approval_decide", row.pk),
        {"choice": "deny", "payload_hash": row.payload_hash, "via": "mail", "reason": "no"},
    )
    assert ApprovalVote.objects.get().channel == "mail"


def test_deputies_are_named_for_a_time_and_ended(browse: Any, user: Any, member: Any, tenant: Any) -> None:
    client = browse(user)
    refused = client.post(at("deputy_create"), {"deputy": member.pk, "until": "2000-01-01"})
    assert refused.status_code == 400
    assert "2000-01-01" in refused.content.decode()
    from datetime import timedelta

    from apps.workflows.services.clock import database_now

    until = (database_now() + timedelta(days=3)).date().isoformat()
    assert client.post(at("deputy_create"), {"deputy": member.pk, "until": until}).status_code == 302
    deputy = Deputy.objects.get()
    assert browse(member).post(at("deputy_end", deputy.pk)).status_code == 404
    assert client.post(at("deputy_end", deputy.pk)).status_code == 302
    assert Deputy.objects.get().revoked_at is not None


def api(name: str, *args: Any) -> str:
    return reverse(f"approvals_api:{name}", args=args, urlconf="echopilot.urls_tenant")


def test_api_lists_reads_and_decides_by_hash(browse: Any, user: Any, row: Approval) -> None:
    client = browse(user)
    listed = client.get(api("approval_list")).json()["results"]
    assert [UUID(one["id"]) for one in listed] == [row.pk]
    read = client.get(api("approval_detail", row.pk)).json()
    assert read["request"]["to"] == "client@customer.example"

    def post(**body: Any) -> Any:
        return client.post(api("approval_decide", row.pk), body, content_type="application/json")

    assert post(choice="approve").status_code == 400
    changed = post(choice="approve", payload_hash="0" * 64)
    assert (changed.status_code, changed.json()["code"]) == (409, "payload_changed")
    assert post(choice="approve", payload_hash=row.payload_hash, more=1).status_code == 400
    assert post(choice="deny", payload_hash=row.payload_hash, edited={}).status_code == 400
    assert state_of(row) == ("pending", 0)
    done = post(choice="approve", payload_hash=read["payload_hash"], reason="fine")
    assert (done.status_code, done.json()["state"]) == (200, "approved")
    again = post(choice="deny", payload_hash=row.payload_hash)
    assert (again.status_code, again.json()["code"]) == (409, "approval_closed")


def test_lists_cost_the_same_whatever_their_length(
    browse: Any, user: Any, row: Approval, django_assert_max_num_queries: Any
) -> None:
    client = browse(user)
    client.get(at("approval_list"))
    for number in range(2, 5):
        asking.ask(
            run_id=row.run_id, path=f"q{number}", attempt=1, step_type="approval", title=f"Question {number}",
            payload=canonical({"title": str(number)}), asking=Asking(), risk_class="B", reasons=[],
        )  # fmt: skip
    with django_assert_max_num_queries(30) as found:
        client.get(at("approval_list"))
    before = len(found)
    asking.ask(
        run_id=row.run_id, path="q9", attempt=1, step_type="approval", title="One more", payload=canonical({"title": "9"}),
        asking=Asking(), risk_class="B", reasons=[],
    )  # fmt: skip
    with django_assert_max_num_queries(before):
        client.get(at("approval_list"))
