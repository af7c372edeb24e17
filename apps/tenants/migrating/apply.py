"""Runs one migration in the schema the connection is at, by Django's editor or by SQL collected from it."""

from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from apps.tenants.migrating.graph import Key, Planned


def run_in_current_schema(planned: Planned) -> None:
    """Apply it with Django's schema editor and record it; atomic when the migration is."""
    with connection.schema_editor(atomic=planned.migration.atomic) as editor:
        planned.migration.apply(planned.before.clone(), editor)
        if planned.migration.atomic:
            record(planned.key)
    if not planned.migration.atomic:
        record(planned.key)


def collect(planned: Planned) -> list[str]:
    """Its SQL statements, unqualified, as they would run in the current schema right now (names are looked up there)."""
    with connection.schema_editor(collect_sql=True, atomic=planned.migration.atomic) as editor:
        planned.migration.apply(planned.before.clone(), editor, collect_sql=True)
    return [statement for statement in editor.collected_sql if not _is_comment(statement)]


def record(key: Key) -> None:
    """Note in the current schema that the migration is applied."""
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    recorder.record_applied(*key)


def _is_comment(statement: str) -> bool:
    return all(line.startswith("--") or not line.strip() for line in statement.splitlines())
