"""A schedule as a form: one question how often, then only what that needs; in words, with the next starts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone
from django.utils.translation import gettext as _

from apps.workflows.builder.fields import MISSING, Node, Reader, build
from apps.workflows.models import Trigger
from apps.workflows.triggers import calendar, looking, wording
from apps.workflows.triggers.enums import Overlap, TriggerKind
from apps.workflows.triggers.forms import DAY_NAMES, KINDS, zones
from apps.workflows.triggers.types import SCHEDULE_SCHEMA

Json = Any
RULES = tuple(kind for kind, _title in KINDS)
PROPERTIES: Mapping[str, Any] = SCHEDULE_SCHEMA["properties"]
FIRST: Mapping[str, Json] = {
    "every_minutes": 15, "every_hours": 1, "daily": {"at": "09:00"}, "weekly": {"at": "09:00", "days": ["mon"]},
    "monthly": {"at": "09:00", "day": 1}, "cron": "0 9 * * 1-5",
}  # fmt: skip


def beginning() -> dict[str, Json]:
    """What a new schedule says: every day at nine in the person's own zone."""
    return {"daily": {"at": "09:00"}, "zone": _here()}


def _here() -> str:
    return str(timezone.get_current_timezone())


def rule_in(config: Mapping[str, Json]) -> str:
    """Which of the rules a schedule has; daily when it has none."""
    return next((name for name in RULES if name in config), "daily")


def nodes(config: Mapping[str, Json]) -> list[Node]:
    """The fields for the rule there is, then those every schedule has."""
    rule = rule_in(config)
    kind = Node(name="rule", kind="choice", label=_("How often"), text=rule, required=True, structure=True)
    kind.choices = [(name, str(title)) for name, title in KINDS]
    return [kind, *_rule_nodes(rule, config.get(rule)), *_common(config)]


def _rule_nodes(rule: str, value: Json) -> list[Node]:
    found = build(f"with.{rule}", PROPERTIES[rule], value, required=True)
    found.label = {name: str(title) for name, title in KINDS}[rule]
    if rule in ("every_minutes", "every_hours"):
        found.label = _("Every how many")
    if rule == "cron":
        found.label = _("Cron expression")
        found.help = _("Minute, hour, day, month, weekday. Example: 0 9 * * 1-5 (weekdays at 9:00).")
    for child in found.children:
        child.required = True
        if child.last == "at":
            child.label, child.format = _("At"), "time"
        elif child.last == "day":
            child.label, child.help = _("Day of the month"), _("31 is the last day of every month.")
        elif child.last == "days":
            child.label, child.ticked = _("Days"), [one.text for one in child.children]
            child.kind, child.children = "checks", []
            child.choices = [(name, str(title)) for name, title in DAY_NAMES]
    return [found] if found.kind != "object" else found.children


def _common(config: Mapping[str, Json]) -> list[Node]:
    def node(name: str, label: str, text: str = "") -> Node:
        found = build(f"with.{name}", PROPERTIES[name], config.get(name), label=label)
        found.help = text
        return found

    zone = node("zone", _("Time zone"), _("The clock the rule is about. Default: UTC."))
    zone.kind, zone.choices = "choice", zones()
    missed = node(
        "missed", _("Starts that were missed"), _("When nothing could run at the time. Default: made up for once.")
    )
    missed.choices = [
        ("once", _("Make up for them once")),
        ("skip", _("Leave them out")),
        ("all", _("Make up for each of them")),
    ]
    found = [zone, missed]
    if config.get("missed") == "all":
        found.append(node("missed_limit", _("At most how many"), _("Default: 10.")))
    if config.get("missed") == "skip":
        grace = node("grace_s", _("How late is still on time (seconds)"), _("Default: 300."))
        found.append(grace)
    missed.structure = True
    overlap = node("overlap", _("While the last run still goes on"), _("Default: start anyway."))
    overlap.choices = [(value, str(label)) for value, label in Overlap.choices]
    starts = node("starts_at", _("Not before"), _("Day and time, for example 2027-01-31T09:00. Default: at once."))
    ends = node("ends_at", _("Not from this moment on"), _("Day and time. Default: without end."))
    return [*found, overlap, starts, ends]


def read(config: Mapping[str, Json], sent: Mapping[str, Any], reader: Reader) -> dict[str, Json]:
    """The rule that was chosen in place of the one there was; a new one begins with something sensible."""
    before = rule_in(config)
    rule = sent.get("rule") if sent.get("rule") in RULES else before
    found: dict[str, Json] = {}
    if rule == before:
        value = reader.value(f"with.{rule}", PROPERTIES[rule], config.get(rule))
        empty: Json = {} if rule in ("daily", "weekly", "monthly") else ""
        found[rule] = empty if value is MISSING else value
    else:
        found[str(rule)] = FIRST[str(rule)]
    return found


def preview(config: Mapping[str, Json], row: Trigger | None, now: datetime) -> dict[str, Any]:
    """The schedule in words with its next five starts, empty while it says nothing that could be kept."""
    same_rule = row is not None and row.kind == TriggerKind.SCHEDULE
    try:
        starts = looking.preview(config, anchor=row.anchor_at if row is not None and same_rule else now, now=now)
        words = wording.describe(config)
    except (calendar.RuleProblem, KeyError, TypeError, ValueError):
        return {}
    zone = str(config.get("zone", "UTC"))
    return {"words": words, "preview": starts, "zone": zone, "moves": _moves(zone, now)}


def _moves(zone: str, now: datetime) -> bool:
    """Whether the zone's clock is put forward and back."""
    try:
        known = ZoneInfo(zone)
    except (ValueError, OSError, KeyError):
        return False
    offsets = {datetime(now.year, month, 15, tzinfo=known).utcoffset() for month in range(1, 13)}
    return len(offsets) > 1
