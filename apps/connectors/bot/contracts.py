"""What a command of the bot sees and answers."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise


@dataclass(frozen=True, kw_only=True)
class BotMessage:
    """A member wrote ``/<command> <text>`` in a linked chat. ``update_id`` is the same when Telegram delivers it again."""

    connection_id: UUID
    chat_id: str
    user_id: int
    permissions: frozenset[str]
    text: str
    update_id: int


@dataclass(frozen=True, kw_only=True)
class CardButton:
    """A button under a card: a choice that is pressed, or an address that is opened."""

    label: str
    choice: str = ""
    url: str = ""
    tone: str = ""


@dataclass(frozen=True, kw_only=True)
class Card:
    """A message about ``subject``. ``token`` binds its buttons to what was shown; ``dedupe`` makes it arrive once in a chat."""

    kind: str
    subject: str
    token: str
    text: str
    dedupe: str
    buttons: tuple[CardButton, ...] = ()


@dataclass(frozen=True, kw_only=True)
class CardPress:
    """The member a card went to pressed one of its buttons; ``subject`` and ``token`` are the card's own."""

    subject: str
    token: str
    choice: str
    user_id: int


@dataclass(frozen=True, kw_only=True)
class CardKind:
    """What an app does when a button of its cards is pressed by somebody with ``permission``: the line the person is told.

    ``press`` runs inside the transaction that takes the press in, must not call the network, and raises coded errors, whose text
    the person is told. ``replaces`` names the ``NoticeSource`` whose plain notices own chats need no more.
    """

    name: str
    permission: str
    press: Callable[[CardPress], str]
    replaces: str = ""


@dataclass(frozen=True, kw_only=True)
class BotCommand:
    """A command of the bot. ``answer(message)`` runs inside the transaction that takes the message in, so its writes happen once;
    it must not call the network, and raises coded errors, whose text the chat is told. Members without ``permission`` are
    refused before."""

    name: str
    help: str | Promise
    permission: str
    answer: Callable[[BotMessage], str]
    order: int = 100
