"""The tenant plane's migrations in order, and the model state before each of them.

The planes are disjoint and no foreign key crosses them, so replaying dj-stripe, auth and the rest in every tenant schema
(what Django's executor does, at about a second per tenant) is pure waste.
"""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from sys import modules

from django.apps import apps
from django.conf import settings
from django.db.migrations import Migration
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import SeparateDatabaseAndState
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

Key = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One migration of the tenant plane. ``before`` is the state it starts from; never change it, clone it."""

    migration: Migration
    before: ProjectState = field(repr=False)

    @property
    def key(self) -> Key:
        return (self.migration.app_label, self.migration.name)

    @property
    def is_pure_ddl(self) -> bool:
        """True when its SQL is the same for every tenant: no Python, nothing that reads rows."""
        return all(_is_sql(operation) for operation in self.migration.operations)


def tenant_app_labels() -> frozenset[str]:
    """Labels of the apps whose tables live in tenant schemas."""
    names = set(settings.TENANT_APPS)
    return frozenset(config.label for config in apps.get_app_configs() if config.name in names)


@lru_cache(maxsize=1)
def tenant_plan() -> tuple[Planned, ...]:
    """Every migration of the tenant plane, dependencies first. Read from disk once per process."""
    return build_plan(MigrationLoader(None, ignore_no_migrations=True))


def build_plan(loader: MigrationLoader) -> tuple[Planned, ...]:
    """The plan out of a loader; migrations of the public plane it depends on change the state and are not in the plan."""
    labels = tenant_app_labels()
    state, planned = ProjectState(), []
    for key in _ordered(loader.graph, labels):
        migration = loader.graph.nodes[key]
        if key[0] in labels:
            planned.append(Planned(migration=migration, before=state))
        state = migration.mutate_state(state, preserve=True)
    return tuple(planned)


@lru_cache(maxsize=1)
def fingerprint() -> str:
    """SHA-256 over names and source of the tenant plane's migrations: equal means equal empty schemas."""
    digest = hashlib.sha256()
    for planned in tenant_plan():
        source = modules[type(planned.migration).__module__].__file__
        digest.update(repr(planned.key).encode())
        digest.update(Path(source).read_bytes() if source else b"")
    return digest.hexdigest()


def forget_plan() -> None:
    """Read migrations from disk again at next use; for tests and benchmarks that add some."""
    tenant_plan.cache_clear()
    fingerprint.cache_clear()


def _ordered(graph: MigrationGraph, labels: frozenset[str]) -> list[Key]:
    ordered: dict[Key, None] = {}
    for leaf in sorted(key for key in graph.leaf_nodes() if key[0] in labels):
        ordered.update(dict.fromkeys(graph.forwards_plan(leaf)))
    return list(ordered)


def _is_sql(operation: Operation) -> bool:
    if isinstance(operation, SeparateDatabaseAndState):
        return all(_is_sql(inner) for inner in operation.database_operations)
    return bool(operation.reduces_to_sql)
