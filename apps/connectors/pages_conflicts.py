"""Cells that were changed here and in Notion: both values side by side, and a person's choice."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from apps.accounts.guards import held_permissions, permission_required
from apps.connectors import facade, selectors
from apps.connectors.contracts import ConflictView
from apps.connectors.enums import ConflictState
from apps.connectors.providers.notion.conflicts import is_reversible
from apps.core.errors import PlatformError

LISTED = 30
DECIDED = 20


@require_GET
@permission_required("connections.view")
def conflict_list(request: HttpRequest) -> HttpResponse:
    """Open conflicts first, then the latest decisions."""
    context = {
        "open": [_shown(one) for one in facade.list_conflicts(limit=LISTED)],
        "total": facade.count_open_conflicts(),
        "decided": [_shown(one) for one in selectors.list_decided_conflicts(limit=DECIDED)],
        "may_resolve": "conflicts.resolve" in held_permissions(request),
        "now": timezone.now(),
    }
    return render(request, "connectors/conflict_list.html", context)


@require_POST
@permission_required("conflicts.resolve")
def conflict_resolve(request: HttpRequest, conflict_id: UUID) -> HttpResponse:
    """Take one of the two values. The first decision stands."""
    try:
        view = facade.resolve_conflict(conflict_id, request.POST.get("choice", ""), user_id=request.user.pk)
    except PlatformError as error:
        if error.status == 404:
            raise
        messages.error(request, error.text)
        return redirect("connections:conflict_list")
    kept = _("our value") if view.state == ConflictState.KEPT_OURS else _("Notion's value")
    undo = reverse("connections:conflict_reverse", args=[conflict_id])
    messages.success(request, _("“%(column)s” now holds %(which)s.") % {"column": view.property, "which": kept},
                     extra_tags=f"undo:{undo}")  # fmt: skip
    return redirect("connections:conflict_list")


@require_POST
@permission_required("conflicts.resolve")
def conflict_reverse(request: HttpRequest, conflict_id: UUID) -> HttpResponse:
    """Take the other value after all."""
    try:
        view = facade.reverse_conflict(conflict_id, user_id=request.user.pk)
        messages.success(request, _("“%(column)s” goes back to the other value.") % {"column": view.property})
    except PlatformError as error:
        if error.status == 404:
            raise
        messages.error(request, error.text)
    return redirect("connections:conflict_list")


def _shown(view: ConflictView) -> dict[str, Any]:
    labels = dict(ConflictState.choices)
    return {
        "view": view,
        "ours": _text(view.ours),
        "theirs": _text(view.theirs),
        "base": _text(view.base),
        "state": labels.get(view.state, view.state),
        "reversible": is_reversible(view.state, view.resolved_at),
    }


def _text(value: Any) -> str:
    """A cell's value as people read it; "" for an empty one."""
    if isinstance(value, bool):
        return _("ticked") if value else _("not ticked")
    if isinstance(value, list):
        return ", ".join(_text(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(part)}" for name, part in value.items() if part not in (None, ""))
    return "" if value is None else str(value)
