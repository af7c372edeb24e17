"""`manage.py migrate_tenants`: bring tenant schemas to the present migrations."""

from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.tenants.management.base import PlatformCommand
from apps.tenants.migrating.run import Report, migrate_tenants
from apps.tenants.migrating.status import list_groups


class Command(PlatformCommand):
    """Safe to stop and run again, and to run twice at once."""

    help = (
        "Apply missing migrations in every workspace's schema: SQL collected once, applied in parallel, resumable. "
        "Exit codes: 0 all current, 1 some failed (see `tenant_migrations`), 2 input refused."
    )
    requires_system_checks: list[str] = []  # like Django's own migrate; `check` and `preflight` are steps of their own

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--jobs", type=int, default=4, help="Database connections used at once (default: 4).")
        parser.add_argument("--canary", action="append", default=[], metavar="SLUG",
                            help="Goes first; when it fails nobody else is touched. Repeatable.")  # fmt: skip
        parser.add_argument("--tenant", action="append", default=[], metavar="SLUG", help="Only this one. Repeatable.")
        parser.add_argument("--plan", action="store_true", help="Show what is missing and change nothing.")

    def run(self, **options: Any) -> None:
        """Migrate and report."""
        if options["plan"]:
            self._plan(options["tenant"])
            return
        report = migrate_tenants(
            jobs=options["jobs"],
            canaries=options["canary"],
            slugs=options["tenant"],
            progress=self._progress(options["verbosity"]),
        )
        self.say(summary(report))
        if report.failed or report.untried:
            raise CommandError(
                "Some workspaces are not current. See `manage.py tenant_migrations --failed`.", returncode=1
            )

    def _plan(self, slugs: list[str]) -> None:
        for group in list_groups(slugs=slugs):
            missing = ", ".join(".".join(planned.key) for planned in group.pending) or "nothing"
            self.say(f"{len(group.tenants)} workspaces lack {missing}")

    def _progress(self, verbosity: int) -> Any:
        def note(slug: str, error: str) -> None:
            if error:
                self.stderr.write(f"{slug}: {error.splitlines()[0]}")
            elif verbosity > 1:
                self.say(f"{slug}: migrated")

        return note


def summary(report: Report) -> str:
    """One line about a run."""
    parts = [f"{report.total} workspaces", f"{report.current} were current", f"{len(report.migrated)} migrated"]
    if report.failed:
        parts.append(f"{len(report.failed)} failed")
    if report.untried:
        parts.append(f"{len(report.untried)} not tried")
    return f"{', '.join(parts)} in {report.seconds:.1f} s."
