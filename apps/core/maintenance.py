"""A page instead of the product while it is being worked on: switched by a file, so that it needs no database and no restart."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import get_language_bidi, get_language_from_request
from django.utils.translation import gettext as _

from apps.core.problems import CONTENT_TYPE, wants_problem

RETRY_SECONDS = 120
LOOK_EVERY_SECONDS = 1.0
OPEN_DOORS = ("/healthz", "/readyz", "/metrics", "/static/")


def switch() -> Path:
    """The file that switches maintenance on by being there; its text is when it ends (ISO 8601), or nothing."""
    return Path(settings.VAR_DIR) / "maintenance"


def begin(*, minutes: int = 0) -> None:
    """Show the page from now on; ``minutes`` tells visitors how long, 0 says nothing. A second call changes the time."""
    path = switch()
    path.parent.mkdir(parents=True, exist_ok=True)
    until = datetime.now(UTC) + timedelta(minutes=minutes)
    path.write_text(until.isoformat(timespec="minutes") if minutes else "")


def end() -> bool:
    """Back to normal. False when it was."""
    was_on = switch().exists()
    switch().unlink(missing_ok=True)
    return was_on


class MaintenanceMiddleware:
    """Answers 503 with ``Retry-After`` while the switch is on; probes, metrics and static files stay reachable."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self._looked_at = float("-inf")
        self._is_on = False

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not self._on() or request.path.startswith(OPEN_DOORS):
            return self.get_response(request)
        headers = {"Retry-After": str(RETRY_SECONDS), "Cache-Control": "no-store"}
        if wants_problem(request):
            document = {
                "type": "urn:echopilot:problem:maintenance",
                "status": 503,
                "code": "maintenance",
                "retryable": True,
            }
            with translation.override(get_language_from_request(request)):
                document |= {"title": _("Under maintenance"), "retry_after": RETRY_SECONDS}
            return JsonResponse(document, status=503, content_type=CONTENT_TYPE, headers=headers)
        with translation.override(get_language_from_request(request)):
            facts = {
                "until": _until(),
                "language": translation.get_language(),
                "direction": "rtl" if get_language_bidi() else "ltr",
            }
            return HttpResponse(render_to_string("errors/maintenance.html", facts), status=503, headers=headers)

    def _on(self) -> bool:
        """Looks at the file at most once a second."""
        if time.monotonic() - self._looked_at >= LOOK_EVERY_SECONDS:
            self._looked_at, self._is_on = time.monotonic(), switch().exists()
        return self._is_on


def _until() -> str:
    """The announced end in words, empty when nothing readable is said or it has passed."""
    try:
        moment = parse_datetime(switch().read_text().strip())
    except (OSError, ValueError):
        return ""
    if moment is None or moment.tzinfo is None or moment < datetime.now(UTC):
        return ""
    return f"{date_format(moment, 'H:i')} UTC"
