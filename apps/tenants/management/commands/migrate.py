"""`manage.py migrate`: the public plane, then every tenant, then the template for new ones."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import connection

from apps.tenants.management.commands.migrate_tenants import summary
from apps.tenants.migrating.first_install import install_long_histories
from apps.tenants.migrating.graph import tenant_app_labels
from apps.tenants.migrating.run import migrate_tenants
from apps.tenants.schemas.template import template_sql
from apps.tenants.services.plans import ensure_plans


class Command(migrate.Command):
    """Django's command for the shared tables, followed by our own executor for the tenants' tables.

    Django's own way would replay the whole graph, dj-stripe included, once per tenant.
    """

    help = (
        "Apply missing migrations: shared tables first, then every workspace's schema, then the template for new ones."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Django's options and ours."""
        super().add_arguments(parser)
        parser.add_argument("--shared", action="store_true", help="Only the shared tables.")
        parser.add_argument("--jobs", type=int, default=4, help="Database connections for workspaces (default: 4).")
        parser.add_argument("--canary", action="append", default=[], metavar="SLUG", help="Workspace that goes first.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate what is asked for; without an app label everything."""
        if options["app_label"] in tenant_app_labels():
            raise CommandError(
                f"{options['app_label']} lives in the workspaces' schemas: use `manage.py migrate_tenants`."
            )
        connection.set_schema_to_public()
        if not (
            options["app_label"] or options["plan"] or options["check_unapplied"] or options["prune"] or options["fake"]
        ):
            install_long_histories()
        super().handle(*args, **{**options, "verbosity": max(0, options["verbosity"] - 1)})
        if (
            options["plan"]
            or options["check_unapplied"]
            or options["app_label"]
            or options["shared"]
            or options["prune"]
        ):
            return
        ensure_plans()
        report = migrate_tenants(jobs=options["jobs"], canaries=options["canary"], progress=self._complain)
        template_sql()
        if options["verbosity"]:
            self.stdout.write(f"Shared tables are current. {summary(report)}")
        if report.failed or report.untried:
            raise CommandError(
                "Some workspaces are not current. See `manage.py tenant_migrations --failed`.", returncode=1
            )

    def _complain(self, slug: str, error: str) -> None:
        if error:
            self.stderr.write(f"{slug}: {error.splitlines()[0]}")
