"""What the commands of connectors share: which tenants and connections, and errors as one line with an exit code."""

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.connectors import facade
from apps.connectors.contracts import ConnectionView
from apps.core.errors import InvalidInput, NotFound, PlatformError
from apps.tenants import facade as tenants

EXITS = "Exit codes: 0 done, 1 something failed, 2 input refused, 3 unknown workspace or no Notion connection."


class ConnectionCommand(BaseCommand):
    """A command for the Notion connections of one workspace, or of all."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments every command has."""
        parser.add_argument("--tenant", help="Slug of one workspace (default: every active workspace).")

    def each(self, slug: str | None) -> Iterator[ConnectionView]:
        """Connections one by one, each inside its workspace's context. Raises ``CommandError`` when there are none."""
        try:
            chosen = [tenants.get_tenant(slug=slug)] if slug else tenants.list_active_tenants()
        except PlatformError as error:
            raise self.refused(error) from error
        found = False
        for tenant in chosen:
            with tenants.tenant_context(tenant):
                for view in facade.list_connections():
                    if view.connector == "notion" and view.state != "disabled":
                        found = True
                        self.prefix = f"{tenant.slug} · {view.name}"
                        yield view
        if not found and slug:
            raise CommandError(
                f"{slug} has no Notion connection. Connect one with notion_setup --token ... --parent ...", returncode=3
            )

    prefix = ""

    def say(self, text: str) -> None:
        """One line of output."""
        self.stdout.write(f"{self.prefix}: {text}" if self.prefix else text)

    def refused(self, error: PlatformError) -> CommandError:
        """The error as one line (and one per input at fault) with its exit code."""
        lines = [
            f"{self.prefix + ': ' if self.prefix else ''}{error.text} ({error.code})",
            *(f"  {name}: {text}" for name, text in error.fields.items()),
        ]
        return CommandError(
            "\n".join(lines),
            returncode=2 if isinstance(error, InvalidInput) else 3 if isinstance(error, NotFound) else 1,
        )

    def finish(self, failed: list[PlatformError], *, of: int) -> None:
        """Raise the exit code of a run in which some connections failed."""
        if failed and of == 1:
            raise self.refused(failed[0])
        if failed:
            self.prefix = ""
            raise CommandError(f"{len(failed)} of {of} connections failed.", returncode=1)

    def handle(self, *args: Any, **options: Any) -> None:
        """The subclass's part."""
        raise CommandError("This command has no work to do.")
