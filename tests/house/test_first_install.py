"""Migrations squashed in memory lead where the long way leads."""

import pytest
from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations import RunPython
from django.db.migrations.state import ProjectState

from apps.tenants.migrating import first_install


@pytest.mark.slow
def test_squashed_history_ends_in_the_same_models():
    loader = MigrationLoader(None)
    for label in first_install.LONG_HISTORIES:
        last = loader.graph.leaf_nodes(label)[0]
        the_long_way = loader.project_state(last)
        the_short_way = ProjectState()
        for key in loader.graph.forwards_plan(last):
            if key[0] != label:
                the_short_way = loader.graph.nodes[key].mutate_state(the_short_way)
        for operation in first_install.squashed(loader, label):
            operation.state_forwards(label, the_short_way)
        for start, end in ((the_long_way, the_short_way), (the_short_way, the_long_way)):
            assert MigrationAutodetector(start, end)._detect_changes() == {}


def test_history_with_python_in_it_is_left_alone(monkeypatch):
    loader = MigrationLoader(None)
    last = loader.graph.leaf_nodes("djstripe")[0]
    migration = loader.graph.nodes[last]
    monkeypatch.setattr(migration, "operations", [*migration.operations, RunPython(RunPython.noop)])
    assert first_install.squashed(loader, "djstripe") == []
