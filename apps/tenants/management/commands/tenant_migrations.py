"""`manage.py tenant_migrations`: what deploys did in each workspace."""

from typing import Any

from django.core.management.base import CommandParser

from apps.tenants.enums import MigrationState
from apps.tenants.management.base import PlatformCommand
from apps.tenants.models import TenantMigration


class Command(PlatformCommand):
    """Reads the status table."""

    help = "Show the status of migrations per workspace, the latest first."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--failed", action="store_true", help="Only those that failed or were interrupted.")
        parser.add_argument("--limit", type=int, default=50, help="Rows to show (default: 50).")

    def run(self, **options: Any) -> None:
        """Print one line per row, with the error below it."""
        rows = TenantMigration.objects.select_related("tenant").order_by("-started_at")
        if options["failed"]:
            rows = rows.exclude(state=MigrationState.DONE)
        for row in rows[: options["limit"]]:
            self.say(f"{row.started_at:%Y-%m-%d %H:%M:%S}  {row.state:<8} {row.tenant.slug:<30} {row.app}.{row.name} "
                     f"({row.way}, {row.duration_ms or 0} ms, attempt {row.attempts})")  # fmt: skip
            if row.error:
                self.say(f"    {row.error.splitlines()[0]}")
