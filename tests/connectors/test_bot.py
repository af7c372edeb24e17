"""The Telegram bot against the local Bot API: linked chats only, one-time codes, commands, notices."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.accounts.models import Membership, User
from apps.connectors import facade
from apps.connectors.bot import chats, talk
from apps.connectors.bot.contracts import BotCommand
from apps.connectors.models import BotChat, BotInbox, BotLinkCode, BotNotice
from apps.connectors.registries import bot_commands
from apps.core.dashboard import Notice, NoticeSource, notice_sources
from apps.core.errors import InvalidInput
from tests.connectors.kit import Connected, connected
from tests.servers.services.telegram import Telegram

ANA, STRANGER = 501, 502


@pytest.fixture
def bot(tenant: object) -> Iterator[Connected]:
    caches["tenant"].clear()
    with connected("telegram", Telegram()) as ready:
        yield ready


def tell(bot: Connected, chat: int, text: str) -> list[str]:
    """Somebody writes; what the bot says back."""
    before = len(bot.service.said(chat))
    bot.service.say(chat, text)
    talk.read(connection=bot.row)
    return bot.service.said(chat)[before:]


def link(bot: Connected, user: User, chat: int = ANA) -> BotChat:
    code = facade.make_link_code(bot.view.id, user_id=user.pk)
    assert "linked" in tell(bot, chat, f"/link {code}")[0]
    return BotChat.objects.get(chat_id=str(chat))


def test_strangers_get_one_refusal_and_nothing_else(bot: Connected) -> None:
    for text in ("/status", "/inbox", "/help", "hello", "/link WRONGONE"):
        tell(bot, STRANGER, text)
    said = bot.service.said(STRANGER)
    assert len(said) == 1 and "linked chats only" in said[0]
    assert not BotChat.objects.exists()


def test_a_member_links_a_chat_with_a_code_that_works_once(bot: Connected, user: User) -> None:
    code = facade.make_link_code(bot.view.id, user_id=user.pk)
    assert code not in str(BotLinkCode.objects.values())
    assert "linked" in tell(bot, ANA, f"/link {code.lower()}")[0]
    tell(bot, STRANGER, f"/link {code}")
    assert list(BotChat.objects.values_list("chat_id", "user_id")) == [(str(ANA), user.pk)]
    late = facade.make_link_code(bot.view.id, user_id=user.pk)
    BotLinkCode.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    tell(bot, STRANGER, f"/link {late}")
    assert BotChat.objects.count() == 1


def test_codes_cannot_be_guessed_for_long(bot: Connected, user: User) -> None:
    code = facade.make_link_code(bot.view.id, user_id=user.pk)
    for number in range(chats.TRIES):
        tell(bot, STRANGER, f"/link 2222222{number}")
    tell(bot, STRANGER, f"/link {code}")
    assert not BotChat.objects.exists()


def test_commands_answer_members_with_what_they_may_see(bot: Connected, user: User) -> None:
    link(bot, user)
    source = NoticeSource(name="t", section="needs", order=1, permission="tasks.view",
                          list=lambda _limit: [Notice(title="Check the offer", text="Ana waits", url="/t/", icon="hand")])  # fmt: skip
    secret = NoticeSource(name="s", section="needs", order=2, permission="nobody.has",
                          list=lambda _limit: [Notice(title="Secret", url="/s/", icon="hand")])  # fmt: skip
    with notice_sources.temporarily(source, secret):
        assert "Check the offer" in tell(bot, ANA, "/inbox")[0]
        assert "Secret" not in tell(bot, ANA, "/inbox@acme_echo_bot")[0]
        assert "1 thing needs a person." in tell(bot, ANA, "/status")[0]
    assert "/inbox" in tell(bot, ANA, "/help")[0]
    assert "do not know" in tell(bot, ANA, "/sudo")[0]


def test_people_who_left_are_strangers_again(bot: Connected, member: User) -> None:
    link(bot, member)
    Membership.objects.filter(user=member).delete()
    assert "linked chats only" in tell(bot, ANA, "/status")[0]


def test_other_apps_add_commands_and_their_errors_are_told(bot: Connected, user: User) -> None:
    link(bot, user)

    def approve(message: Any) -> str:
        if not message.text:
            raise InvalidInput("Which one?")
        return f"Approved {message.text} for {message.user_id}"

    command = BotCommand(name="approve", help="Approve", permission="tasks.view", answer=approve)
    hidden = BotCommand(name="hidden", help="Hidden", permission="nobody.has", answer=approve)
    with bot_commands.temporarily(command, hidden):
        assert tell(bot, ANA, "/approve 7") == [f"Approved 7 for {user.pk}"]
        assert tell(bot, ANA, "/approve") == ["Which one?"]
        assert "do not know" in tell(bot, ANA, "/hidden 7")[0]


def test_a_message_is_taken_in_once_also_when_the_answer_is_lost(bot: Connected, user: User) -> None:
    link(bot, user)
    done: list[str] = []
    command = BotCommand(
        name="do", help="Do", permission="tasks.view", answer=lambda message: done.append(message.text) or "done"
    )
    with bot_commands.temporarily(command):
        bot.service.faults.append({"kind": "drop", "match": "sendMessage"})
        bot.service.say(ANA, "/do it")
        for _again in range(3):
            talk.read(connection=bot.row)
    assert done == ["it"]


def test_two_processes_do_not_read_at_once(bot: Connected) -> None:
    BotInbox.objects.create(
        connection=bot.row, lease_owner=bot.view.id, lease_until=timezone.now() + timedelta(seconds=30)
    )
    bot.service.say(ANA, "/status")
    assert talk.read(connection=bot.row) == 0
    assert "getUpdates" not in " ".join(bot.service.calls)


def test_notices_reach_linked_chats_once_and_doubtful_ones_are_not_repeated(bot: Connected, user: User) -> None:
    link(bot, user)
    notices = [Notice(title="Check the offer", url="/t/1/", icon="hand")]
    source = NoticeSource(name="t", section="needs", order=1, permission="tasks.view", list=lambda _limit: notices)
    with notice_sources.temporarily(source):
        for _again in range(3):
            talk.sweep(None)  # type: ignore[arg-type]
        notices.append(Notice(title="Pay the bill", url="/t/2/", icon="hand"))
        bot.service.faults.append({"kind": "drop_after", "match": "sendMessage"})
        for _again in range(3):
            talk.sweep(None)  # type: ignore[arg-type]
    said = bot.service.said(ANA)
    assert sum("Check the offer" in one for one in said) == 1
    assert sum("Pay the bill" in one for one in said) == 1
    assert list(BotNotice.objects.order_by("created_at").values_list("state", flat=True)) == ["sent", "unknown"]
    assert bot.service.said(STRANGER) == []


def test_a_chat_is_linked_and_unlinked_from_the_page(
    bot: Connected, browse: Callable[..., Client], user: User, member: User
) -> None:
    client = browse(member)
    detail = reverse("connections:connection_detail", args=[bot.view.id], urlconf="echopilot.urls_tenant")
    client.post(reverse("connections:chat_code", args=[bot.view.id], urlconf="echopilot.urls_tenant"))
    page = client.get(detail).content.decode()
    code = page.split("/link ")[1][:8]
    assert "linked" in tell(bot, ANA, f"/link {code}")[0]
    chat = BotChat.objects.get()
    assert chat.user_id == member.pk
    other = link(bot, user, chat=777)
    path = reverse("connections:chat_unlink", args=[other.pk], urlconf="echopilot.urls_tenant")
    assert client.post(path).status_code == 403
    assert (
        client.post(reverse("connections:chat_unlink", args=[chat.pk], urlconf="echopilot.urls_tenant")).status_code
        == 302
    )
    assert list(BotChat.objects.values_list("chat_id", flat=True)) == ["777"]
