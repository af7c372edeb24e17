"""Builds one stage of the template database in a process of its own: ``python -m tests.build_template <stage>``.

The stages are those of ``apps/core/embedded/fingerprint.py``; the database is the one ``DATABASE_URL`` names, a copy of
the stage below.
"""

import sys

import django

OWN = "apps."


def build_packages() -> None:
    """Every third-party app's tables in the public plane, and of ours only what they refer to."""
    from django.apps import apps
    from django.conf import settings
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    from apps.tenants.migrating.first_install import install_long_histories

    shared = [app for app in apps.get_app_configs() if app.name in settings.SHARED_APPS]
    theirs = {app.label for app in shared if not app.name.startswith(OWN)}
    connection.set_schema_to_public()
    install_long_histories()
    executor = MigrationExecutor(connection)
    executor.migrate([node for node in executor.loader.graph.leaf_nodes() if node[0] in theirs])


def build_apps() -> None:
    """Our own apps in the public plane, on top; content types and permissions for all."""
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


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
