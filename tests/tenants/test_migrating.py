"""Deploys over many tenants: complete, resumable, alone or two at once."""

import threading
from collections.abc import Callable

import pytest
from django.contrib.postgres.operations import AddIndexConcurrently
from django.core.management import CommandError, call_command
from django.db import connection, connections, migrations, models

from apps.core.errors import InvalidInput
from apps.tenants.facade import get_tenant, provision_tenant, tenant_context
from apps.tenants.migrating import graph, status
from apps.tenants.migrating.graph import Planned, tenant_plan
from apps.tenants.migrating.run import migrate_tenants
from apps.tenants.models import TenantMigration

pytestmark = pytest.mark.django_db(transaction=True)
Extend = Callable[..., None]


@pytest.fixture
def extend(monkeypatch: pytest.MonkeyPatch) -> Extend:
    """Add migrations to the plan, as a new release would: ``extend(operation, ..., name="9001_x", atomic=True)``."""
    plan = list(tenant_plan())

    def add(*operations: migrations.operations.base.Operation, name: str = "9001_new", **attributes: object) -> None:
        state = plan[-1].migration.mutate_state(plan[-1].before, preserve=True)
        migration = type("Migration", (migrations.Migration,), {"operations": list(operations), **attributes})(
            name, "tasks"
        )
        plan.append(Planned(migration=migration, before=state))

    monkeypatch.setattr(status, "tenant_plan", lambda: tuple(plan))
    return add


def column(name: str = "extra") -> migrations.AddField:
    return migrations.AddField("task", name, models.CharField(max_length=10, default="", db_default=""))


def has_column(slug: str, name: str = "extra") -> bool:
    with tenant_context(get_tenant(slug=slug)), connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'tasks_task' "
            "AND column_name = %s", [name],
        )  # fmt: skip
        return cursor.fetchone() is not None


def test_a_column_arrives_everywhere_once(extend: Extend) -> None:
    extend(column())
    report = migrate_tenants(jobs=2)
    assert (sorted(report.migrated), report.failed) == (["acme", "globex"], {})
    assert has_column("acme")
    assert has_column("globex")
    assert set(TenantMigration.objects.values_list("state", "way", "attempts")) == {("done", "sql", 1)}
    again = migrate_tenants(jobs=2)
    assert (again.current, again.migrated) == (2, [])


def test_nothing_to_do_is_found_out_in_one_round(extend: Extend, django_assert_max_num_queries) -> None:
    with django_assert_max_num_queries(4):
        assert migrate_tenants().migrated == []


def test_a_failing_tenant_stops_nobody_and_is_taken_up_again(extend: Extend) -> None:
    with tenant_context(get_tenant(slug="acme")), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tasks_task ADD COLUMN extra integer")
    extend(column())
    report = migrate_tenants()
    assert (report.migrated, list(report.failed)) == (["globex"], ["acme"])
    row = TenantMigration.objects.get(tenant__slug="acme")
    assert (row.state, "already exists" in row.error) == ("failed", True)
    with tenant_context(get_tenant(slug="acme")), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tasks_task DROP COLUMN extra")
    assert migrate_tenants().migrated == ["acme"]
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == ("done", 2, "")


def test_a_failing_canary_keeps_the_others_untouched(extend: Extend) -> None:
    with tenant_context(get_tenant(slug="globex")), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE tasks_task ADD COLUMN extra integer")
    extend(column())
    report = migrate_tenants(canaries=["globex"])
    assert (list(report.failed), report.untried) == (["globex"], ["acme"])
    assert not has_column("acme")


def test_a_half_finished_deploy_goes_on_with_the_rest(extend: Extend) -> None:
    extend(column())
    extend(column("more"), name="9002_more")
    assert migrate_tenants(slugs=["acme"]).migrated == ["acme"]
    TenantMigration.objects.filter(name="9002_more").update(state="running")
    report = migrate_tenants()
    assert (report.current, report.migrated) == (1, ["globex"])
    assert has_column("globex", "more")


def test_python_runs_in_each_tenant(extend: Extend) -> None:
    def rename(apps, schema_editor) -> None:
        apps.get_model("tasks", "TaskType").objects.filter(slug="other").update(name=f"From {connection.schema_name}")

    extend(column())
    extend(migrations.RunPython(rename), name="9002_rename")
    assert migrate_tenants(jobs=2).failed == {}
    from apps.tasks.models import TaskType

    for slug in ("acme", "globex"):
        with tenant_context(get_tenant(slug=slug)) as tenant:
            assert TaskType.objects.get(slug="other").name == f"From {tenant.schema_name}"
    assert set(TenantMigration.objects.filter(name="9002_rename").values_list("way", flat=True)) == {"state"}


def test_concurrent_indexes_run_outside_a_transaction(extend: Extend) -> None:
    extend(AddIndexConcurrently("task", models.Index(fields=["title"], name="tasks_title_test")), atomic=False)
    assert migrate_tenants(jobs=2).failed == {}
    for slug in ("acme", "globex"):
        with tenant_context(get_tenant(slug=slug)), connection.cursor() as cursor:
            cursor.execute(
                "SELECT 1 FROM pg_indexes WHERE schemaname = current_schema() AND indexname = 'tasks_title_test'"
            )
            assert cursor.fetchone() == (1,)


def test_two_deploys_at_once_share_the_work(extend: Extend) -> None:
    for number in range(6):
        provision_tenant(slug=f"many-{number}", name="Many", email="many@example.com")
    extend(column())
    extend(column("more"), name="9002_more")
    reports, barrier = [], threading.Barrier(2)

    def deploy() -> None:
        barrier.wait(timeout=10)
        reports.append(migrate_tenants(jobs=2))
        connections.close_all()

    threads = [threading.Thread(target=deploy) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [report.failed for report in reports] == [{}, {}]
    for tenant in ("acme", "globex", *(f"many-{number}" for number in range(6))):
        with tenant_context(get_tenant(slug=tenant)), connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, count(*) FROM django_migrations WHERE name LIKE '900%%' GROUP BY name ORDER BY name"
            )
            assert cursor.fetchall() == [("9001_new", 1), ("9002_more", 1)]


def test_a_squashed_migration_is_recorded_and_not_run(extend: Extend) -> None:
    done = [planned.key for planned in tenant_plan() if planned.key[0] == "tasks"]
    extend(migrations.RunSQL("SELECT 1/0"), name="9001_squashed", replaces=done)
    report = migrate_tenants()
    assert (report.failed, sorted(report.migrated)) == ({}, ["acme", "globex"])
    assert migrate_tenants().current == 2


def test_unknown_tenants_are_refused(extend: Extend) -> None:
    with pytest.raises(InvalidInput):
        migrate_tenants(slugs=["nobody"])
    with pytest.raises(CommandError, match="invalid_input"):
        call_command("migrate_tenants", "--tenant", "nobody")


def test_tables_of_tenants_are_not_migrated_by_the_shared_command() -> None:
    with pytest.raises(CommandError, match="migrate_tenants"):
        call_command("migrate", "tasks")


def test_the_plan_is_the_tenant_plane_alone() -> None:
    labels = {planned.key[0] for planned in tenant_plan()}
    assert labels <= graph.tenant_app_labels()
    assert {"tasks", "ai", "workflows", "connectors"} <= labels
