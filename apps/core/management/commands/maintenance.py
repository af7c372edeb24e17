"""``manage.py maintenance on --minutes 15`` shows visitors a page instead of the product; ``off`` ends it."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.maintenance import begin, end


class Command(BaseCommand):
    """See the module."""

    help = "Show a maintenance page (on) or the product (off); takes effect within a second, without a restart."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("state", choices=["on", "off"], help="What visitors are to see from now on.")
        parser.add_argument("--minutes", type=int, default=0, help="Tell visitors when it ends.")

    def handle(self, **options: Any) -> None:
        if not 0 <= options["minutes"] <= 10_000:
            raise CommandError("--minutes takes 0 to 10000.")
        if options["state"] == "on":
            begin(minutes=options["minutes"])
            self.stdout.write("Maintenance is on: visitors see a page that says so.")
        else:
            self.stdout.write("Maintenance is off." if end() else "Maintenance was off already.")
