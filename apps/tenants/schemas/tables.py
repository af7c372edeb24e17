"""Tables and columns of a tenant schema, as PostgreSQL and Django describe them."""

from dataclasses import dataclass

from django.apps import apps
from django.db import connection

from apps.core.fields import EncryptedTextField
from apps.tenants.migrating.graph import tenant_app_labels

BOOKKEEPING = "django_migrations"

_COLUMNS = """
    SELECT c.relname, a.attname, a.attgenerated <> '', a.attidentity = 'a',
           pg_get_serial_sequence(format('%%I.%%I', n.nspname, c.relname), a.attname)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    ORDER BY c.relname, a.attnum
"""


@dataclass(frozen=True, kw_only=True)
class Column:
    """One column; ``sequence`` is the qualified sequence behind it, if any."""

    name: str
    is_generated: bool
    always_identity: bool
    sequence: str | None
    is_secret: bool


@dataclass(frozen=True, kw_only=True)
class Table:
    """One table and its columns in order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def plain(self) -> tuple[Column, ...]:
        """Columns that hold values of their own and no secret."""
        return tuple(column for column in self.columns if not column.is_generated and not column.is_secret)


def list_tables(schema_name: str) -> list[Table]:
    """Every table of the schema except the bookkeeping of migrations."""
    secrets = secret_columns()
    found: dict[str, list[Column]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, [schema_name])
        for table, name, generated, always, sequence in cursor.fetchall():
            found.setdefault(table, []).append(
                Column(name=name, is_generated=generated, always_identity=always, sequence=sequence,
                       is_secret=(table, name) in secrets)
            )  # fmt: skip
    return [Table(name=name, columns=tuple(columns)) for name, columns in found.items() if name != BOOKKEEPING]


def secret_columns() -> frozenset[tuple[str, str]]:
    """Table and column of every encrypted field: they stay behind when rows leave their schema."""
    labels = tenant_app_labels()
    return frozenset(
        (model._meta.db_table, field.column)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in labels
        for field in model._meta.concrete_fields
        if isinstance(field, EncryptedTextField)
    )
