"""Calls to Notion: every way they can fail has a code, and nothing is repeated that may not be."""

import logging
from dataclasses import replace

import pytest

from apps.connectors import budget
from apps.connectors.errors import (
    AccessMissing,
    CredentialsRefused,
    OutcomeUnknown,
    PayloadInvalid,
    RateLimited,
    RemoteConflict,
    RemoteNotFound,
    RemoteRefused,
    RemoteUnavailable,
    RequestsBlocked,
)
from apps.connectors.providers.notion.client import NotionClient
from apps.connectors.providers.notion.errors import retry_after
from apps.connectors.providers.notion.session import access_of
from apps.core.outbound.errors import CalledInTransaction


@pytest.fixture
def client(world):
    ready = NotionClient(access_of(world.connection), clock=world.clock)
    yield ready
    ready.close()


def title(text):
    return {"Task Name": {"title": [{"text": {"content": text}}]}}


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"status": 400, "message": "body failed validation"}, RemoteRefused),
        ({"status": 401}, CredentialsRefused),
        ({"status": 403}, AccessMissing),
        ({"status": 404}, RemoteNotFound),
        ({"status": 409}, RemoteConflict),
        ({"status": 429, "retry_after": 120}, RateLimited),
        ({"status": 529, "retry_after": 120}, RateLimited),
        ({"status": 429, "reason": "public_api_request_blocked"}, RequestsBlocked),
        ({"status": 500}, RemoteUnavailable),
        ({"status": 502, "code": "bad_gateway"}, RemoteUnavailable),
        ({"status": 503}, RemoteUnavailable),
        ({"status": 504}, RemoteUnavailable),
    ],
    ids=lambda value: str(value.get("status")) if isinstance(value, dict) else None,
)
def test_an_error_answer_has_its_code(world, client, fault, error):
    page_id = world.add(Task_Name="x")
    world.faults({"kind": "status", **fault})
    with pytest.raises(error) as caught:
        client.page(page_id)
    assert "request_id=" in caught.value.detail


@pytest.mark.parametrize("kind", ["truncated", "garbled", "html", "empty", "wrong_json", "huge"])
def test_an_answer_that_cannot_be_read_has_its_code(world, client, kind, settings):
    page_id = world.add(Task_Name="x")
    world.faults({"kind": kind})
    with pytest.raises((PayloadInvalid, RemoteUnavailable)):
        client.page(page_id)
    with pytest.raises(OutcomeUnknown):
        client.update_page(page_id, properties=title("y"))


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop"},
        {"kind": "status", "status": 502},
        {"kind": "status", "status": 529, "retry_after": 1},
        {"kind": "truncated"},
        {"kind": "status", "status": 409},
    ],
    ids=lambda fault: fault["kind"] + str(fault.get("status", "")),
)
def test_reading_is_tried_again(world, client, fault):
    page_id = world.add(Task_Name="x")
    world.faults({**fault, "times": 2})
    assert client.page(page_id)["id"] == page_id
    assert client.calls == 3


@pytest.mark.parametrize(
    "fault",
    [{"kind": "drop_after"}, {"kind": "status_after", "status": 502}, {"kind": "truncated"}],
    ids=lambda fault: fault["kind"],
)
def test_writing_is_not_repeated_when_its_outcome_is_unknown(world, client, fault):
    world.faults({**fault, "times": 1})
    before = len(world.store.pages)
    with pytest.raises(OutcomeUnknown):
        client.create_page(source_id=world.database().data_source_id, properties=title("x"))
    assert len(world.store.pages) == before + 1


def test_writing_that_was_refused_for_now_is_repeated(world, client):
    world.faults({"kind": "status", "status": 529, "retry_after": 2, "times": 1})
    client.create_page(source_id=world.database().data_source_id, properties=title("x"))
    assert client.calls == 2


def test_a_closed_port_is_no_unknown_outcome(world, settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1:9"]
    fresh = NotionClient(replace(access_of(world.connection), base_url="http://127.0.0.1:9"), clock=world.clock)
    with pytest.raises(RemoteUnavailable):
        fresh.create_page(source_id=world.database().data_source_id, properties=title("x"))


def test_a_long_retry_after_is_handed_on_and_holds_everybody_back(world, client):
    world.faults(
        {
            "kind": "status",
            "status": 429,
            "retry_after": 600,
            "times": 1,
            "reason": "public_api_space_request_rate_limit",
        }
    )
    with pytest.raises(RateLimited) as caught:
        client.me()
    assert caught.value.retry_after == 600
    with pytest.raises(RateLimited):
        NotionClient(access_of(world.connection), clock=world.clock).me()
    world.notion.clock.advance(601)
    assert client.me()["type"] == "bot"


@pytest.mark.parametrize(
    ("header", "body", "seconds"),
    [
        ("7", {}, 7),
        ("1.5", {}, 1.5),
        (None, {"retry_after": 9}, 9),
        ("soon", {}, 1),
        ("Thu, 01 Jan 1970 00:01:40 GMT", {}, 40),
        (None, {}, 1),
    ],
)
def test_retry_after_in_every_form(header, body, seconds):
    assert retry_after({"retry-after": header}, body, now=60) == seconds


def test_clients_do_not_add_log_handlers(world):
    logger = logging.getLogger("apps.connectors.notion.sdk")
    for _number in range(4):
        NotionClient(access_of(world.connection)).close()
    assert not logger.handlers


def test_no_call_is_made_inside_a_transaction(world, client):
    from django.db import transaction

    with transaction.atomic(), pytest.raises(CalledInTransaction):
        client.me()


def test_a_path_cannot_be_climbed(world, client):
    for page_id in ("../users/me", "..%2f..%2fusers"):
        with pytest.raises((RemoteNotFound, RemoteRefused)):
            client.page(page_id)


def test_the_token_is_not_shown(world):
    from tests.servers.notion import TOKEN

    assert TOKEN not in repr(access_of(world.connection))
    assert TOKEN not in repr(world.connection.secret)


def test_a_pace_stays_below_the_allowance_even_when_two_keep_count():
    from apps.connectors.contracts import RateRule

    for calls in (60, 180, 600):
        rule = RateRule(calls=calls)
        together = budget.shared_pace(rule).most_in(60) + budget.fallback_pace(rule).most_in(60)
        assert together <= calls
        assert budget.shared_pace(rule).most_in(60) + budget.shared_pace(rule).burst <= calls


@pytest.mark.parametrize("broker", [True, False])
def test_the_budget_holds_in_every_window_for_everybody_together(world, monkeypatch, broker):
    from apps.connectors.contracts import RateRule

    if not broker:
        monkeypatch.setattr(budget, "_on_broker", lambda _what, _call: None)
    rule, granted = RateRule(calls=60), []
    for _call in range(150):
        budget.acquire(key="test", rule=rule, clock=world.clock, wait_s=60)
        granted.append(world.notion.clock.now())
    most = max(sum(start <= moment < start + 60 for moment in granted) for start in granted)
    assert most <= 60
    with pytest.raises(RateLimited):
        for _call in range(100):
            budget.acquire(key="test", rule=rule, clock=world.clock, wait_s=0)
    budget.acquire(key="other account", rule=rule, clock=world.clock, wait_s=0)


def test_a_broker_that_is_away_is_replaced_by_the_database(world, monkeypatch):
    import redis

    from apps.connectors.models import RateBucket

    monkeypatch.setattr(budget, "_broker", lambda: redis.Redis.from_url("redis://127.0.0.1:1/0"))
    monkeypatch.setattr(budget._Rest, "until", 0.0)
    NotionClient(access_of(world.connection), clock=world.clock).me()
    assert RateBucket.objects.exists()
    monkeypatch.setattr(budget._Rest, "until", 0.0)
