"""Suspending, deleting, purging, exporting and cloning."""

import hashlib
import json
import zipfile
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import Membership, User
from apps.core.errors import NotAllowed, NotFound
from apps.dispatch.models import TenantQueue, WorkItem
from apps.tasks import facade as tasks
from apps.tasks.enums import TaskSource
from apps.tasks.models import Task, TaskType
from apps.tasks.services import sweeping
from apps.tenants.contracts import TenantRef
from apps.tenants.enums import TenantStatus
from apps.tenants.errors import SlugTaken, TenantInactive, UnknownTenant, WrongStatus
from apps.tenants.facade import get_tenant, provision_tenant, tenant_context
from apps.tenants.models import Tenant, TenantEvent, TenantExport
from apps.tenants.services import lifecycle
from apps.tenants.services.cloning import clone_tenant
from apps.tenants.services.exporting import export_tenant, open_export, remove_expired_exports
from apps.workflows.conf import RUN_KIND
from apps.workflows.models import Run


def status(tenant: TenantRef) -> str:
    return Tenant.objects.get(pk=tenant.id).status


def schema_exists(name: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [name])
        return cursor.fetchone() is not None


def test_suspending_stops_pages_and_work_and_says_why(other_tenant: TenantRef, browse) -> None:
    lifecycle.suspend_tenant(tenant_id=other_tenant.id, reason="Invoice 7 is open", actor_id=1)
    assert TenantQueue.objects.get(tenant_id=other_tenant.id).paused_at is not None
    answer = browse(host="globex.localhost").get("/")
    assert answer.status_code == 503
    assert "Invoice 7 is open" in answer.text
    lifecycle.restore_tenant(tenant_id=other_tenant.id)
    assert TenantQueue.objects.get(tenant_id=other_tenant.id).paused_at is None
    assert status(other_tenant) == TenantStatus.ACTIVE
    kinds = list(TenantEvent.objects.filter(tenant_id=other_tenant.id).order_by("id").values_list("kind", flat=True))
    assert kinds[-2:] == ["suspended", "restored"]


def test_each_step_starts_from_its_own_status(other_tenant: TenantRef) -> None:
    with pytest.raises(WrongStatus):
        lifecycle.restore_tenant(tenant_id=other_tenant.id)
    with pytest.raises(WrongStatus):
        lifecycle.cancel_deletion(tenant_id=other_tenant.id)
    with pytest.raises(WrongStatus):
        lifecycle.purge_tenant(tenant_id=other_tenant.id)
    with pytest.raises(UnknownTenant):
        lifecycle.suspend_tenant(tenant_id=10**9, reason="x")


def test_the_operators_own_tenant_stays(db: None) -> None:
    hq = provision_tenant(slug="hq", name="HQ", email="hq@platform.example")
    with pytest.raises(NotAllowed):
        lifecycle.schedule_deletion(tenant_id=hq.id)


def test_deletion_can_be_cancelled_for_thirty_days_and_loses_nothing(other_tenant: TenantRef) -> None:
    with tenant_context(other_tenant):
        before = TaskType.objects.count()
    now = timezone.now()
    when = lifecycle.schedule_deletion(tenant_id=other_tenant.id, now=now)
    assert when == now + timedelta(days=30)
    with pytest.raises(TenantInactive), tenant_context(other_tenant.id):
        pass
    assert lifecycle.purge_due_tenants(now=when - timedelta(seconds=1)) == []
    with pytest.raises(WrongStatus):
        lifecycle.purge_tenant(tenant_id=other_tenant.id, now=when - timedelta(seconds=1))
    lifecycle.cancel_deletion(tenant_id=other_tenant.id)
    with tenant_context(other_tenant.id):
        assert TaskType.objects.count() == before > 0


@pytest.mark.django_db(transaction=True)
def test_purging_leaves_a_tombstone_and_nothing_else() -> None:
    globex = get_tenant(slug="globex")
    when = lifecycle.schedule_deletion(tenant_id=globex.id)
    assert lifecycle.purge_due_tenants(now=when + timedelta(seconds=1)) == [globex.id]
    assert not schema_exists(globex.schema_name)
    assert not Membership.objects.filter(tenant_id=globex.id).exists()
    assert not TenantQueue.objects.filter(tenant_id=globex.id).exists()
    row = Tenant.objects.get(pk=globex.id)
    assert (row.status, row.email, row.name) == ("deleted", "deleted@invalid.example", "Deleted workspace")
    with pytest.raises(UnknownTenant):
        get_tenant(slug="globex")
    with pytest.raises(UnknownTenant):
        lifecycle.purge_tenant(tenant_id=globex.id)
    with pytest.raises(SlugTaken):
        provision_tenant(slug="globex", name="Heir", email="heir@example.com")


@pytest.mark.django_db(transaction=True)
def test_an_interrupted_purge_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    globex = get_tenant(slug="globex")
    lifecycle.schedule_deletion(tenant_id=globex.id)
    real = lifecycle.delete_files
    monkeypatch.setattr(lifecycle, "delete_files", lambda **_: (_ for _ in ()).throw(OSError("disk")))
    with pytest.raises(OSError, match="disk"):
        lifecycle.purge_tenant(tenant_id=globex.id, early=True)
    assert status(globex) == "deleting"
    monkeypatch.setattr(lifecycle, "delete_files", real)
    assert lifecycle.purge_tenant(tenant_id=globex.id, early=True) == 0
    assert status(globex) == "deleted"


def test_raising_the_epoch_voids_older_references(other_tenant: TenantRef) -> None:
    assert lifecycle.raise_epoch(tenant_id=other_tenant.id, reason="restored from backup") == other_tenant.epoch + 1
    from apps.tenants.errors import StaleEpoch

    with pytest.raises(StaleEpoch), tenant_context(other_tenant):
        pass


@pytest.mark.django_db(transaction=True)
def test_an_export_holds_every_row_with_checksums_and_no_secret(tmp_path: Path) -> None:
    acme = get_tenant(slug="acme")
    row = export_tenant(tenant_id=acme.id, path=tmp_path / "acme.zip")
    assert row.sha256 == hashlib.sha256((tmp_path / "acme.zip").read_bytes()).hexdigest()
    with zipfile.ZipFile(tmp_path / "acme.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
        for file in manifest["files"]:
            body = archive.read(file["name"])
            assert hashlib.sha256(body).hexdigest() == file["sha256"]
            assert len(body.splitlines()) == file["rows"]
            assert all(json.loads(line) is not None for line in body.splitlines())
        types = archive.read("data/tasks_tasktype.jsonl").splitlines()
        people = [json.loads(line)["email"] for line in archive.read("people.jsonl").splitlines()]
    with tenant_context(acme):
        assert len(types) == TaskType.objects.count() > 0
        assert open_export(export_id=row.pk) == tmp_path / "acme.zip"
    assert "owner@acme.example" in people
    assert all(address.endswith("@acme.example") for address in people)
    assert manifest["withheld"]
    with tenant_context(get_tenant(slug="globex")), pytest.raises(NotFound):
        open_export(export_id=row.pk)
    assert remove_expired_exports(now=timezone.now() + timedelta(days=8)) == 1
    assert not (tmp_path / "acme.zip").exists()


@pytest.mark.django_db(transaction=True)
def test_a_failed_export_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from apps.tenants.services import exporting

    monkeypatch.setattr(exporting, "list_tables", lambda _: (_ for _ in ()).throw(RuntimeError("boom")))
    with pytest.raises(RuntimeError):
        export_tenant(tenant_id=get_tenant(slug="acme").id, path=tmp_path / "acme.zip")
    assert list(tmp_path.iterdir()) == []
    assert TenantExport.objects.get().state == "failed"


def test_a_clone_has_the_rows_and_none_of_the_powers(other_tenant: TenantRef, user: User) -> None:
    with tenant_context(other_tenant):
        TaskType.objects.create(slug="special", name="Special")
        names = sorted(TaskType.objects.values_list("slug", flat=True))
    clone = clone_tenant(tenant_id=other_tenant.id, slug="globex-copy", name="Copy", owner_id=user.pk)
    with tenant_context(clone):
        assert sorted(TaskType.objects.values_list("slug", flat=True)) == names
        TaskType.objects.create(slug="later", name="Later")
    with tenant_context(other_tenant):
        assert not TaskType.objects.filter(slug="later").exists()
    assert clone.launch_stage == "pre"
    assert list(Membership.objects.filter(tenant_id=clone.id).values_list("user_id", flat=True)) == [user.pk]


def test_what_was_under_way_ends_in_the_copy_and_goes_on_in_the_original(other_tenant: TenantRef, user: User) -> None:
    with tenant_context(other_tenant):
        tasks.ensure_defaults()
        task = tasks.submit_task(source=TaskSource.PORTAL, title="Opening hours", body="When?", requested_by=user.pk)
    clone = clone_tenant(tenant_id=other_tenant.id, slug="globex-copy", name="Copy", owner_id=user.pk)
    with tenant_context(clone):
        assert list(Run.objects.values_list("state", flat=True)) == ["cancelled"]
        Task.objects.update(touched_at=F("touched_at") - timedelta(minutes=1))
        sweeping.catch_up()
        assert tasks.get_task(task.id).state == "cancelled"
    assert not WorkItem.objects.filter(
        tenant_id=clone.id, kind=RUN_KIND, state__in=["ready", "running", "waiting"]
    ).exists()
    with tenant_context(other_tenant):
        assert tasks.get_task(task.id).state == "new"
