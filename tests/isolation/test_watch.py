"""Seeded holes: each one is a mistake somebody could make, and the watch must find it."""

import threading
from collections.abc import Callable, Iterator

import pytest
from django.core.cache import caches
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import connection
from django_tenants.utils import schema_context

from apps.tasks.models import TaskType
from apps.tenants.context import current_tenant, tenant_context
from apps.tenants.contracts import TenantRef
from apps.tenants.errors import NestedTenant, NoTenant, UnknownTenant
from apps.tenants.storage import TenantStorage
from tests import transactions
from tests.isolation import Breach, breaches


@pytest.fixture(autouse=True)
def _forgive(_no_breach: None) -> Iterator[None]:
    """These tests breach on purpose."""
    before = len(breaches)
    yield
    del breaches[before:]


def found(hole: Callable[[], object]) -> str:
    """Run a seeded hole and return what the watch said about it."""
    with pytest.raises(Breach) as caught:
        hole()
    return str(caught.value)


def test_the_right_way_is_no_breach(tenant: TenantRef) -> None:
    assert list(TaskType.objects.all()) is not None
    assert breaches == []


def test_finds_a_schema_entered_past_the_context(other_tenant: TenantRef) -> None:
    def hole() -> None:
        with schema_context(other_tenant.schema_name):
            TaskType.objects.count()

    assert "expected to be in public" in found(hole)


def test_finds_a_connection_moved_inside_a_context(tenant: TenantRef, other_tenant: TenantRef) -> None:
    def hole() -> None:
        with schema_context(other_tenant.schema_name):
            TaskType.objects.count()

    assert f"expected to be in {tenant.schema_name}" in found(hole)


def test_finds_raw_sql_that_changes_the_path(tenant: TenantRef, other_tenant: TenantRef) -> None:
    def hole() -> None:
        with connection.cursor() as cursor:
            cursor.connection.cursor().execute(f"SET search_path = {other_tenant.schema_name}")
            cursor.execute("SELECT count(*) FROM tasks_tasktype")

    try:
        assert "the connection is in" in found(hole)
    finally:
        connection.search_path_set_schemas = None


def test_finds_raw_sql_that_names_a_foreign_schema(tenant: TenantRef, other_tenant: TenantRef) -> None:
    def hole() -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {other_tenant.schema_name}.tasks_tasktype")

    assert "a statement names" in found(hole)


def test_finds_a_lazy_queryset_that_leaves_its_context(db: None, other_tenant: TenantRef) -> None:
    with transactions.entered("acme"):
        lazy = TaskType.objects.filter(name__contains="a")

    def evaluated_elsewhere() -> None:
        with tenant_context(other_tenant):
            list(lazy)

    assert "built in" in found(evaluated_elsewhere)
    assert "is used in public" in found(lambda: list(lazy))


def test_finds_a_row_written_in_another_tenant(db: None, other_tenant: TenantRef) -> None:
    with transactions.entered("acme"):
        row = TaskType.objects.first()
        assert row is not None

    def hole() -> None:
        with tenant_context(other_tenant):
            row.save()

    assert "is written in" in found(hole)


def test_finds_a_cache_key_without_tenant(tenant: TenantRef) -> None:
    assert "all tenants share" in found(lambda: caches["default"].set("dashboard", 1))
    caches["tenant"].set("dashboard", 1)
    assert caches["tenant"].get("dashboard") == 1


def test_finds_a_file_outside_the_tenants_folder(tenant: TenantRef) -> None:
    assert "a file lies at" in found(lambda: default_storage.save("upload.txt", ContentFile(b"x")))
    storage = TenantStorage()
    name = storage.save("upload.txt", ContentFile(b"x"))
    assert tenant.schema_name in storage.path(name)
    storage.delete(name)


def test_a_task_for_a_schema_that_is_gone_never_reaches_sql(db: None, django_assert_max_num_queries: Callable) -> None:
    reference = transactions.reference("globex")
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER SCHEMA "{reference.schema_name}" RENAME TO t_gonegonegone')
    from apps.tenants.facade import forget_cached_tenants

    forget_cached_tenants()
    with django_assert_max_num_queries(1) as asked, pytest.raises(UnknownTenant), tenant_context(reference.id):
        TaskType.objects.count()
    assert all("tenants_tenant" in query["sql"] for query in asked.captured_queries)


def test_a_thread_does_not_inherit_the_tenant(tenant: TenantRef) -> None:
    seen: list[object] = []

    def elsewhere() -> None:
        try:
            seen.append(current_tenant())
        except NoTenant as error:
            seen.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert isinstance(seen[0], NoTenant)


def test_a_second_tenant_inside_the_first_is_refused(tenant: TenantRef, other_tenant: TenantRef) -> None:
    with pytest.raises(NestedTenant), tenant_context(other_tenant):
        TaskType.objects.count()
    assert current_tenant() == tenant


def test_a_path_left_behind_by_others_is_refused(db: None, tenant: TenantRef, other_tenant: TenantRef) -> None:
    with schema_context(other_tenant.schema_name), pytest.raises(NestedTenant):
        current_tenant()


def test_the_path_is_right_after_a_rolled_back_savepoint(tenant: TenantRef) -> None:
    from django.db import transaction

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        TaskType.objects.count()
        raise ZeroDivisionError
    assert TaskType.objects.count() >= 0
