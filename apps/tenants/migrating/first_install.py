"""The first installation of an app with a long history: its migrations squashed in memory and applied as one.

dj-stripe's 615 operations (514 of them remove a field again) take 57 CPU-seconds, because Django renders its 60 connected
models anew after each. Squashed, as ``squashmigrations`` would, they are 187 and take 19; the resulting schema is identical
(compared by ``pg_dump``). The migrations are recorded as applied, so later ones follow in the ordinary way.
"""

from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython, RunSQL, SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.optimizer import MigrationOptimizer

LONG_HISTORIES = ("djstripe",)
NOT_TO_BE_MOVED = (RunPython, RunSQL, SeparateDatabaseAndState)


def install_long_histories() -> list[str]:
    """Create the tables of apps with a long history where none of their migrations is applied; returns their labels."""
    return [label for label in LONG_HISTORIES if _install(label)]


def squashed(loader: MigrationLoader, label: str) -> list[Operation]:
    """The app's operations from first to last, reduced to what remains of them. Empty when some of them are not pure schema."""
    operations = [operation for key in _history(loader, label) for operation in loader.graph.nodes[key].operations]
    if any(isinstance(operation, NOT_TO_BE_MOVED) for operation in operations):
        return []
    return MigrationOptimizer().optimize(operations, label)


def _install(label: str) -> bool:
    executor = MigrationExecutor(connection)
    history = _history(executor.loader, label)
    if not history or any(key in executor.loader.applied_migrations for key in history):
        return False
    operations = squashed(executor.loader, label)
    if not operations:
        return False
    others = [key for key in executor.loader.graph.forwards_plan(history[-1]) if key[0] != label]
    executor.migrate(others)
    executor = MigrationExecutor(connection)
    migration = Migration("squashed", label)
    migration.operations = operations
    state = executor._create_project_state(with_applied_migrations=True)
    with connection.schema_editor(atomic=True) as editor:
        migration.apply(state, editor)
        executor.recorder.ensure_schema()
        for key in history:
            executor.recorder.record_applied(*key)
    return True


def _history(loader: MigrationLoader, label: str) -> list[tuple[str, str]]:
    """The app's own migrations, oldest first; none when it has several ends."""
    ends = loader.graph.leaf_nodes(label)
    return [key for key in loader.graph.forwards_plan(ends[0]) if key[0] == label] if len(ends) == 1 else []
