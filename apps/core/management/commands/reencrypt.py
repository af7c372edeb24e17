"""`manage.py reencrypt`: bring stored secrets to the newest key, so that an old one can be retired."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.core import crypto
from apps.core.reencryption import reencrypt_all


class Command(BaseCommand):
    """Exit code 0 when every secret opened, 1 when some did not; those are listed and left as they are."""

    help = "Re-encrypt stored secrets of all schemas with the first key of ENCRYPTION_KEYS. Safe to run again and while in use."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument(
            "--dry-run", action="store_true", help="Open everything, write nothing, report what would change."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Move column by column and report."""
        moved = current = failed = 0
        for report in reencrypt_all(dry_run=options["dry_run"]):
            moved, current, failed = moved + report.moved, current + report.current, failed + len(report.failed)
            if report.moved or report.failed:
                self.stdout.write(
                    f"{report.schema}  {report.column}  {report.moved} moved, {len(report.failed)} unreadable"
                )
            for key in report.failed:
                self.stderr.write(f"{report.schema}  {report.column}  row {key} does not open with any key of the ring")
        verb = "would be moved" if options["dry_run"] else "moved"
        key_id = crypto.keyring().current[0]
        self.stdout.write(f"{moved} {verb} to key {key_id!r}, {current} were there already, {failed} unreadable")
        if failed:
            sys.exit(1)
