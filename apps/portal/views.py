"""The portal's own pages: Home, everything on one page for phones, search, the palette, notifications, the style page."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.http import require_GET

from apps.accounts.guards import held_permissions, permission_required
from apps.core.dashboard import SECTIONS, DashboardCard, dashboard_cards
from apps.core.errors import NotFound, PlatformError
from apps.core.policy import public
from apps.core.search import allowed_actions
from apps.portal import cards, samples
from apps.portal.finding import ASKING, MAX_QUERY, PER_SOURCE_ON_PAGE, find

logger = logging.getLogger("echopilot.portal")

NOTICES = 8
NOTICES_ON_PAGE = 50


@require_GET
@permission_required("workspace.view")
def home(request: HttpRequest) -> HttpResponse:
    """Boss Mode: what needs me, is it healthy, what is running, what does it cost, what changed, in this order."""
    permissions = held_permissions(request)
    chosen = sorted(
        (card for card in dashboard_cards if card.permission in permissions),
        key=lambda card: (SECTIONS.index(card.section), card.order, card.name),
    )
    drawn: dict[str, list[str]] = {section: [] for section in SECTIONS}
    for card in chosen:
        if html := _drawn(request, card):
            drawn[card.section].append(html)
    create = next((action for action in allowed_actions(permissions) if action.creates), None)
    return render(request, "portal/home.html", {"sections": drawn, "create": create, "hour": timezone.localtime().hour})


def _drawn(request: HttpRequest, card: DashboardCard) -> str:
    """One card as markup; a card whose figures cannot be read now is left out and logged, the others still show."""
    try:
        context = card.context(request)
    except PlatformError:
        logger.exception("a card of Home failed", extra={"card": card.name})
        return ""
    return "" if context is None else render_to_string(card.template, {**context, "context": context}, request=request)


@require_GET
@permission_required("workspace.view")
def more(request: HttpRequest) -> HttpResponse:
    """Every page under its group, search first: the fourth place of the phone's bottom bar."""
    return render(request, "portal/more.html")


@require_GET
@permission_required("workspace.view")
def search(request: HttpRequest) -> HttpResponse:
    """Everything by word, number or id, as a page of its own."""
    query = request.GET.get("q", "").strip()[:MAX_QUERY]
    groups = find(query, held_permissions(request), per_source=PER_SOURCE_ON_PAGE)
    return render(request, "portal/search.html", {"query": query, "groups": groups})


@require_GET
@permission_required("workspace.view")
def palette(request: HttpRequest) -> HttpResponse:
    """The palette's list for what was typed, as options of a list box."""
    typed = request.GET.get("q", "")
    context = {
        "groups": find(typed, held_permissions(request)),
        "asking": typed.strip().startswith(ASKING),
        "next": request.GET.get("next", "/"),
    }
    return render(request, "portal/_palette.html", context)


@require_GET
@permission_required("workspace.view")
def notifications(request: HttpRequest) -> HttpResponse:
    """What needs this person and what changed; as a fragment for the bell, else as a page."""
    fragment = request.headers.get("HX-Request") == "true"
    found = cards.notices_of(request, limit=NOTICES if fragment else NOTICES_ON_PAGE)
    return render(request, "portal/_notifications.html" if fragment else "portal/notifications.html", found)


@public(reason="Shown to staff, and to everybody in development; anybody else is told that there is nothing here.")
@require_GET
def style(request: HttpRequest) -> HttpResponse:
    """Every component in every state, on one page: what it looks like, and what the picture tests look at."""
    person: Any = getattr(request, "staff", None) or getattr(request, "outsider", None) or request.user
    if not (settings.DEBUG or getattr(person, "is_staff", False)):
        raise NotFound
    return render(request, "portal/style.html", samples.samples(request))
