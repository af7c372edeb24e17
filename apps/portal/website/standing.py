"""How the installation is doing, from its own health probes; what nothing measures is said to be unknown."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.core.health import recent

# What a visitor knows the probed parts as; a part without a probe of this installation stays unknown.
PARTS: tuple[tuple[str, str | Promise, str | Promise], ...] = (
    ("web", _("Website and portal"), _("This page was answered by it.")),
    ("database", _("Database"), _("Holds every task, answer and decision.")),
    ("migrations", _("Software and data fit together"), _("The running version knows the shape of its data.")),
    ("workers", _("Answering of tasks"), _("Processes that take up tasks and finish them.")),
    ("broker", _("Quick wake-ups"), _("Without it tasks start a few seconds later; nothing is lost.")),
    ("models", _("AI models"), _("Services outside this installation; nothing here asks them unless there is a task.")),
    ("notion", _("Notion"), _("Asked by each workspace with its own account; its connections page shows the state.")),
)
STATES: dict[str, str | Promise] = {"ok": _("Works"), "failed": _("Disturbed"), "unknown": _("Unknown")}


@dataclass(frozen=True, kw_only=True)
class Part:
    """One part; ``state`` is ok, failed or unknown."""

    name: str | Promise
    note: str | Promise
    state: str

    @property
    def label(self) -> str | Promise:
        """The state in a word."""
        return STATES[self.state]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Everything at one moment; ``status`` is ready, degraded or unready."""

    status: str
    parts: list[Part]
    asked_at: datetime


def current_standing() -> Standing:
    """Ask the probes (at most once a second); the reasons of failures stay in the log."""
    answer = recent.get()
    states = {name: result["state"] for name, result in answer["probes"].items()} | {"web": "ok"}
    return Standing(
        status=answer["status"],
        parts=[Part(name=name, note=note, state=states.get(key, "unknown")) for key, name, note in PARTS],
        asked_at=timezone.now(),
    )
