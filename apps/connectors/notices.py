"""What connections say on Home, in the notifications and in the palette."""

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.connectors import selectors
from apps.connectors.enums import ConnectionState
from apps.connectors.models import Connection
from apps.core.dashboard import Notice
from apps.core.search import SearchHit


def connections(limit: int) -> list[Notice]:
    """Connections whose credentials are refused, or end soon. One query."""
    return [
        Notice(
            title=_("Reconnect %(name)s") % {"name": row.name} if _is_refused(row) else
                  _("%(name)s expires soon") % {"name": row.name},
            text=row.problem if _is_refused(row) else _("Renew its credentials before tasks stop coming in."),
            url=reverse("connections:connection_detail", args=[row.pk]),
            icon="plug",
            at=row.failed_at if _is_refused(row) else None,
            tone="bad" if _is_refused(row) else "wait",
        )
        for row in selectors.list_troubled(limit=limit)
    ]  # fmt: skip


def conflicts(limit: int) -> list[Notice]:
    """One line for all cells changed on both sides. One or two queries."""
    count = selectors.count_open_conflicts()
    if not count or limit < 1:
        return []
    newest = selectors.list_conflicts(limit=1)
    return [
        Notice(
            title=ngettext(
                "%(n)d value was changed here and in Notion", "%(n)d values were changed here and in Notion", count
            ) % {"n": count},
            text=_("Choose which one stands; nothing was overwritten."),
            url=reverse("connections:conflict_list"),
            icon="split",
            at=newest[0].created_at if newest else None,
        )
    ]  # fmt: skip


def count_conflicts() -> int:
    """The conflicts are one notice, however many there are."""
    return 1 if selectors.count_open_conflicts() else 0


def find(query: str, limit: int) -> list[SearchHit]:
    """Connections by name or account."""
    rows = Connection.objects.filter(Q(name__icontains=query) | Q(account_name__icontains=query)).order_by("name")
    return [
        SearchHit(
            title=row.name,
            url=reverse("connections:connection_detail", args=[row.pk]),
            icon="plug",
            subtitle=row.get_state_display(),
            kind=_("Connection"),
        )
        for row in rows[:limit]
    ]


def _is_refused(row: Connection) -> bool:
    return row.state == ConnectionState.ATTENTION
