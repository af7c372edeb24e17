"""Removes a tenant schema without holding thousands of locks at once."""

import re

from django.db import connection, transaction

from apps.core.errors import InvalidInput
from apps.tenants.context import public_context
from apps.tenants.models import SCHEMA_NAME, Tenant

PAGE = 10

_TABLES = """
    SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %s AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.oid DESC LIMIT %s
"""


def drop_schema(schema_name: str) -> int:
    """Drop the schema, ``PAGE`` tables per transaction, then itself; returns the number of tables.

    Dropping everything in one statement needs a lock per table, index and sequence, more than a default server has room
    for. Interrupted half-way, a second call goes on. A schema that is gone is fine. Refuses names that are not generated
    and schemas of tenants that are not deleted or on their way out.
    """
    if not re.fullmatch(SCHEMA_NAME.strip("^$"), schema_name):
        raise InvalidInput(detail=f"{schema_name!r} is not a tenant schema")
    dropped = 0
    with public_context():
        if Tenant.objects.filter(schema_name=schema_name).exclude(status__in=["deleting", "deleted"]).exists():
            raise InvalidInput(detail=f"{schema_name!r} belongs to a living tenant")
        while page := _page(schema_name):
            with transaction.atomic(), connection.cursor() as cursor:
                names = ", ".join(f'"{schema_name}".{connection.ops.quote_name(table)}' for table in page)
                cursor.execute(f"DROP TABLE IF EXISTS {names} CASCADE")
            dropped += len(page)
        with connection.cursor() as cursor:
            cursor.execute(f'DROP SCHEMA IF EXISTS "{schema_name}" CASCADE')
    return dropped


def _page(schema_name: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, [schema_name, PAGE])
        return [row[0] for row in cursor.fetchall()]
