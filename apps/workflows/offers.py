"""What runs offer to Home, the palette and the notifications."""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from apps.core.dashboard import Notice
from apps.core.search import SearchHit
from apps.core.seeded import shown
from apps.workflows import insight, selectors
from apps.workflows.enums import RunState


def find(query: str, limit: int) -> list[SearchHit]:
    """Runs by workflow, id or what they work for, among the latest."""
    return [
        SearchHit(
            title=shown(row.workflow_name),
            url=reverse("workflows:run_detail", args=[row.id]),
            icon="activity",
            subtitle=f"{str(row.id)[-8:]} · {RunState(row.state).label}",
            kind=gettext_lazy("Run"),
        )
        for row in selectors.list_runs(search=query, limit=limit)
    ]


def uncertain(limit: int) -> list[Notice]:
    """Outside effects of which nobody can tell whether they happened, oldest first."""
    return [
        Notice(
            title=_("Did “%(step)s” happen?") % {"step": effect.path},
            text=_("The request was sent and no answer came. Look, then say so; nothing is sent twice without you."),
            url=f"{reverse('workflows:run_detail', args=[effect.run_id])}?{urlencode({'step': effect.path})}#step",
            icon="hand",
            at=effect.sent_at,
        )
        for effect in selectors.list_effects_in_review(limit=limit)
    ]


def running(request: HttpRequest) -> dict[str, Any] | None:
    """Home's card: how many runs are live, and the latest of them; nothing when there are none."""
    counts = insight.count_live()
    total = sum(counts.values())
    return {"counts": counts, "total": total, "runs": insight.list_live_runs(limit=5)} if total else None
