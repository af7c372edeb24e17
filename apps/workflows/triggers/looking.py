"""Reads for the pages about triggers."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from apps.workflows.models import Firing, Trigger
from apps.workflows.triggers import calendar, firing, wording
from apps.workflows.triggers.enums import TriggerKind
from apps.workflows.triggers.hearing import events_of
from apps.workflows.triggers.types import TRIGGER_TYPES

SHOWN, DAYS, MOST_A_TRIGGER = 200, 14, 500


@dataclass(frozen=True, kw_only=True)
class TriggerLine:
    """One trigger in a list: its row, what it does in words, its icon and kind's name."""

    row: Trigger
    words: str
    icon: str
    title: str


def lines(*, workflow: str = "") -> list[TriggerLine]:
    """Triggers of the workspace, or of one workflow, those due soonest first."""
    rows = Trigger.objects.select_related("workflow").filter(
        removed_at__isnull=True, workflow__archived_at__isnull=True
    )
    if workflow:
        rows = rows.filter(workflow__slug=workflow)
    far = firing.database_now() + timedelta(days=36_500)
    found = sorted(rows[:SHOWN], key=lambda row: (row.next_at or far, row.workflow.name, row.slug))
    return [line_of(row) for row in found]


def line_of(row: Trigger) -> TriggerLine:
    """One of them."""
    entry = TRIGGER_TYPES.get(row.kind)
    return TriggerLine(row=row, words=words_of(row), icon=entry.icon, title=str(entry.title))


def words_of(row: Trigger) -> str:
    """What starts it, in words."""
    if row.kind == TriggerKind.SCHEDULE:
        return f"{wording.describe(row.config)} ({row.config.get('zone', 'UTC')})"
    if row.kind in (TriggerKind.EVENT, TriggerKind.CONNECTOR):
        return ", ".join(events_of(row))
    return str(row.config.get("task_type", "")) if row.kind == TriggerKind.TASK else ""


def strip(found: list[TriggerLine], *, zone: ZoneInfo, now: datetime) -> list[tuple[date, int]]:
    """How many starts each of the next days has, in the reader's zone."""
    today = now.astimezone(zone).date()
    counts: Counter[date] = Counter()
    until = now + timedelta(days=DAYS)
    for line in found:
        if line.row.next_at is not None:
            upcoming = firing.rule_of(line.row).between(now, until)
            counts.update(moment.astimezone(zone).date() for moment in islice(upcoming, MOST_A_TRIGGER))
    return [(day, counts[day]) for day in (today + timedelta(days=n) for n in range(DAYS))]


def preview(
    config: Mapping[str, Any], *, anchor: datetime, now: datetime, count: int = 5
) -> list[tuple[datetime, datetime]]:
    """The next starts: the instant, and the time on the trigger's own clock. Raises ``calendar.RuleProblem``."""
    rule = calendar.parse(config, anchor=anchor)
    return [(moment, moment.astimezone(rule.zone)) for moment in rule.preview(now, count=count)]


def latest_firings(row: Trigger, *, limit: int = 50) -> list[Firing]:
    """What it was started by lately, newest first."""
    return list(Firing.objects.filter(trigger=row).order_by("-created_at")[:limit])
