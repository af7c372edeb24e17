"""`manage.py preflight`: is everything outside the code there, strong and fit, before traffic comes?"""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from apps.core.preflight import Finding, Outcome, as_json, preflight_checks, run_checks

SIGNS = {Outcome.OK: "ok", Outcome.SKIPPED: "--", Outcome.WARNING: "!!", Outcome.FAILED: "XX"}


class Command(BaseCommand):
    """Exit code 0 when nothing failed, else 1."""

    help = (
        "Check database, broker, keys, credentials, checkout and migrations; one line each, exit code 1 on any failure."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Options."""
        names = sorted(check.name for check in preflight_checks)
        parser.add_argument("--json", action="store_true", help="Print one JSON object with every finding.")
        parser.add_argument(
            "--only", action="append", default=[], choices=names, help="Run this check only; repeatable."
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run the checks and report."""
        findings: list[tuple[str, Finding]] = []
        for name, finding in run_checks(names=tuple(options["only"])):
            findings.append((name, finding))
            if not options["json"]:
                self._line(name, finding)
        failures = [name for name, finding in findings if finding.outcome is Outcome.FAILED]
        if options["json"]:
            self.stdout.write(
                json.dumps({"passed": not failures, "checks": [as_json(*found) for found in findings]}, indent=2)
            )
        else:
            self.stdout.write(
                f"{len(findings)} checks, {len(failures)} failed" + (f": {', '.join(failures)}" if failures else "")
            )
        if failures:
            sys.exit(1)

    def _line(self, name: str, finding: Finding) -> None:
        step = f"  -> {finding.next_step}" if finding.next_step else ""
        self.stdout.write(f"{SIGNS[finding.outcome]}  {name:<14} {finding.message}{step}")
