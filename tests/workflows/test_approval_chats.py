"""Deciding in Slack and Telegram, over real HTTP against the local services: bound to the bytes, the person and their rights now."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from apps.accounts.models import Membership
from apps.connectors import facade as connectors
from apps.connectors.bot import talk
from apps.connectors.models import BotChat, BotNotice, Connection
from apps.workflows import facade
from apps.workflows.approvals import asking, deciding, editing, telling
from apps.workflows.approvals.enums import Channel
from apps.workflows.approvals.models import Approval, ApprovalVote
from apps.workflows.approvals.settings import Asking
from apps.workflows.core.definition import canonical
from apps.workflows.core.effects import request_digest
from apps.workflows.models import Effect
from apps.workflows.registries import step_types
from apps.workflows.services.clock import database_now
from tests.connectors.kit import Connected, connected
from tests.servers.services.slack import Slack
from tests.servers.services.telegram import Telegram
from tests.workflows import approving

pytestmark = pytest.mark.django_db
SECRET = "signing-secret-of-the-test"
ANA, BEN = 501, 502
PEOPLE = {"owner": "U0OWNER01", "member": "U0MEMBER1"}


@pytest.fixture(autouse=True)
def _steps(tenant: Any) -> Iterator[None]:
    caches["tenant"].clear()
    with step_types.temporarily(*approving.STEPS):
        yield


@pytest.fixture
def slack(tenant: Any) -> Iterator[Connected]:
    with connected("slack", Slack(), token=Slack.token, signing_secret=SECRET) as ready:
        yield ready


@pytest.fixture
def telegram(tenant: Any) -> Iterator[Connected]:
    with connected("telegram", Telegram()) as ready:
        yield ready


def ask(started_by: Any = None, **more: Any) -> Approval:
    """A question about a mail to a client, as the engine asks it."""
    facade.ensure_workflow(
        slug="w", name="Newsletter", definition={"schema": 1, "start": "a", "steps": approving.one_mail()}
    )
    run_id = facade.start_run(workflow="w", inputs={}, started_by=started_by)
    text = canonical({"reference": "r1", "to": "client@customer.example", "text": "Dear <!channel> & client"})
    effect = Effect.objects.create(
        run_id=run_id, path="a", type="test.mail", effect_class="keyed", key=f"{run_id}", request=text,
        request_hash=request_digest(text), work_id=1, fence=1, risk_class="C", held=True,
        reasons=[{"code": "recipients_outside", "detail": "client@customer.example"}],
    )  # fmt: skip
    return asking.ask(
        run_id=run_id, effect_id=effect.pk, path="a", attempt=1, step_type="test.mail", title="Write to the client",
        payload=text, asking=Asking(**more), risk_class="C", reasons=effect.reasons,
    )  # fmt: skip


def told(row: Approval, *connections: Connected, occasion: str = "asked") -> None:
    telling.tell(approval_id=row.pk, occasion=occasion)
    for one in connections:
        settle(one)


def settle(one: Connected) -> None:
    """What the job does: send what waits, write over what is closed."""
    talk.send_waiting(connection=one.row)
    talk.revise_waiting(connection=one.row)


def state_of(row: Approval) -> tuple[str, list[str]]:
    return Approval.objects.get(pk=row.pk).state, list(ApprovalVote.objects.values_list("channel", flat=True))


class Desk:
    """Slack's side of one connection: people link themselves and press buttons; requests are signed as Slack signs them."""

    def __init__(self, one: Connected) -> None:
        self.one, self.service = one, one.service
        self.path = one.view.webhook_path

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> Any:
        signed = self.service.signed(body, SECRET) if headers is None else headers
        client = Client(SERVER_NAME="acme.localhost")
        return client.post(self.path, body, content_type="application/x-www-form-urlencoded", headers=signed)

    def link(self, user: Any, name: str) -> BotChat:
        code = connectors.make_link_code(self.one.view.id, user_id=user.pk)
        answer = self.post(self.service.commanded(PEOPLE[name], f"link {code}"))
        assert "linked" in answer.json()["text"]
        return BotChat.objects.get(chat_id=PEOPLE[name])

    def press(self, name: str, label: str, *, card: int = -1, of: str = "", **more: Any) -> Any:
        button = self.service.cards(PEOPLE[of or name])[card]["buttons"][label]
        answer = self.post(self.service.pressed(PEOPLE[name], button), **more)
        settle(self.one)
        return answer

    def said(self, name: str) -> str:
        return str(self.service.cards(PEOPLE[name])[-1]["text"])


@pytest.fixture
def desk(slack: Connected, user: Any, member: Any) -> Desk:
    """The owner and a member have linked themselves."""
    desk = Desk(slack)
    desk.link(user, "owner")
    desk.link(member, "member")
    return desk


def test_card_says_what_would_happen_and_a_signed_press_decides_and_closes_it(
    desk: Desk, slack: Connected, member: Any
) -> None:
    row = ask()
    for _again in range(2):
        told(row, slack)
    (card,) = slack.service.cards(PEOPLE["owner"])
    for words in ("Approve “Write to the client”?", "Newsletter · Class C", "Goes to client@customer.example.",
                  "Reaches somebody outside the workspace.", "to: client@customer.example", row.payload_hash[:12], "(UTC)"):  # fmt: skip
        assert words in card["text"]
    assert row.payload_hash not in card["text"]
    assert list(card["buttons"]) == ["Approve", "Refuse", "Read or change it"]
    assert card["buttons"]["Read or change it"]["url"].endswith(f"/approvals/{row.pk}/")
    raw = slack.service.messages[slack.service.people[PEOPLE["owner"]]][0]
    assert "<!channel>" not in raw["text"], "nothing that is shown may call people"
    assert desk.press("owner", "Approve").status_code == 200
    assert state_of(row) == ("approved", ["chat"])
    mine, answer = slack.service.cards(PEOPLE["owner"])
    assert (mine["buttons"], answer["text"]) == ({}, "You approved this.")
    assert mine["text"].endswith("You approved this.")
    (other,) = slack.service.cards(PEOPLE["member"])
    assert (other["buttons"], other["text"].splitlines()[-1]) == ({}, "Approved. Nothing more is needed.")


def test_requests_that_slack_did_not_sign_now_for_this_workspace_decide_nothing(desk: Desk, slack: Connected) -> None:
    row = ask()
    told(row, slack)
    button = slack.service.cards(PEOPLE["owner"])[0]["buttons"]["Approve"]
    body = slack.service.pressed(PEOPLE["owner"], button)
    good = slack.service.signed(body, SECRET)
    wrong: list[dict[str, str]] = [
        {},
        slack.service.signed(body, "another secret"),
        slack.service.signed(body, SECRET, at=time.time() - 310),
        slack.service.signed(body, SECRET, at=time.time() + 310),
        {**good, "X-Slack-Request-Timestamp": "now"},
        {**good, "X-Slack-Request-Timestamp": str(int(good["X-Slack-Request-Timestamp"]) + 1)},
        {**good, "X-Slack-Signature": "v0=" + "0" * 64},
    ]
    for headers in wrong:
        assert desk.post(body, headers).status_code == 403
    assert desk.post(body + b"&x=1", good).status_code == 403, "a changed byte"
    other_team = slack.service.pressed(PEOPLE["owner"], button, team="T2")
    assert desk.post(other_team).status_code == 403
    assert desk.post(b"payload=%7Bnot-json").status_code == 400
    client = Client(SERVER_NAME="globex.localhost")
    foreign = client.post(desk.path, body, content_type="application/x-www-form-urlencoded", headers=good)
    assert foreign.status_code == 404, "another workspace's host knows no such address"
    assert client.get(desk.path).status_code == 405
    assert state_of(row) == ("pending", [])
    without = Connection.objects.get(pk=slack.view.id)
    without.secret = Slack.token
    without.save(update_fields=["secret"])
    assert desk.post(body).status_code == 403, "without a signing secret nothing is believed"
    assert state_of(row) == ("pending", [])


def test_replayed_late_and_other_peoples_presses_get_a_clear_answer_and_do_nothing(
    desk: Desk, slack: Connected, member: Any
) -> None:
    row = ask(quorum=2)
    told(row, slack)
    desk.press("member", "Approve", of="owner")
    assert desk.said("member") == "This button is not yours. Nothing was done."
    stranger = slack.service.pressed("U0NOBODY1", slack.service.cards(PEOPLE["owner"])[0]["buttons"]["Approve"])
    assert desk.post(stranger).status_code == 200
    assert state_of(row) == ("pending", [])
    body = slack.service.pressed(PEOPLE["owner"], slack.service.cards(PEOPLE["owner"])[0]["buttons"]["Approve"])
    headers = slack.service.signed(body, SECRET)
    for _replay in range(3):
        assert desk.post(body, headers).status_code == 200
    settle(slack)
    assert state_of(row) == ("pending", ["chat"])
    assert "1 of 2 people agreed" in slack.service.cards(PEOPLE["owner"])[0]["text"]
    button = json.loads(json.dumps({"type": "button", "action_id": "approve", "value": body.decode()[:9]}))
    desk.post(slack.service.pressed(PEOPLE["owner"], button))
    deciding.decide(
        approval_id=row.pk, choice="deny", payload_hash=row.payload_hash, user_id=member.pk, channel=Channel.PORTAL
    )
    late = BotNotice.objects.get(chat__user_id=member.pk, kind="approval")
    old = {"type": "button", "action_id": "approve", "value": late.pk.hex}
    desk.post(slack.service.pressed(PEOPLE["member"], old))
    settle(slack)
    assert desk.said("member").startswith("This is decided already")
    assert state_of(row) == ("denied", ["chat", "portal"])


def test_quorum_counts_across_slack_telegram_and_portal(desk: Desk, slack: Connected, member: Any) -> None:
    row = ask(quorum=2)
    told(row, slack)
    desk.press("owner", "Approve")
    assert state_of(row)[0] == "pending"
    deciding.decide(
        approval_id=row.pk, choice="approve", payload_hash=row.payload_hash, user_id=member.pk, channel=Channel.PORTAL
    )
    settle(slack)
    assert state_of(row) == ("approved", ["chat", "portal"])
    assert slack.service.cards(PEOPLE["owner"])[0]["text"].endswith("Approved. Nothing more is needed.")


def test_a_press_after_an_edit_a_lost_right_or_the_deadline_does_nothing(
    desk: Desk, slack: Connected, user: Any, member: Any
) -> None:
    row = ask()
    told(row, slack)
    changed = {**json.loads(row.payload), "to": "other@customer.example"}
    new = editing.edit_and_approve(
        approval_id=row.pk, payload_hash=row.payload_hash, value=changed, user_id=user.pk, channel=Channel.PORTAL
    )
    old = BotNotice.objects.get(chat__user_id=user.pk, subject=str(row.pk))
    desk.post(slack.service.pressed(PEOPLE["owner"], {"action_id": "approve", "value": old.pk.hex}))
    settle(slack)
    assert desk.said("owner") == "What would be sent is not what you saw. Reload, read it again and decide anew."
    assert slack.service.cards(PEOPLE["owner"])[0]["text"].endswith("it is asked about anew.")
    told(new, slack)
    Membership.objects.filter(user=member).update(role="viewer")
    desk.press("member", "Approve")
    assert desk.said("member") == "You may no longer do this. Nothing was done."
    assert state_of(new) == ("pending", [])
    with pytest.MonkeyPatch.context() as clock:
        from datetime import timedelta

        clock.setattr(deciding, "database_now", lambda: database_now() + timedelta(days=30))
        desk.press("owner", "Approve")
    assert "The time to decide is over" in desk.said("owner")
    assert ApprovalVote.objects.count() == 0


@pytest.mark.usefixtures("desk")
def test_whoever_started_it_or_wants_no_notices_gets_no_say_there(slack: Connected, user: Any, member: Any) -> None:
    BotChat.objects.filter(user_id=member.pk).update(notifies=False)
    row = ask(started_by=user.pk, allow_self=False)
    told(row, slack)
    assert slack.service.cards(PEOPLE["member"]) == slack.service.cards(PEOPLE["owner"]) == []
    assert state_of(row) == ("pending", [])


def test_slack_codes_link_once_and_wrong_ones_say_so(slack: Connected, user: Any) -> None:
    desk = Desk(slack)
    code = connectors.make_link_code(slack.view.id, user_id=user.pk)
    wrong = desk.post(slack.service.commanded("U0STRANGE", "link WRONGONE"))
    assert "wrong, used or too old" in wrong.json()["text"]
    assert "linked" in desk.post(slack.service.commanded(PEOPLE["owner"], f"link {code}")).json()["text"]
    assert "wrong" in desk.post(slack.service.commanded("U0STRANGE", f"link {code}")).json()["text"]
    assert list(BotChat.objects.values_list("chat_id", "user_id")) == [(PEOPLE["owner"], user.pk)]


def linked(bot: Connected, user: Any, chat: int) -> None:
    code = connectors.make_link_code(bot.view.id, user_id=user.pk)
    bot.service.say(chat, f"/link {code}")
    talk.read(connection=bot.row)


def pressed(bot: Connected, chat: int, label: str, *, card: int = -1, by: int | None = None) -> str:
    """Press a button of a chat's card; the note that is shown."""
    shown = [one for one in bot.service.cards(chat) if one["buttons"]][card]
    bot.service.press(chat, shown["number"], shown["buttons"][label]["callback_data"], by=by)
    talk.read(connection=bot.row)
    settle(bot)
    return str(bot.service.notes[-1]["text"]) if bot.service.notes else ""


def test_telegram_decides_from_the_persons_own_chat_only(telegram: Connected, user: Any, member: Any) -> None:
    linked(telegram, user, ANA)
    linked(telegram, member, BEN)
    row = ask()
    told(row, telegram)
    assert pressed(telegram, ANA, "Approve", by=BEN) == "This button is not yours. Nothing was done."
    card = next(one for one in telegram.service.cards(ANA) if one["buttons"])
    data = card["buttons"]["Approve"]["callback_data"]
    telegram.service.press(BEN, card["number"], data)
    telegram.service.press(999, card["number"], data)
    telegram.service.press(ANA, card["number"], "approve:nonsense")
    telegram.service.press(ANA, card["number"], data.replace("approve", "destroy"))
    talk.read(connection=telegram.row)
    assert {one["text"] for one in telegram.service.notes} == {"This button is not yours. Nothing was done."}
    assert len(telegram.service.notes) == 4, "strangers' presses are not answered"
    assert state_of(row) == ("pending", [])
    assert pressed(telegram, ANA, "Refuse") == "You refused this. Nothing was sent."
    assert state_of(row) == ("denied", ["chat"])
    assert telegram.service.cards(BEN)[-1]["text"].endswith("Refused. Nothing was sent.")
    assert not any(one["buttons"] for chat in (ANA, BEN) for one in telegram.service.cards(chat))


def test_telegram_delivers_a_press_again_and_it_counts_once_in_the_readers_language(
    telegram: Connected, user: Any
) -> None:
    linked(telegram, user, ANA)
    row = ask(quorum=2)
    told(row, telegram)
    shown = telegram.service.cards(ANA)[-1]
    update = telegram.service.press(ANA, shown["number"], shown["buttons"]["Approve"]["callback_data"])
    talk.read(connection=telegram.row)
    telegram.service.updates.append(update)
    talk.read(connection=telegram.row)
    assert state_of(row) == ("pending", ["chat"])
    assert len(telegram.service.notes) == 1


def test_a_group_gets_the_plain_notice_without_buttons(telegram: Connected, user: Any) -> None:
    linked(telegram, user, -100500)
    row = ask()
    told(row, telegram)
    talk.announce(connection_id=telegram.view.id)
    settle(telegram)
    assert not any(one["buttons"] for one in telegram.service.cards(-100500))
    assert any("Approve “Write to the client”?" in one for one in telegram.service.said(-100500))


def test_a_card_in_doubt_is_not_sent_twice_and_its_button_still_works(desk: Desk, slack: Connected) -> None:
    row = ask()
    slack.service.faults.append({"kind": "drop_after", "match": "chat.postMessage"})
    for _again in range(3):
        told(row, slack)
    assert len(slack.service.cards(PEOPLE["owner"])) == 1
    desk.press("owner", "Approve")
    assert state_of(row) == ("approved", ["chat"])
