"""`manage.py demo`: what `make run` calls before it starts the web pages."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import PlatformError
from apps.portal.demo import prepare_demo


class Command(BaseCommand):
    """Creates the demo."""

    help = (
        "Create the demo: the tenants hq and demo, people to sign in as, and the Notion databases. Safe to repeat; "
        "development settings only. Exit code 1 when something could not be created."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--migrate", action="store_true", help="Apply missing migrations first.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Create what is missing and say what there is."""
        if options["migrate"]:
            self._say("migrations")
            call_command("migrate", verbosity=0)
        try:
            demo = prepare_demo(say=self._say)
        except PlatformError as error:
            raise CommandError(f"{error.text} {error.detail} [{error.code}]") from error
        notion = "connected" if demo.notion_connected else "not connected (NOTION_TOKEN is not set)"
        self._say(f"Tenants {demo.operator.slug} and {demo.tenant.slug} are ready; Notion is {notion}.")

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()
