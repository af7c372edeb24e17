"""`manage.py replay`: start a run again from its record."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.core.errors import PlatformError
from apps.tenants.facade import get_tenant, tenant_context
from apps.workflows import facade


class Command(BaseCommand):
    """Prints the new run's id. Exit code 1 with the reason when it cannot be done."""

    help = (
        "Replay a run: a new run of the same version with the same inputs. Effects that happened are answered from the "
        "record; with --new-generation they happen again. With --retry a failed run goes on itself instead."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("tenant", help="The workspace's slug.")
        parser.add_argument("run", help="The run's id.")
        parser.add_argument("--from-step", help="Begin at the latest visit of this step.")
        parser.add_argument(
            "--retry", action="store_true", help="Continue the failed run instead of starting a new one."
        )
        parser.add_argument(
            "--new-generation", action="store_true", help="Choose new idempotency keys: outside effects happen again."
        )
        parser.add_argument("--actor", default="command line", help="Who asks, for the record.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Replay or retry."""
        try:
            run_id = UUID(options["run"])
        except ValueError as error:
            raise CommandError(f"{options['run']!r} is not a run id.") from error
        choice = {"run_id": run_id, "from_step": options["from_step"], "new_generation": options["new_generation"]}
        try:
            with tenant_context(get_tenant(slug=options["tenant"])):
                if options["retry"]:
                    facade.retry_run(**choice, actor=options["actor"])
                    self.stdout.write(str(run_id))
                else:
                    self.stdout.write(str(facade.replay_run(**choice)))
        except PlatformError as error:
            raise CommandError(f"{error.text} [{error.code}]") from error
