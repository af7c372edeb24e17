"""`manage.py smoke`: the same as `make smoke`."""

from argparse import REMAINDER, ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from apps.portal.smoke import run


class Command(BaseCommand):
    """The loop over sandbox rows in an installation of its own."""

    help = "Answer a handful of sandbox Notion rows and print one line per row. Exit code 1 when a row got no answer."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Options."""
        parser.add_argument("arguments", nargs=REMAINDER, help="--within SECONDS")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run it."""
        raise SystemExit(run(options["arguments"]))
