"""Stop a local installation, or what a killed one left behind."""

from typing import Any

from django.core.management.base import BaseCommand

from apps.core.embedded.launcher import stop_installation
from apps.core.embedded.places import Places


class Command(BaseCommand):
    """Ends the launcher of this checkout, its processes and its servers."""

    help = "Stop everything that `make run` started here, also after it was killed."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(stop_installation(Places.of_this_process()))
