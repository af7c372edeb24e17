"""Builds one stage of the template database in a process of its own: ``python -m tests.build_template <stage>``.

The stages are those of ``apps/core/embedded/fingerprint.py``; the database is the one ``DATABASE_URL`` names, a copy of the stage below.
"""

import sys
from collections.abc import Callable

import django

OWN = "apps."


def build_packages() -> None:
    """Every third-party app's tables in the public plane, and of ours only what they refer to."""
    _migrate_public(lambda name: not name.startswith(OWN))


def build_apps() -> None:
    """Our own apps in the public plane, on top; content types and permissions for all."""
    from django.core.management.sql import emit_post_migrate_signal

    _migrate_public(lambda name: True)
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")


def _migrate_public(wanted: Callable[[str], bool]) -> None:
    from django.apps import apps
    from django.conf import settings
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    labels = {app.label for app in apps.get_app_configs() if app.name in settings.SHARED_APPS and wanted(app.name)}
    connection.set_schema_to_public()
    executor = MigrationExecutor(connection)
    executor.migrate([node for node in executor.loader.graph.leaf_nodes() if node[0] in labels])


def build_tenants() -> None:
    """The tenants acme and globex with the cast of ``tests/cast.py``."""
    from tests import cast

    cast.provision()


def main() -> None:
    """Build the stage named on the command line."""
    django.setup()
    {"packages": build_packages, "apps": build_apps, "tenants": build_tenants}[sys.argv[1]]()


if __name__ == "__main__":
    main()
