"""`manage.py notion_setup --tenant acme [--dry-run]`: create, check and repair the databases in Notion."""

import os
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError, CommandParser

from apps.connectors import facade
from apps.connectors.contracts import ConnectionView, SchemaDiff
from apps.connectors.management.base import EXITS, ConnectionCommand
from apps.connectors.providers.notion import schema
from apps.connectors.registries import notion_databases
from apps.core.errors import PlatformError
from apps.tenants import facade as tenants


class Command(ConnectionCommand):
    """Brings every declared database in Notion into its declared shape."""

    help = (
        "Create, check and repair the declared Notion databases. Nothing of the user's is deleted or converted. "
        f"A database that exists already can be named by its variable (AUTOMATION_QUEUE_DB_ID and so on) or with --use. {EXITS}"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Arguments."""
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="Print the differences and change nothing.")
        parser.add_argument(
            "--shadow-columns", action="store_true", help="Add a column of the right type beside one of another type."
        )
        parser.add_argument(
            "--use", action="append", default=[], metavar="KEY=DATABASE_ID", help="Use an existing database."
        )
        parser.add_argument("--token", help="Connect first, with this integration token (default: NOTION_TOKEN).")
        parser.add_argument("--parent", help="Page under which databases are created (default: NOTION_PARENT_PAGE_ID).")

    def handle(self, *args: Any, **options: Any) -> None:
        """Connect when asked, then compare and repair each connection."""
        existing = self._existing(options["use"])
        if options["token"] or options["parent"]:
            self._connect(options)
        failed, count = [], 0
        for view in self.each(options["tenant"]):
            count += 1
            try:
                diff = schema.sync(connection_id=view.id, dry_run=options["dry_run"], shadow_columns=options["shadow_columns"],
                                   database_ids=existing)  # fmt: skip
                self._print(view, diff)
            except PlatformError as error:
                failed.append(error)
                self.stderr.write(f"{self.prefix}: {error.text} ({error.code})")
        self.finish(failed, of=count)

    def _connect(self, options: dict[str, Any]) -> None:
        if not options["tenant"]:
            raise CommandError("--token and --parent need --tenant.", returncode=2)
        token = options["token"] or (settings.ENV.notion_token.get_secret_value() if settings.ENV.notion_token else "")
        parent = options["parent"] or settings.ENV.notion_parent_page_id or ""
        try:
            with tenants.tenant_context(tenants.get_tenant(slug=options["tenant"])):
                facade.connect_notion(token=token, parent_page_id=parent, base_url=settings.ENV.notion_base_url)
        except PlatformError as error:
            raise self.refused(error) from error

    def _existing(self, pairs: list[str]) -> dict[str, str]:
        """Databases named by ``--use`` or, in a workspace of one's own, by their variables."""
        chosen = {spec.key: os.environ[spec.env_name] for spec in notion_databases if os.environ.get(spec.env_name)}
        for pair in pairs:
            key, _equals, database_id = pair.partition("=")
            if key not in notion_databases or not database_id:
                known = ", ".join(sorted(spec.key for spec in notion_databases))
                raise CommandError(f"--use takes KEY=DATABASE_ID with one of these keys: {known}.", returncode=2)
            chosen[key] = database_id
        return chosen

    def _print(self, view: ConnectionView, diff: SchemaDiff) -> None:
        for change in diff.changes:
            mark = "done" if change.applied else "by hand" if change.blocked else "would" if diff.dry_run else "noted"
            self.say(
                f"[{mark}] {change.database_key}: {change.action.replace('_', ' ')} {change.subject} {change.detail}".rstrip()
            )
        left = sum(not change.applied and change.action != "renamed" for change in diff.changes)
        self.say(
            f"{diff.checked} databases checked, {len(diff.changes)} differences" + (f", {left} left" if left else "")
        )
