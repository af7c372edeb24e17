"""Copies a tenant into a new one: a place to try things on real data."""

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from apps.tenants.context import public_context, tenant_context
from apps.tenants.contracts import TenantRef
from apps.tenants.enums import TenantEventKind
from apps.tenants.models import Tenant
from apps.tenants.registries import clone_steps
from apps.tenants.schemas.tables import Table, list_tables
from apps.tenants.selectors import get_tenant
from apps.tenants.services.provisioning import provision_tenant
from apps.tenants.services.records import record_event


def clone_tenant(
    *, tenant_id: int, slug: str, name: str, owner_id: int | None = None, actor_id: int | None = None
) -> TenantRef:
    """Create a tenant with the rows of another, taken at one moment; before launch, whatever the source's stage.

    Credentials are not copied (they are bound to their schema, and a copy must not act on the outside), nor are people,
    domains, files and waiting work; what was under way is ended in the copy (``clone_steps``). All or nothing. Raises
    ``UnknownTenant``, ``SlugTaken`` and the errors of provisioning.
    """
    source = get_tenant(tenant_id=tenant_id)
    with public_context(), transaction.atomic():
        row = Tenant.objects.get(pk=source.id)
        clone = provision_tenant(
            slug=slug,
            name=name,
            email=row.email,
            owner_id=owner_id,
            plan=row.plan_id,
            actor_id=actor_id,
            cloned_from=source.id,
        )
        copied = _copy_rows(source.schema_name, clone.schema_name)
        with tenant_context(clone):
            for step in clone_steps:
                step.run()
        record_event(
            tenant_id=clone.id,
            kind=TenantEventKind.CLONED,
            actor_id=actor_id,
            source=source.slug,
            source_id=source.id,
            rows=copied,
        )
    return clone


def _copy_rows(source: str, target: str) -> int:
    """Insert every table's rows; foreign keys are checked at the end of the transaction, so the order does not matter."""
    copied = 0
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        for table in list_tables(target):
            name = connection.ops.quote_name(table.name)
            cursor.execute(f'DELETE FROM "{target}".{name}')  # noqa: S608 - rows the template itself brought
        for table in list_tables(target):
            cursor.execute(_copy_statement(table, source, target))
            copied += cursor.rowcount
            _move_sequences(cursor, table, target)
    return copied


def _copy_statement(table: Table, source: str, target: str) -> str:
    name = connection.ops.quote_name(table.name)
    kept = [column for column in table.columns if not column.is_generated]
    into = ", ".join(connection.ops.quote_name(column.name) for column in kept)
    values = ", ".join("''" if column.is_secret else connection.ops.quote_name(column.name) for column in kept)
    return f'INSERT INTO "{target}".{name} ({into}) OVERRIDING SYSTEM VALUE SELECT {values} FROM "{source}".{name}'  # noqa: S608


def _move_sequences(cursor: CursorWrapper, table: Table, target: str) -> None:
    for column in table.columns:
        if column.sequence:
            name, key = connection.ops.quote_name(table.name), connection.ops.quote_name(column.name)
            cursor.execute(
                f'SELECT setval(%s, max({key})) FROM "{target}".{name} HAVING max({key}) IS NOT NULL',  # noqa: S608
                [column.sequence],
            )
