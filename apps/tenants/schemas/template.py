"""The SQL text that builds an empty tenant schema, made once per set of migrations and kept in the database.

Running migrations for a new tenant costs seconds to minutes of CPU, executing a dump of the result a fraction of a second.
The dump comes from ``pg_dump``; without a fitting one the SQL of the migrations is collected instead, which gives the same
schema as long as the migrations write no rows that depend on the moment.
"""

import json
import logging
import time
from concurrent.futures import ThreadPoolExecutor

from django.db import connection, connections, transaction

from apps.core.ids import new_schema_name
from apps.tenants.context import maintenance_context, public_context
from apps.tenants.migrating.apply import collect, record, run_in_current_schema
from apps.tenants.migrating.graph import fingerprint, tenant_plan
from apps.tenants.models import SchemaTemplate
from apps.tenants.schemas.pgdump import dump_schema, find_pg_dump

logger = logging.getLogger(__name__)

MARKER = "@schema@"
LOCK_KEY = 7_340_031
KEPT_TEMPLATES = 3


def template_sql() -> str:
    """The text for the present migrations; built when missing (seconds), by one process at a time.

    The building happens on a connection of its own and is committed there, whatever transaction the caller is in.
    """
    with public_context():
        found = SchemaTemplate.objects.filter(pk=fingerprint()).values_list("sql", flat=True).first()
    if found is not None:
        return found
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="template") as pool:
        return pool.submit(_build_on_own_connection).result()


def create_schema(schema_name: str) -> None:
    """Create an empty tenant schema. Must run inside a transaction; nothing remains when that is rolled back."""
    text = template_sql().replace(MARKER, schema_name)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL check_function_bodies = off")
        cursor.execute(text)
    connection.search_path_set_schemas = None


def _build_on_own_connection() -> str:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK_KEY])
        found = SchemaTemplate.objects.filter(pk=fingerprint()).values_list("sql", flat=True).first()
        return found if found is not None else _build()
    finally:
        connections.close_all()


def _build() -> str:
    started = time.monotonic()
    schema_name = new_schema_name()
    pg_dump = find_pg_dump()
    _execute(f'CREATE SCHEMA "{schema_name}"')
    try:
        if pg_dump is not None:
            with maintenance_context(schema_name):
                for planned in tenant_plan():
                    run_in_current_schema(planned)
            text = _tidy(dump_schema(pg_dump=pg_dump, schema_name=schema_name), schema_name)
        else:
            text = _collected(schema_name)
    finally:
        _execute(f'DROP SCHEMA "{schema_name}" CASCADE')
    built_ms = round((time.monotonic() - started) * 1000)
    with transaction.atomic():
        SchemaTemplate.objects.create(
            fingerprint=fingerprint(), sql=text, built_with="pg_dump" if pg_dump else "migrations", built_ms=built_ms
        )
        kept = SchemaTemplate.objects.order_by("-built_at").values_list("pk", flat=True)[:KEPT_TEMPLATES]
        SchemaTemplate.objects.exclude(pk__in=list(kept)).delete()
    logger.info("schema template built", extra={"duration_ms": built_ms, "characters": len(text)})
    return text


def _tidy(dump: str, schema_name: str) -> str:
    """Drop psql's own lines, session settings and comments from the head of a dump, and put the marker for the name."""
    _head, create, rest = dump.partition("CREATE SCHEMA")
    kept = [line for line in (create + rest).splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]
    return "\n".join(line for line in kept if not line.startswith(("-- ", "--\n")) and line != "--").replace(
        schema_name, MARKER
    )


def _collected(schema_name: str) -> str:
    """The same text without ``pg_dump``: statements collected while migrating, rows of data migrations as JSON."""
    parts = [f'CREATE SCHEMA "{MARKER}";', f'SET LOCAL search_path = "{MARKER}", public;']
    with maintenance_context(schema_name):
        for planned in tenant_plan():
            if planned.is_pure_ddl:
                statements = collect(planned)
                parts += statements
                with transaction.atomic(), connection.cursor() as cursor:
                    cursor.execute("\n".join(statements) or "SELECT 1")
                    record(planned.key)
            else:
                run_in_current_schema(planned)
        parts += _migrations_table()
        parts += _rows()
    return "\n".join(parts)


def _migrations_table() -> list[str]:
    columns = "app varchar(255) NOT NULL, name varchar(255) NOT NULL, applied timestamptz NOT NULL"
    return [f"CREATE TABLE django_migrations (id bigint PRIMARY KEY GENERATED BY DEFAULT AS IDENTITY, {columns});"]


def _rows() -> list[str]:
    statements = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            quoted = connection.ops.quote_name(table)
            cursor.execute(f"SELECT coalesce(jsonb_agg(to_jsonb(t)), '[]')::text FROM {quoted} t")  # noqa: S608 - own table names
            rows = cursor.fetchone()[0]
            if json.loads(rows):
                literal = "'" + rows.replace("'", "''") + "'"
                statements.append(
                    f"INSERT INTO {quoted} OVERRIDING SYSTEM VALUE "  # noqa: S608
                    f"SELECT * FROM jsonb_populate_recordset(NULL::{quoted}, {literal});"
                )
                statements += _sequence_positions(cursor, table)
    return statements


def _sequence_positions(cursor, table: str) -> list[str]:
    quoted = connection.ops.quote_name(table)
    return [
        f"SELECT setval(pg_get_serial_sequence('{quoted}', '{sequence['column']}'), "  # noqa: S608
        f"(SELECT max({connection.ops.quote_name(sequence['column'])}) FROM {quoted}));"
        for sequence in connection.introspection.get_sequences(cursor, table)
    ]


def _execute(sql: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql)
