"""The line at the side bar's foot: one sentence of how things really are, from probes and from this workspace's own data.

The platform's part is measured at most every ``PLATFORM_SECONDS`` per process, the workspace's part every
``WORKSPACE_SECONDS`` per tenant, so that the line costs a page nothing most of the time.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.connectors.facade import list_connections
from apps.core.health import recent
from apps.tenants.facade import current_tenant, public_context

PLATFORM_SECONDS = 15.0
WORKSPACE_SECONDS = 15.0
KEPT_TENANTS = 2_000
STALE_MINUTES = 10


@dataclass(frozen=True, kw_only=True)
class Line:
    """``tone`` is ok, wait (slower than usual, or somebody should look) or bad (work stands still)."""

    tone: str
    text: str


@dataclass(frozen=True, kw_only=True)
class _Workspace:
    connected: int = 0
    down: str = ""
    polled_at: datetime | None = None
    pending: int = 0


class _Kept:
    """Measured values with the moment they grow old; shared by the process's threads, never across tenants."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._values: dict[Any, tuple[float, Any]] = {}

    def get(self, key: Any, measure: Any) -> Any:
        """The value by key, measured now when it is missing or old."""
        with self._lock:
            until, value = self._values.get(key, (0.0, None))
        if time.monotonic() < until:
            return value
        value = measure()
        with self._lock:
            if len(self._values) > KEPT_TENANTS:
                self._values.clear()
            self._values[key] = (time.monotonic() + self._seconds, value)
        return value

    def forget(self) -> None:
        """Measure afresh next time."""
        with self._lock:
            self._values.clear()


_platform = _Kept(PLATFORM_SECONDS)
_workspaces = _Kept(WORKSPACE_SECONDS)


def guardian_line() -> Line:
    """The worst true thing in one sentence, for the current tenant; good news only when there is no bad."""
    tenant = current_tenant()
    failed: frozenset[str] = _platform.get("probes", _failed_probes)
    if failed & {"database", "migrations"}:
        return Line(
            tone="bad", text=_("Part of the system does not answer. Nothing is lost; work goes on when it is back.")
        )
    if "workers" in failed:
        return Line(tone="bad", text=_("No worker is keeping up: tasks wait and start when one is back."))
    return _of_workspace(_workspaces.get((tenant.id, tenant.epoch), _measure_workspace), slow="broker" in failed)


def forget() -> None:
    """Measure everything afresh at the next page, for tests."""
    _platform.forget()
    _workspaces.forget()


def _failed_probes() -> frozenset[str]:
    with public_context():
        answer = recent.get()
    return frozenset(name for name, result in answer["probes"].items() if result["state"] == "failed")


def _measure_workspace() -> _Workspace:
    views = [view for view in list_connections() if view.state != "disabled"]
    down = next((view.name or view.connector for view in views if view.health == "down"), "")
    polled = [view.polled_at for view in views if view.polled_at is not None]
    return _Workspace(
        connected=len(views),
        down=down,
        polled_at=min(polled) if polled else None,
        pending=sum(view.pending_pushes for view in views),
    )


def _of_workspace(state: _Workspace, *, slow: bool) -> Line:
    if state.down:
        return Line(
            tone="bad", text=_("%(name)s does not answer. Reconnect it; nothing is lost.") % {"name": state.down}
        )
    minutes = int((timezone.now() - state.polled_at).total_seconds() // 60) if state.polled_at else 0
    if minutes >= STALE_MINUTES:
        text = ngettext("Notion was last read %(n)d minute ago.", "Notion was last read %(n)d minutes ago.", minutes)
        return Line(tone="wait", text=text % {"n": minutes})
    if slow:
        return Line(tone="wait", text=_("Working, but wake-ups are out: new work starts up to half a minute later."))
    if state.pending:
        text = ngettext(
            "All well. %(n)d change is on its way to Notion.",
            "All well. %(n)d changes are on their way to Notion.",
            state.pending,
        )
        return Line(tone="ok", text=text % {"n": state.pending})
    if state.polled_at:
        text = ngettext("All well. Notion read %(n)d minute ago.", "All well. Notion read %(n)d minutes ago.", minutes)
        return Line(tone="ok", text=text % {"n": minutes} if minutes else _("All well. Notion was read just now."))
    return Line(tone="ok", text=_("All well. Workers are ready."))
