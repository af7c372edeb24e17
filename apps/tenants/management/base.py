"""What the commands of tenancy share: coded errors become one clear line and an exit code."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.core.errors import Conflict, InvalidInput, NotAllowed, NotFound, PlatformError

EXIT_CODES: tuple[tuple[type[PlatformError], int], ...] = (
    (InvalidInput, 2), (NotFound, 3), (Conflict, 4), (NotAllowed, 5), (PlatformError, 1),
)  # fmt: skip
EXITS = "Exit codes: 0 done, 1 failed, 2 input refused, 3 unknown workspace, 4 conflict with the present state, 5 not allowed."


class PlatformCommand(BaseCommand):
    """A command whose ``run`` may raise ``PlatformError``."""

    def run(self, **options: Any) -> None:
        """Do the work; the subclass's part."""
        raise CommandError("This command has no work to do.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Run, and turn a coded error into its exit code."""
        try:
            self.run(**options)
        except PlatformError as error:
            code = next(code for family, code in EXIT_CODES if isinstance(error, family))
            lines = [f"{error.text} ({error.code})", *(f"  {name}: {text}" for name, text in error.fields.items())]
            raise CommandError("\n".join(lines), returncode=code) from error

    def say(self, text: str) -> None:
        """One line of output."""
        self.stdout.write(text)
