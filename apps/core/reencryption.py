"""Moving stored secrets: to the newest key of the ring, or from one tenant's schema to another's.

Works on the tables rather than on models' rows, so that it sees every schema, and writes conditionally, so that a secret
somebody changes meanwhile is left as they wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db import connection, models, transaction
from psycopg2 import sql

from apps.core import crypto
from apps.core.database import PUBLIC_SCHEMA
from apps.core.fields import EncryptedTextField, encrypted_fields, is_shared

PAGE = 500
TENANT_SCHEMAS = "^t_[a-z0-9]{12}$"


@dataclass
class Report:
    """What happened to one column of one schema; ``failed`` lists the rows that did not open."""

    schema: str
    column: str
    moved: int = 0
    current: int = 0
    failed: list[str] = field(default_factory=list)


def reencrypt_all(*, dry_run: bool = False) -> Iterator[Report]:
    """Bring every stored secret of every schema to the newest key; a second run finds nothing to do.

    Yields one report per column and schema. With ``dry_run`` everything is opened and nothing written.
    """
    for schema in schemas():
        for column in encrypted_columns(shared=schema == PUBLIC_SCHEMA):
            yield move_column(column, schema=schema, from_schema=schema, dry_run=dry_run)


def rebind_schema(*, from_schema: str, to_schema: str) -> list[Report]:
    """Make the secrets of a copied schema readable: tokens made for ``from_schema`` become tokens of ``to_schema``.

    Call it after cloning or restoring a tenant's tables into a schema of another name, in the same transaction.
    """
    return [
        move_column(column, schema=to_schema, from_schema=from_schema) for column in encrypted_columns(shared=False)
    ]


def schemas() -> list[str]:
    """The public schema and every tenant's."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nspname FROM pg_namespace WHERE nspname ~ %s ORDER BY nspname", [TENANT_SCHEMAS])
        return [PUBLIC_SCHEMA, *(name for (name,) in cursor.fetchall())]


def encrypted_columns(*, shared: bool) -> list[EncryptedTextField]:
    """Every encrypted column of one plane."""
    return [column for model in _models() for column in encrypted_fields(model) if is_shared(model) == shared]


def move_column(column: EncryptedTextField, *, schema: str, from_schema: str, dry_run: bool = False) -> Report:
    """Re-encrypt one column of one schema, page by page, each page in its own transaction."""
    report = Report(schema=schema, column=f"{column.model._meta.db_table}.{column.column}")
    last: Any = None
    while page := _page(column, schema, last):
        with transaction.atomic():
            for key, token in page:
                _move(column, report, key, token, from_schema=from_schema, dry_run=dry_run)
        last = page[-1][0]
    return report


def _move(column: EncryptedTextField, report: Report, key: Any, token: str, *, from_schema: str, dry_run: bool) -> None:
    table = column.model._meta.db_table
    place = f"{table}/{column.column}/{key}"
    try:
        if from_schema == report.schema and crypto.key_id_of(token) == crypto.keyring().current[0]:
            report.current += 1
            return
        plain = crypto.decrypt(token, context=f"{from_schema}/{place}")
    except crypto.DecryptionFailed:
        report.failed.append(str(key))
        return
    report.moved += 1
    if dry_run:
        return
    statement = sql.SQL("UPDATE {table} SET {column} = %s WHERE {key} = %s AND {column} = %s")
    with connection.cursor() as cursor:
        cursor.execute(
            statement.format(**_names(column, report.schema)),
            [crypto.encrypt(plain, context=f"{report.schema}/{place}"), key, token],
        )


def _page(column: EncryptedTextField, schema: str, last: Any) -> list[tuple[Any, str]]:
    after = sql.SQL("" if last is None else "AND {key} > %s").format(**_names(column, schema))
    statement = sql.SQL(
        "SELECT {key}, {column} FROM {table} WHERE {column} <> '' {after} ORDER BY {key} LIMIT %s"
    ).format(after=after, **_names(column, schema))
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [f'"{schema}"."{column.model._meta.db_table}"'])
        if cursor.fetchone()[0] is None:
            return []
        cursor.execute(statement, [*([] if last is None else [last]), PAGE])
        return list(cursor.fetchall())


def _names(column: EncryptedTextField, schema: str) -> dict[str, sql.Composable]:
    options = column.model._meta
    return {
        "table": sql.Identifier(schema, options.db_table),
        "column": sql.Identifier(column.column),
        "key": sql.Identifier(options.pk.column),
    }


def _models() -> list[type[models.Model]]:
    return [
        model for model in apps.get_models(include_auto_created=True) if model._meta.managed and not model._meta.proxy
    ]
