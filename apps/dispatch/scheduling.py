"""Keeps schedule rows and beat's metronome in line with the code."""

from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from apps.dispatch.models import Firing, ScheduleEntry
from apps.dispatch.registries import schedules
from apps.dispatch.sql import schedule

METRONOME = "dispatch.tick"
METRONOME_S = 5


@dataclass(frozen=True, kw_only=True)
class SyncReport:
    """What is in the database after a sync."""

    schedules: int
    removed: int
    firings: int
    metronome_s: int


def sync_params() -> dict[str, Any]:
    """The registered schedules as columns."""
    known = list(schedules)
    return {
        "names": [one.name for one in known],
        "kinds": [one.kind for one in known],
        "scopes": [str(one.scope) for one in known],
        "queues": [str(one.queue) for one in known],
        "everys": [float(one.every_s) for one in known],
        "overlaps": [one.overlap for one in known],
        "timeouts": [float(one.timeout_s) for one in known],
    }


def sync_schedules() -> SyncReport:
    """Upsert every registered schedule, remove those that left the code, plant due times, and create beat's one entry."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(schedule.SYNC, sync_params())
        stale = ScheduleEntry.objects.exclude(name__in=[one.name for one in schedules])
        removed = stale.count()
        stale.delete()
        with connection.cursor() as cursor:
            cursor.execute(schedule.PLANT)
        seconds = _sync_metronome()
    return SyncReport(
        schedules=ScheduleEntry.objects.count(), removed=removed, firings=Firing.objects.count(), metronome_s=seconds
    )


def _sync_metronome() -> int:
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    interval, _ = IntervalSchedule.objects.get_or_create(every=METRONOME_S, period=IntervalSchedule.SECONDS)
    task, _ = PeriodicTask.objects.get_or_create(
        name=METRONOME,
        defaults={
            "task": METRONOME,
            "interval": interval,
            "expire_seconds": METRONOME_S * 2,
            "description": "Wakes every worker and has it sweep and fire schedules.",
        },
    )
    return int(task.interval.every) if task.interval else METRONOME_S
