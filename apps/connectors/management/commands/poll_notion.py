"""`manage.py poll_notion --tenant acme`: read what people edited in Notion, now."""

import time
from typing import Any

from django.core.management.base import CommandError, CommandParser

from apps.connectors import facade
from apps.connectors.contracts import ConnectionView
from apps.connectors.management.base import EXITS, ConnectionCommand
from apps.core.errors import PlatformError


class Command(ConnectionCommand):
    """Polls once, or every so many seconds."""

    help = f"Poll Notion once for one workspace or all; workers do the same every 60 seconds. {EXITS}"

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments."""
        super().add_arguments(parser)
        parser.add_argument("--database", metavar="KEY", help="Only this database, by its key.")
        parser.add_argument("--every", type=float, metavar="SECONDS", help="Go on polling until stopped; at least 5.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Poll and print one line per connection."""
        if options["every"] is not None and options["every"] < 5:
            raise CommandError("--every takes at least 5 seconds.", returncode=2)
        while True:
            self._once(options["tenant"], options["database"])
            if options["every"] is None:
                return
            try:
                time.sleep(options["every"])
            except KeyboardInterrupt:
                return

    def _once(self, slug: str | None, database: str | None) -> None:
        failed, count = [], 0
        for view in self.each(slug):
            count += 1
            try:
                self._poll(view, database)
            except PlatformError as error:
                failed.append(error)
                self.stderr.write(f"{self.prefix}: {error.text} ({error.code})")
        self.finish(failed, of=count)

    def _poll(self, view: ConnectionView, database: str | None) -> None:
        report = facade.notion_poll(view.id, database_key=database)
        busy = f", being read by a worker: {', '.join(report.skipped)}" if report.skipped else ""
        self.say(f"{report.databases} databases, {report.rows} rows looked at, {report.delivered} changes, "
                 f"{report.removed} removed, {report.failed} failed, {report.calls} calls{busy}")  # fmt: skip
