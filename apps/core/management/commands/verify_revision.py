"""`manage.py verify_revision`: which code would answer, and may it?"""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.core.revision import DirtyRevision, UnknownRevision, current_revision, require_clean_revision

DIRTY = 3
UNKNOWN = 4


class Command(BaseCommand):
    """Exit codes: 0 clean, or dirty and allowed; 3 dirty; 4 unknown."""

    help = "Print the code revision; exit with 3 when the checkout is dirty and 4 when the revision is unknown."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        parser.add_argument("--allow-dirty", action="store_true", default=None, help="Accept uncommitted changes.")
        parser.add_argument("--json", action="store_true", help="Print one JSON object.")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Ask git afresh and judge."""
        revision = current_revision(max_age_s=0)
        code, message = 0, "clean"
        try:
            require_clean_revision(allow_dirty=options["allow_dirty"])
            message = "dirty, allowed" if revision.dirty else "clean"
        except DirtyRevision as error:
            code, message = DIRTY, error.text
        except UnknownRevision as error:
            code, message = UNKNOWN, error.text
        if options["json"]:
            self.stdout.write(
                json.dumps(
                    {
                        "commit": revision.commit,
                        "dirty": revision.dirty,
                        "label": revision.label,
                        "diff_hash": revision.diff_hash,
                        "files": revision.files,
                        "verdict": message,
                    }
                )
            )
        else:
            self.stdout.write(f"{revision.label}  {message}")
        if code:
            sys.exit(code)
