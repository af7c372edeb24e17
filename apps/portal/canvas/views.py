"""The Living Canvas page."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from apps.accounts.guards import held_permissions, permission_required
from apps.live import facade as live
from apps.portal.canvas.drawing import frames
from apps.portal.canvas.picture import Picture, draw
from apps.workflows import facade as workflows


@require_GET
@permission_required("runs.view")
def canvas(request: HttpRequest) -> HttpResponse:
    """The last day's runs as strands from where they came from to what became of them, live; and the same as a list."""
    position = live.position()
    picture = draw(workflows.list_day_flows(), workflows.list_live_steps())
    context: dict[str, Any] = {
        "picture": picture,
        "frames": frames(picture, mirrored=get_language_bidi()),
        "spoken": _spoken(picture),
        "workflows": picture.of("workflow"),
        "sources": picture.of("source"),
        "outcomes": picture.of("outcome"),
        "position": position,
        "can_create": "tasks.create" in held_permissions(request),
    }
    fragment = request.headers.get("X-Fragment") == "1"
    return render(request, "portal/_canvas.html" if fragment else "portal/canvas.html", context)


def _spoken(picture: Picture) -> str:
    """The picture in one sentence, for people who do not see it."""
    told = {node.key: node.count for node in picture.of("outcome")}
    return _(
        "%(workflows)d workflows in the last day: %(done)d runs done, %(live)d under way, %(person)d wait for a person, "
        "%(failed)d failed or cancelled. The same is in the list after this picture."
    ) % {
        "workflows": len(picture.of("workflow")),
        "done": told.get("succeeded", 0),
        "live": told.get("under_way", 0),
        "person": told.get("person", 0),
        "failed": told.get("failed", 0),
    }
