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
class BotCommand:
    """A command of the bot. ``answer(message)`` runs inside the transaction that takes the message in, so its writes happen once;
    it must not call the network, and raises coded errors, whose text the chat is told. Members without ``permission`` are
    refused before."""

    name: str
    help: str | Promise
    permission: str
    answer: Callable[[BotMessage], str]
    order: int = 100
