"""Hints from Notion."""

import json

import pytest
from django.test import Client

from apps.connectors.models import WebhookReceipt
from apps.dispatch.models import WorkItem

PERSON = "00000000-0000-4000-8000-0000000000aa"


@pytest.fixture
def door(world, browse):
    """Posts a delivery to the connection's address, as Notion does."""
    path = f"/hooks/notion/{world.connection.webhook_key}/"
    client = browse(None)

    def post(body, *, signed=True, path=path, signature=None):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"X-Notion-Signature": signature or world.notion.webhooks.sign(raw)} if signed or signature else {}
        return client.post(path, raw, content_type="application/json", headers=headers)

    return post


@pytest.fixture
def subscribed(world, door):
    assert door({"verification_token": world.notion.webhooks.token}, signed=False).status_code == 200
    return door


def event(kind, page_id, number=1):
    return {
        "id": f"event-{number}",
        "type": kind,
        "entity": {"id": page_id, "type": "page"},
        "timestamp": "2026-11-01T09:00:00.000Z",
    }


def test_the_handshake_keeps_the_token_once(world, door):
    assert door({"verification_token": "secret_first"}, signed=False).status_code == 200
    assert world.connection.webhook_secret == "secret_first"
    assert door({"verification_token": "secret_other"}, signed=False).status_code == 403
    assert world.connection.webhook_secret == "secret_first"


def test_a_signed_event_asks_for_a_poll_once(world, subscribed):
    page_id = world.add(Task_Name="One")
    body = event("page.created", page_id)
    assert subscribed(body).json() == {"received": True, "repeat": False}
    assert subscribed(body).json() == {"received": True, "repeat": True}
    assert WorkItem.objects.filter(kind="notion.poll", ref=str(world.connection_id)).count() == 1
    assert WebhookReceipt.objects.count() == 1


def test_a_binned_row_is_fetched_by_the_next_poll(world, subscribed):
    world.notion.clock.release()
    page_id = world.add(Task_Name="One")
    world.poll()
    world.store.trash_page(world.store.page(page_id), in_trash=True, by=PERSON)
    subscribed(event("page.deleted", page_id))
    world.poll(after=1)
    assert [removed.page_id for removed in world.app.removed] == [page_id]


@pytest.mark.parametrize(
    ("body", "options", "status"),
    [
        ({"id": "1"}, {"signature": "sha256=00"}, 403),
        ({"id": "1"}, {"signed": False}, 403),
        (b"not json", {}, 400),
        (b"[1]", {}, 400),
        ({"id": 5, "type": "page.created", "entity": {"id": "x"}}, {}, 400),
        ({"id": "x" * 500, "type": "t", "entity": {"id": "x"}}, {}, 400),
        ({"id": "1", "type": "t", "entity": "x"}, {}, 200),
        (b"[" * 100_000, {}, 400),
        (b"x" * 1_100_000, {}, 413),
        ({"id": "1"}, {"path": "/hooks/notion/" + "x" * 43 + "/"}, 404),
    ],
    ids=lambda value: str(value)[:40],
)
def test_anything_else_is_refused_with_a_code(world, subscribed, body, options, status):
    answer = subscribed(body, **options)
    assert answer.status_code == status
    if status >= 400:
        assert answer.json()["code"]
        assert not WebhookReceipt.objects.exists()


def test_a_changed_body_does_not_pass(world, subscribed):
    raw = json.dumps(event("page.created", "x")).encode()
    signature = world.notion.webhooks.sign(raw)
    assert subscribed(raw + b" ", signature=signature).status_code == 403


def test_another_workspaces_host_does_not_know_the_address(world, browse, other_tenant):
    client: Client = browse(None, host="globex.localhost")
    answer = client.post(f"/hooks/notion/{world.connection.webhook_key}/", b"{}", content_type="application/json")
    assert answer.status_code == 404


def test_deliveries_late_doubled_and_out_of_order_change_nothing_but_speed(world, live_door):
    world.notion.webhooks.habits.doubled = 0.5
    world.notion.webhooks.habits.reordered = 0.5
    pages = [world.add(Task_Name=f"Row {number}") for number in range(8)]
    for page_id in pages:
        world.edit(page_id, Description="x")
    for _step in range(20):
        world.notion.clock.advance(20)
        live_door()
    world.poll(after=1)
    assert len(world.app.changes) == 8
    assert WebhookReceipt.objects.count() == 16


@pytest.fixture
def live_door(world, subscribed, monkeypatch):
    """The sandbox delivers what is due through the test client instead of the network."""
    webhooks = world.notion.webhooks
    webhooks.url = "x"
    webhooks.stop()
    monkeypatch.setattr(webhooks, "_post", lambda body, *, signed: subscribed(body, signed=signed).status_code)
    return webhooks.deliver_due


def test_receipts_are_forgotten_after_their_time(world, subscribed):
    from datetime import timedelta

    from django.utils import timezone

    from apps.connectors.providers.notion import jobs

    subscribed(event("page.created", "x"))
    assert jobs.forget_receipts(now=timezone.now() + timedelta(days=13)) == 0
    assert jobs.forget_receipts(now=timezone.now() + timedelta(days=15)) == 1
