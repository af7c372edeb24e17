"""The bot's conversation: messages are read by long polling, each is taken in once, and strangers get one line."""

import logging
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.core.cache import caches
from django.db import transaction
from django.db.models import Q
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from apps.connectors import actions, budget
from apps.connectors.bot import cards, chats, commands
from apps.connectors.bot.contracts import BotMessage
from apps.connectors.calling import call_for
from apps.connectors.clock import SYSTEM
from apps.connectors.contracts import RateRule
from apps.connectors.enums import ConnectionState, NoticeState
from apps.connectors.errors import AccessMissing, OutcomeUnknown, RemoteNotFound
from apps.connectors.health import watched
from apps.connectors.models import BotChat, BotInbox, BotNotice, Connection
from apps.connectors.providers.slack import client as slack
from apps.connectors.providers.telegram import client
from apps.connectors.registries import bot_commands, card_kinds, connectors
from apps.core.errors import PlatformError
from apps.dispatch.contracts import JobContext

logger = logging.getLogger(__name__)
SWEEP = "telegram.sweep"
LEASE_S = 60
WAIT_S = 8
LONGEST = 3900
REFUSALS_S = 3600
SENT_AT_ONCE = 20


@dataclass(frozen=True)
class Reply:
    """What a chat is told; with ``pressed``, the id of a button's press, by a note over the chat."""

    chat_id: str
    text: str
    pressed: str = ""


def sweep(_context: JobContext) -> None:
    """Read what people wrote to each bot, answer, and send what needs them."""
    for connection in Connection.objects.filter(connector__in=chats.CHATTING, state=ConnectionState.ACTIVE):
        try:
            if connection.connector == "telegram":
                read(connection=connection, wait_s=WAIT_S)
                announce(connection_id=connection.pk)
            send_waiting(connection=connection)
            revise_waiting(connection=connection)
        except PlatformError as error:
            logger.warning("bot rests", extra={"connection": str(connection.pk), "error_code": error.code})


def deliver(context: JobContext) -> None:
    """Send at once what was just written for one connection."""
    for connection in Connection.objects.filter(pk=UUID(context.work.ref), state=ConnectionState.ACTIVE):
        send_waiting(connection=connection)
        revise_waiting(connection=connection)


def read(*, connection: Connection, wait_s: int = 0) -> int:
    """Take in the messages since the last time and answer them; returns how many. Does nothing while another process reads."""
    owner = _lease(connection)
    if owner is None:
        return 0
    inbox = BotInbox.objects.get(pk=connection.pk)
    try:
        with watched(connection, clock=SYSTEM):
            call = _call(connection)
            with call.wire.translated():
                found = client.updates(call, offset=inbox.next_update, wait_s=wait_s)
        for update in found:
            reply = take_in(connection_id=connection.pk, owner=owner, update=update)
            if reply is not None:
                _say(connection, reply)
        return len(found)
    finally:
        BotInbox.objects.filter(pk=connection.pk, lease_owner=owner).update(
            lease_owner=None, lease_until=None, read_at=timezone.now()
        )


def take_in(*, connection_id: UUID, owner: uuid.UUID, update: Any) -> Reply | None:
    """Handle one message and move on past it in one transaction, so that its command is carried out at most once."""
    with transaction.atomic():
        moved = BotInbox.objects.filter(pk=connection_id, lease_owner=owner, next_update__lte=update.update_id).update(
            next_update=update.update_id + 1
        )
        message = update.message
        if moved and update.callback_query is not None:
            return _pressed(connection_id, update.callback_query)
        if not moved or message is None or not message.text:
            return None
        return answer(
            connection_id=connection_id, chat_id=str(message.chat.id), title=message.chat.title or message.chat.full_name or "",
            text=message.text, update_id=update.update_id,
        )  # fmt: skip


def answer(*, connection_id: UUID, chat_id: str, title: str, text: str, update_id: int) -> Reply | None:
    """What a chat is told about what it wrote: strangers one refusal an hour, members the answer of their command."""
    word, _space, rest = text.strip().partition(" ")
    name = word.removeprefix("/").partition("@")[0].lower()
    if name in ("link", "start") and rest.strip():
        chat = chats.link(connection_id=connection_id, chat_id=chat_id, title=title, code=rest)
        return (
            Reply(chat_id, _("This chat is linked. /help lists what you can ask."))
            if chat
            else _refusal(connection_id, chat_id)
        )
    known = chats.linked(connection_id=connection_id, chat_id=chat_id)
    if known is None:
        return _refusal(connection_id, chat_id)
    chat, permissions = known
    with translation.override(cards.language_of(chat.user_id)):
        command = bot_commands.get(name) if name in bot_commands else None
        if command is None or command.permission not in permissions:
            return Reply(chat_id, _("I do not know this command. /help lists what you can ask."))
        message = BotMessage(connection_id=connection_id, chat_id=chat_id, user_id=chat.user_id, permissions=permissions,
                             text=rest.strip(), update_id=update_id)  # fmt: skip
        try:
            with transaction.atomic():
                return Reply(chat_id, command.answer(message)[:LONGEST])
        except PlatformError as error:
            return Reply(chat_id, error.text[:LONGEST])


def _pressed(connection_id: UUID, query: Any) -> Reply | None:
    """A button below a card: the answer, shown to whoever pressed it. Strangers' presses are not answered at all."""
    chat_id = str(query.message.chat.id) if query.message is not None else ""
    if chats.linked(connection_id=connection_id, chat_id=chat_id) is None:
        return None
    choice, _colon, card_id = (query.data or "").partition(":")
    said = cards.press(
        connection_id=connection_id, chat_id=chat_id, by=str(query.from_user.id), card_id=card_id, choice=choice
    )
    return Reply(chat_id, said, pressed=str(query.id))


def announce(*, connection_id: UUID) -> int:
    """Write down, for each linked chat, what needs its member and was not told there yet; returns how many."""
    made, told_by_card = 0, frozenset(kind.replaces for kind in card_kinds)
    for row in BotChat.objects.filter(connection=connection_id, notifies=True).select_related("connection"):
        known = chats.linked(connection_id=connection_id, chat_id=row.chat_id)
        if known is None:
            continue
        with translation.override(cards.language_of(row.user_id)):
            for notice in commands.needs(known[1], without=told_by_card if cards.is_own(row) else frozenset()):
                key = f"{notice.url}|{notice.at.isoformat() if notice.at else notice.title}"[:120]
                _row, new = BotNotice.objects.get_or_create(
                    chat=row, dedupe=key, defaults={"text": commands.listed([notice])}
                )
                made += new
    return made


def send_waiting(*, connection: Connection) -> int:
    """Send waiting notices, each at most once: what may have arrived is not sent again."""
    sent = 0
    waiting = BotNotice.objects.filter(chat__connection=connection, state=NoticeState.WAITING).order_by("created_at")
    for notice in waiting.select_related("chat")[:SENT_AT_ONCE]:
        if not BotNotice.objects.filter(pk=notice.pk, state=NoticeState.WAITING).update(state=NoticeState.SENDING):
            continue
        state, code, remote = NoticeState.SENT, "", ""
        try:
            remote = _post(connection, notice)
            sent += 1
        except OutcomeUnknown as error:
            state, code = NoticeState.UNKNOWN, error.code
        except (AccessMissing, RemoteNotFound) as error:
            state, code = NoticeState.FAILED, error.code
        except PlatformError as error:
            BotNotice.objects.filter(pk=notice.pk).update(state=NoticeState.WAITING, error_code=error.code)
            raise
        BotNotice.objects.filter(pk=notice.pk).update(
            state=state, error_code=code, sent_at=timezone.now(), remote_id=remote
        )
    return sent


def revise_waiting(*, connection: Connection) -> int:
    """Write over cards whose matter is closed, and take their buttons away; again is the same. Returns how many."""
    done = 0
    rows = BotNotice.objects.filter(chat__connection=connection, is_revised=False).exclude(
        state__in=[NoticeState.WAITING, NoticeState.SENDING]
    )
    for card in rows.select_related("chat").order_by("created_at")[:SENT_AT_ONCE]:
        if card.remote_id:
            inputs = {"chat_id": card.chat.chat_id, "remote_id": card.remote_id, "text": card.revised}
            with suppress(AccessMissing, RemoteNotFound):
                _through(connection, inputs, repeatable=True, send=_words(connection).revise_card)
        # What was written meanwhile is another text, and is written over in its turn.
        done += BotNotice.objects.filter(pk=card.pk, revised=card.revised).update(is_revised=True)
    return done


def _post(connection: Connection, notice: BotNotice) -> str:
    """Send one notice; the id of the message over there."""
    buttons = [{**one, "card": notice.pk.hex} for one in notice.buttons]
    inputs = {"chat_id": notice.chat.chat_id, "text": notice.text, "buttons": buttons}
    return str(_through(connection, inputs, repeatable=False, send=_words(connection).send_card))


def _words(connection: Connection) -> Any:
    return slack if connection.connector == "slack" else client


def _refusal(connection_id: UUID, chat_id: str) -> Reply | None:
    """One line for strangers, at most once an hour for each chat."""
    if not caches["tenant"].add(f"bot:refused:{connection_id}:{chat_id}", 1, REFUSALS_S):
        return None
    return Reply(
        chat_id, _("This bot talks to linked chats only. Members find their code in EchoPilot under Connections.")
    )


def _say(connection: Connection, reply: Reply) -> None:
    """Answer; an answer that is lost is not repeated, the person asks again."""
    try:
        _send(connection, reply)
    except PlatformError as error:
        logger.warning("bot answer lost", extra={"connection": str(connection.pk), "error_code": error.code})


def _send(connection: Connection, reply: Reply) -> None:
    if reply.pressed:
        inputs = {"pressed": reply.pressed, "text": reply.text}
        _through(connection, inputs, repeatable=True, send=client.answer_press)
    else:
        inputs = {"chat_id": reply.chat_id, "text": reply.text}
        _through(connection, inputs, repeatable=False, send=client.send_message)


def _through(connection: Connection, inputs: dict[str, Any], *, repeatable: bool, send: Callable[[Any], Any]) -> Any:
    budget.acquire(key=actions.budget_key(connection), rule=_rule(connection), clock=SYSTEM)
    call = _call(connection, inputs=inputs, repeatable=repeatable)
    with call.wire.translated():
        return send(call)


def _call(connection: Connection, *, inputs: dict[str, Any] | None = None, repeatable: bool = True) -> Any:
    manifest = connectors.get(connection.connector)
    return call_for(
        manifest,
        base_url=connection.base_url,
        secret=str(connection.secret),
        inputs=inputs or {},
        repeatable=repeatable,
    )


def _rule(connection: Connection) -> RateRule:
    return RateRule(calls=connection.calls_per_minute, window_s=connectors.get(connection.connector).rate.window_s)


def _lease(connection: Connection) -> uuid.UUID | None:
    owner, now = uuid.uuid4(), timezone.now()
    BotInbox.objects.get_or_create(connection=connection)
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    taken = BotInbox.objects.filter(free, pk=connection.pk).update(
        lease_owner=owner, lease_until=now + timedelta(seconds=LEASE_S)
    )
    return owner if taken else None
