"""Cards: messages to a member's own linked chats with buttons under them, and what a press of a button does.

A button carries nothing but the card's id and its choice. Whom it was sent to, what it is about and the token that binds it (a hash
of what was shown) stand in the card's row, so a forged, copied or forwarded button decides nothing.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict
from uuid import UUID

from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _

from apps.connectors import credentials
from apps.connectors.bot import chats
from apps.connectors.bot.contracts import Card, CardPress
from apps.connectors.enums import ConnectionState, NoticeState
from apps.connectors.models import BotChat, BotNotice
from apps.core.errors import PlatformError
from apps.dispatch import facade as dispatch
from apps.dispatch.contracts import NewWork
from apps.dispatch.enums import Queue
from apps.tenants import facade as tenants

logger = logging.getLogger(__name__)
DELIVER = "chat.deliver"
SIGNING = "signing_secret"
LONGEST = 2800


def offer(*, user_ids: Sequence[int], make: Callable[[int, str], Card]) -> int:
    """Write a card for every own chat of these members that wants notices; ``make(user_id, language)`` words it. Returns how many.

    The same ``dedupe`` to one chat is one card. Nothing is sent here: a job does, at most once.
    """
    rows = BotChat.objects.filter(
        user_id__in=user_ids, notifies=True, connection__connector__in=chats.CHATTING,
        connection__state=ConnectionState.ACTIVE,
    )  # fmt: skip
    made, connections = 0, set()
    for chat in rows.select_related("connection"):
        if not is_own(chat):
            continue
        with translation.override(language_of(chat.user_id)):
            card = make(chat.user_id, language_of(chat.user_id))
        buttons = [asdict(one) for one in card.buttons if one.url or may_press(chat)]
        _row, new = BotNotice.objects.get_or_create(
            chat=chat, dedupe=card.dedupe,
            defaults={"text": card.text[:LONGEST], "kind": card.kind, "subject": card.subject, "token": card.token,
                      "buttons": buttons},
        )  # fmt: skip
        made += new
        connections.add(chat.connection_id)
    for connection_id in connections:
        deliver_soon(connection_id)
    return made


def revise(*, kind: str, subject: str, write: Callable[[], str]) -> None:
    """Have every card about something say what became of it, without buttons; ``write`` is called in each reader's language."""
    found = BotNotice.objects.filter(kind=kind, subject=subject).select_related("chat")
    for card in found:
        with translation.override(language_of(card.chat.user_id)):
            _close(card, write())


def press(*, connection_id: UUID, chat_id: str, by: str, card_id: str, choice: str) -> str:
    """Somebody pressed a button: what they are told. Only the person the card went to may, with the rights they have now.

    ``chat_id`` is where, ``by`` whose account over there; in an own chat they are the same.
    """
    from apps.connectors.registries import card_kinds

    known = chats.linked(connection_id=connection_id, chat_id=chat_id)
    card = BotNotice.objects.filter(pk__in=_ids(card_id)).select_related("chat").first()
    if known is None or card is None or card.chat_id != known[0].pk or by != chat_id or card.kind not in card_kinds:
        return _("This button is not yours. Nothing was done.")
    chat, permissions = known
    kind = card_kinds.get(card.kind)
    with translation.override(language_of(chat.user_id)):
        if kind.permission not in permissions:
            return _("You may no longer do this. Nothing was done.")
        if choice not in {one.get("choice") for one in card.buttons}:
            return _("This button is not yours. Nothing was done.")
        pressed = CardPress(subject=card.subject, token=card.token, choice=choice, user_id=chat.user_id)
        try:
            with transaction.atomic():
                said = kind.press(pressed)
        except PlatformError as error:
            return error.text
        card.refresh_from_db()
        _close(card, said)
        return said


def say(*, chat: BotChat, text: str, dedupe: str) -> None:
    """One plain line to a chat, at most once for one ``dedupe``."""
    BotNotice.objects.get_or_create(chat=chat, dedupe=dedupe[:120], defaults={"text": text[:LONGEST]})
    deliver_soon(chat.connection_id)


def deliver_soon(connection_id: UUID) -> None:
    """Have a worker send what waits for a connection once this transaction is committed."""
    work = NewWork(kind=DELIVER, ref=str(connection_id), dedupe_key=str(connection_id), queue=Queue.INTERACTIVE)
    dispatch.enqueue(tenant_id=tenants.current_tenant().id, work=work)


def is_own(chat: BotChat) -> bool:
    """Whether only its member reads and presses there: Telegram's groups have negative ids, Slack's people begin with U or W."""
    return chat.chat_id[:1] in ("U", "W") if chat.connection.connector == "slack" else chat.chat_id.isdigit()


def may_press(chat: BotChat) -> bool:
    """Whether presses from there can be proven to come from there."""
    if chat.connection.connector == "slack":
        return bool(credentials.unpack(str(chat.connection.secret)).get(SIGNING))
    return True


def language_of(user_id: int) -> str:
    """The language a member reads."""
    found = get_user_model().objects.filter(pk=user_id).values_list("language", flat=True).first()
    return found or "en"


def _close(card: BotNotice, line: str) -> None:
    if card.state == NoticeState.WAITING and BotNotice.objects.filter(pk=card.pk, state=NoticeState.WAITING).update(
        state=NoticeState.FAILED, error_code="outdated", buttons=[]
    ):
        return
    text = f"{card.text}\n\n{line}"[:LONGEST]
    BotNotice.objects.filter(pk=card.pk).update(revised=text, is_revised=False)
    deliver_soon(card.chat.connection_id)


def _ids(text: str) -> list[UUID]:
    try:
        return [UUID(hex=text)]
    except ValueError:
        return []
