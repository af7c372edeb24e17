"""Slack through slack-sdk over real HTTP."""

from collections.abc import Iterator

import pytest

from apps.connectors.errors import (
    AccessMissing,
    CredentialsRefused,
    OutcomeUnknown,
    PayloadInvalid,
    RateLimited,
    RemoteNotFound,
    RemoteUnavailable,
)
from apps.core.errors import PlatformError
from tests.connectors.failures import READS, WRITES, patience
from tests.connectors.kit import Connected, connected
from tests.servers.services.slack import Slack

GENERAL = "C0GENERAL1"


@pytest.fixture
def slack(tenant: object) -> Iterator[Connected]:
    with connected("slack", Slack()) as ready:
        yield ready


def test_the_connection_says_who_we_are_and_what_was_granted(slack: Connected) -> None:
    assert slack.row.account_name == "Acme · echopilot"
    assert slack.row.scopes == "chat:write channels:read"
    assert str(slack.row.secret) == Slack.token


def test_a_message_is_posted_changed_answered_and_marked(slack: Connected) -> None:
    posted = slack.act("post_message", channel=GENERAL, text="Hello")
    slack.act("post_message", channel=GENERAL, text="A reply", thread_ts=posted["ts"], key="key-2")
    slack.act("update_message", channel=GENERAL, ts=posted["ts"], text="Hello all")
    for _again in range(2):
        slack.act("add_reaction", channel=GENERAL, ts=posted["ts"], emoji="eyes")
    kept = slack.service.messages[GENERAL]
    assert [one["text"] for one in kept] == ["A reply", "Hello all"]
    assert slack.service.reactions == {(GENERAL, posted["ts"], "eyes")}
    assert [one["text"] for one in slack.act("read_messages", channel=GENERAL)["messages"]] == ["Hello all"]


def test_channels_and_people_are_found_by_name(slack: Connected) -> None:
    assert slack.act("find_channel", name="#Orders") == {
        "found": True,
        "id": "C0ORDERS01",
        "name": "orders",
        "is_private": False,
    }
    assert slack.act("find_channel", name="nowhere") == {"found": False}
    assert slack.act("find_person", email="ana@acme.example")["name"] == "Ana Example"
    assert slack.act("find_person", email="nobody@acme.example") == {"found": False}


@pytest.mark.parametrize(("fault", "kind"), READS)
def test_a_failed_read_is_a_coded_error(slack: Connected, fault: dict[str, object], kind: type[PlatformError]) -> None:
    slack.service.faults.append({**fault, "match": "conversations.list"})
    with pytest.raises(kind) as caught:
        slack.act("find_channel", name="orders", timeout_s=patience(fault))
    assert not isinstance(caught.value, OutcomeUnknown)
    if kind is RateLimited:
        assert caught.value.retry_after == 7
    assert Slack.token not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize(("fault", "kind"), WRITES)
def test_a_lost_answer_leaves_a_post_in_doubt_and_it_is_looked_up(
    slack: Connected, fault: dict[str, object], kind: type[PlatformError]
) -> None:
    slack.service.faults.append({**fault, "match": "chat.postMessage"})
    with pytest.raises(kind):
        slack.act("post_message", channel=GENERAL, text="Once", timeout_s=patience(fault))
    happened = bool(slack.service.messages[GENERAL])
    found = slack.find()
    assert (found is not None) == happened
    if found is not None:
        assert found["ts"] == slack.service.messages[GENERAL][0]["ts"]


@pytest.mark.parametrize(
    ("code", "kind"),
    [("invalid_auth", CredentialsRefused), ("token_revoked", CredentialsRefused), ("missing_scope", AccessMissing),
     ("not_in_channel", AccessMissing), ("channel_not_found", RemoteNotFound), ("internal_error", RemoteUnavailable),
     ("ratelimited", RateLimited)],
)  # fmt: skip
def test_failures_with_status_200_are_read(slack: Connected, code: str, kind: type[PlatformError]) -> None:
    slack.service.faults.append({"kind": "status", "status": 200, "body": {"ok": False, "error": code}})
    with pytest.raises(kind):
        slack.act("find_channel", name="orders")


def test_an_answer_that_is_not_slacks_is_not_believed(slack: Connected) -> None:
    for kind in ("html", "garbled"):
        slack.service.faults.append({"kind": kind})
        with pytest.raises((RemoteUnavailable, PayloadInvalid)):
            slack.act("find_channel", name="orders")


def test_a_message_beyond_the_latest_thousand_is_not_claimed_to_be_missing(slack: Connected) -> None:
    slack.act("post_message", channel=GENERAL, text="Old")
    old = slack.service.messages[GENERAL]
    old[:0] = [{"ts": f"{number}.0", "text": "", "thread_ts": None, "metadata": None} for number in range(1100)]
    with pytest.raises(OutcomeUnknown):
        slack.find()
