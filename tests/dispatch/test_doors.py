"""Command line, health, metrics and back office."""

import subprocess
import sys

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.test import Client
from prometheus_client import REGISTRY, generate_latest

from apps.core.errors import Unavailable
from apps.dispatch import facade, wakeups
from apps.dispatch.probes import check_workers
from tests.dispatch.claims import claim
from tests.dispatch.ground import Ground


def test_worker_drains_and_ends_with_zero(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "_silent", False)
    work_id = ground.item(ground.tenant())
    call_command("worker", "--drain", "--no-broker", "--slots", "3")
    assert ground.row(work_id, "state") == "done"


def test_worker_refuses_unknown_kinds_and_no_slots(ground: Ground) -> None:
    with pytest.raises(CommandError, match="Unknown kind 'nothing'"):
        call_command("worker", "--kind", "nothing")
    with pytest.raises(CommandError, match="1 or more"):
        call_command("worker", "--slots", "0")


@pytest.mark.slow
def test_a_real_worker_process_ends_cleanly_on_sigterm(ground: Ground) -> None:
    process = subprocess.Popen([sys.executable, "manage.py", "worker", "--no-broker"])
    try:
        for _ in range(600):
            if ground.one(
                "SELECT count(*) FROM dispatch_worker WHERE pid = %s AND lease_until > clock_timestamp()", [process.pid]
            ):
                break
            ground.run("SELECT pg_sleep(0.1)")
        process.terminate()
        assert process.wait(timeout=60) == 0
    finally:
        process.kill()
    assert ground.one("SELECT lease_until <= clock_timestamp() FROM dispatch_worker WHERE pid = %s", [process.pid])


def test_health_says_when_nobody_works(ground: Ground) -> None:
    with pytest.raises(Unavailable, match="no worker"):
        check_workers()
    ground.worker()
    check_workers()
    ground.set(ground.item(ground.tenant()), run_at=ground.one("SELECT clock_timestamp() - interval '10 minutes'"))
    with pytest.raises(Unavailable, match="waited"):
        check_workers()


def test_metrics_show_depth_age_and_workers(ground: Ground) -> None:
    from apps.dispatch.collector import QueueCollector

    ground.item(ground.tenant())
    ground.worker()
    families = {family.name: family for family in QueueCollector().collect()}
    assert {sample.labels["state"]: sample.value for sample in families["dispatch_queue_depth"].samples}["ready"] >= 1
    assert families["dispatch_workers"].samples[0].value >= 1
    claim(ground)
    text = generate_latest(REGISTRY).decode()
    assert 'dispatch_claimed_total{kind="test.noop"}' in text
    assert "dispatch_oldest_ready_seconds" in text


def test_back_office_lists_items_and_gives_dead_ones_another_chance(ground: Ground) -> None:
    email = "staff@dispatch.example"
    get_user_model().objects.filter(email=email).delete()
    staff = get_user_model().objects.create_superuser(email)
    try:
        client = Client(SERVER_NAME="localhost")
        client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
        tenant_id = ground.tenant()
        work_id = ground.item(tenant_id)
        (work,) = claim(ground)
        from apps.dispatch.contracts import Settlement

        facade.settle([Settlement(work_id=work.id, fence=work.fence, to="dead", error_code="boom")])
        for name in ("workitem", "worker", "tenantqueue", "scheduleentry", "firing"):
            assert client.get(f"/admin/dispatch/{name}/").status_code == 200, name
        client.post("/admin/dispatch/workitem/", {"action": "redrive_selected", "_selected_action": [work_id]})
        assert ground.row(work_id, "state") == "ready"
        client.post("/admin/dispatch/workitem/", {"action": "cancel_selected", "_selected_action": [work_id]})
        assert ground.row(work_id, "state") == "cancelled"
        assert client.post(f"/admin/dispatch/workitem/{work_id}/change/", {"state": "ready"}).status_code == 403
    finally:
        staff.delete()
