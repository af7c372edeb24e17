"""The commands every bot knows. Other apps register more in ``registries.bot_commands``."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from apps.connectors import selectors
from apps.connectors.bot.contracts import BotCommand, BotMessage
from apps.core.dashboard import Notice, notice_sources

LISTED = 8


def needs(permissions: frozenset[str], limit: int = LISTED, *, without: frozenset[str] = frozenset()) -> list[Notice]:
    """What needs a person, as Home shows it to somebody with these permissions; sources named in ``without`` left out."""
    found = (one for one in notice_sources if one.section == "needs" and one.name not in without)
    sources = sorted(found, key=lambda one: one.order)
    return [notice for source in sources if source.permission in permissions for notice in source.list(limit)][:limit]


def help_text(message: BotMessage) -> str:
    """Every command the member may use."""
    from apps.connectors.registries import bot_commands

    known = sorted(
        (one for one in bot_commands if one.permission in message.permissions), key=lambda one: (one.order, one.name)
    )
    return "\n".join(f"/{one.name} – {one.help}" for one in known)


def status(message: BotMessage) -> str:
    """One line for what needs people, one for each connection in trouble."""
    waiting = needs(message.permissions, 50)
    lines = [ngettext("%(n)d thing needs a person.", "%(n)d things need a person.", len(waiting)) % {"n": len(waiting)}]
    troubled = selectors.list_troubled(limit=LISTED) if "connections.view" in message.permissions else []
    lines += [f"{row.name}: {row.problem or row.get_state_display()}" for row in troubled]
    return "\n".join(lines)


def inbox(message: BotMessage) -> str:
    """The first things that need a person."""
    return listed(needs(message.permissions)) or _("Nothing needs you.")


def listed(notices: Sequence[Notice]) -> str:
    """Notices as lines."""
    return "\n".join(f"• {one.title}" + (f"\n  {one.text}" if one.text else "") for one in notices)


COMMANDS = (
    BotCommand(
        name="status", help=gettext_lazy("How the workspace is doing"), permission="tasks.view", answer=status, order=10
    ),
    BotCommand(name="inbox", help=gettext_lazy("What needs a person"), permission="tasks.view", answer=inbox, order=20),
    BotCommand(name="help", help=gettext_lazy("These commands"), permission="tasks.view", answer=help_text, order=900),
)
