"""`manage.py refill_schema_pool`: keep empty schemas ready for sign-ups."""

from typing import Any

from django.core.management.base import CommandParser

from apps.tenants.conf import POOL_SIZE
from apps.tenants.management.base import PlatformCommand
from apps.tenants.schemas.pool import refill_pool


class Command(PlatformCommand):
    """Makes schemas until the pool is full and drops outdated ones."""

    help = "Fill the pool of empty schemas and drop those of earlier migrations. The worker does the same every 20 s."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument(
            "--size", type=int, default=POOL_SIZE, help=f"Schemas to keep ready (default: {POOL_SIZE})."
        )

    def run(self, **options: Any) -> None:
        """Refill."""
        self.say(f"{refill_pool(size=options['size'])} made, {options['size']} ready.")
