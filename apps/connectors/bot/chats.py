"""Who may talk to the bot: chats are linked to members by one-time codes."""

import secrets
from datetime import timedelta
from uuid import UUID

from django.core.cache import caches
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from apps.accounts import facade as accounts
from apps.connectors import connections
from apps.connectors.models import BotChat, BotLinkCode
from apps.core.errors import Conflict, NotAllowed, NotFound
from apps.tenants import facade as tenants

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
LENGTH = 8
CHATTING = ("telegram", "slack")
LASTS_S = 600
TRIES = 5
TRIES_S = 3600


def make_code(*, connection_id: UUID, user_id: int) -> str:
    """A code that links one chat to this member within ten minutes, once. It replaces the member's earlier ones.

    Raises ``NotFound``, ``Conflict`` for a connection without a bot.
    """
    if connections.get(connection_id).connector not in CHATTING:
        raise Conflict(_("Only Telegram and Slack connections have chats."))
    code = "".join(secrets.choice(ALPHABET) for _place in range(LENGTH))
    with transaction.atomic():
        BotLinkCode.objects.filter(connection=connection_id, user_id=user_id, used_at=None).delete()
        BotLinkCode.objects.create(
            connection_id=connection_id, user_id=user_id, code_hash=_hash(connection_id, code),
            expires_at=timezone.now() + timedelta(seconds=LASTS_S),
        )  # fmt: skip
    return code


def link(*, connection_id: UUID, chat_id: str, title: str, code: str) -> BotChat | None:
    """Link a chat with a code; None when the code is wrong, old or used, or too many were tried from that chat."""
    name = f"bot:tries:{connection_id}:{chat_id}"
    caches["tenant"].add(name, 0, TRIES_S)
    if caches["tenant"].incr(name) > TRIES:
        return None
    now = timezone.now()
    found = BotLinkCode.objects.filter(connection=connection_id, code_hash=_hash(connection_id, code.strip().upper()))
    if found.filter(used_at=None, expires_at__gt=now).update(used_at=now) != 1:
        return None
    chat, _made = BotChat.objects.update_or_create(
        connection_id=connection_id, chat_id=chat_id, defaults={"user_id": found.get().user_id, "title": title[:200]}
    )
    caches["tenant"].delete(name)
    return chat


def linked(*, connection_id: UUID, chat_id: str) -> tuple[BotChat, frozenset[str]] | None:
    """The chat and what its member may do now; None for strangers and for people who are no longer members."""
    chat = BotChat.objects.filter(connection=connection_id, chat_id=chat_id).first()
    if chat is None:
        return None
    permissions = accounts.permissions_of(chat.user_id, tenants.current_tenant().id)
    return (chat, permissions) if permissions else None


def unlink(*, chat_id: UUID, user_id: int, may_manage: bool) -> BotChat:
    """Forget a chat: one's own, or any for people who manage connections. Raises ``NotFound``, ``NotAllowed``."""
    chat = BotChat.objects.filter(pk=chat_id).first()
    if chat is None:
        raise NotFound
    if chat.user_id != user_id and not may_manage:
        raise NotAllowed
    chat.delete()
    return chat


def _hash(connection_id: UUID, code: str) -> str:
    return salted_hmac("apps.connectors.bot", f"{connection_id}:{code}", algorithm="sha256").hexdigest()
