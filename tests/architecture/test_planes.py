"""Two planes, no table in both, no foreign key between them, no migration missing."""

import io

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connection

from tests import transactions

OWN = {name for name in (*settings.SHARED_APPS, *settings.TENANT_APPS) if name.startswith("apps.")}
PUBLIC_PLANE = {"apps.core", "apps.tenants", "apps.accounts", "apps.i18n", "apps.dispatch", "apps.live", "apps.portal"}

FOREIGN_KEYS = """
    SELECT child_schema.nspname, child.relname, parent_schema.nspname, parent.relname
    FROM pg_constraint
    JOIN pg_class child ON child.oid = conrelid JOIN pg_namespace child_schema ON child_schema.oid = child.relnamespace
    JOIN pg_class parent ON parent.oid = confrelid JOIN pg_namespace parent_schema ON parent_schema.oid = parent.relnamespace
    WHERE contype = 'f'
"""
TABLES = """
    SELECT table_schema, table_name FROM information_schema.tables
    WHERE table_type = 'BASE TABLE' AND (table_schema = 'public' OR table_schema ~ '^t_[a-z0-9]{12}$')
"""


def rows(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall()


def test_the_two_lists_are_disjoint_and_each_app_is_on_its_plane():
    shared, tenant = set(settings.SHARED_APPS), set(settings.TENANT_APPS)
    assert shared & tenant == set()
    assert {name for name in shared if name.startswith("apps.")} == PUBLIC_PLANE
    assert tenant == OWN - PUBLIC_PLANE


def test_no_table_name_belongs_to_both_planes():
    planes: dict[str, set[str]] = {}
    for model in apps.get_models(include_auto_created=True):
        plane = "public" if apps.get_app_config(model._meta.app_label).name in settings.SHARED_APPS else "tenant"
        planes.setdefault(model._meta.db_table, set()).add(plane)
    assert {table: both for table, both in planes.items() if len(both) > 1} == {}


def test_no_table_exists_in_both_planes_of_the_database(db):
    # The bookkeeping of migrations is the one table every schema has; it is never read through the search path.
    found = rows(TABLES)
    public = {table for schema, table in found if schema == "public"} - {"django_migrations"}
    tenant = {table for schema, table in found if schema != "public"}
    assert tenant, "the test database has tenants"
    assert public & tenant == set()


def test_every_table_of_a_tenant_belongs_to_an_app_of_the_tenant_plane(db):
    expected = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if apps.get_app_config(model._meta.app_label).name in settings.TENANT_APPS
    }
    for slug in ("acme", "globex"):
        schema = transactions.reference(slug).schema_name
        actual = {table for owner, table in rows(TABLES) if owner == schema}
        assert actual - {"django_migrations"} == expected


def test_no_foreign_key_crosses_schemas(db):
    crossing = [row for row in rows(FOREIGN_KEYS) if row[0] != row[2]]
    assert crossing == []


def test_foreign_keys_of_our_models_point_down_or_stay_in_their_app():
    layers = [
        {"core"},
        {"dispatch"},
        {"i18n"},
        {"accounts"},
        {"tenants"},
        {"ai", "connectors"},
        {"workflows"},
        {"tasks"},
        {"portal"},
    ]
    height = {label: number for number, labels in enumerate(layers) for label in labels}
    # A membership joins a person and a tenant: the one key that points up, decided with the accounts app.
    known = {("accounts", "tenants")}
    wrong = [
        f"{model._meta.label}.{field.name} -> {field.related_model._meta.label}"
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in height
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model._meta.app_label in height
        if height[field.related_model._meta.app_label] > height[model._meta.app_label]
        or (
            height[field.related_model._meta.app_label] == height[model._meta.app_label]
            and field.related_model._meta.app_label != model._meta.app_label
        )
        if (model._meta.app_label, field.related_model._meta.app_label) not in known
    ]
    assert wrong == []


def test_no_migration_is_missing(db):
    out = io.StringIO()
    try:
        call_command("makemigrations", "--check", "--dry-run", "--skip-checks", *sorted(own_labels()), stdout=out)
    except SystemExit:
        pytest.fail(out.getvalue())


def own_labels():
    return {config.label for config in apps.get_app_configs() if config.name in OWN}
