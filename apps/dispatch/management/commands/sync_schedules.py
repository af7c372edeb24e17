"""`manage.py sync_schedules`: bring schedules in the database in line with the code."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.dispatch.scheduling import sync_schedules


class Command(BaseCommand):
    """Running it again changes nothing. Intervals and switches that staff changed stay."""

    help = "Register the schedules of all apps, give each tenant its due times, and set up beat's metronome."

    def handle(self, *_args: Any, **_options: Any) -> None:
        """Sync and report."""
        report = sync_schedules()
        self.stdout.write(
            f"{report.schedules} schedules, {report.removed} removed, {report.firings} due times, "
            f"metronome every {report.metronome_s} s"
        )
