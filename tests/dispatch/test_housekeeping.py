"""Sweeps, dead neighbours, schedules, pruning: on committed rows, through the housekeeper of the product."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone

from apps.dispatch import facade
from apps.dispatch.contracts import NewWork, Schedule
from apps.dispatch.enums import Queue, ScheduleScope
from apps.dispatch.housekeeping import Housekeeper
from apps.dispatch.identity import is_gone, new_identity, process_started
from apps.dispatch.registries import schedules
from apps.dispatch.scheduling import sync_schedules
from tests.dispatch.claims import claim
from tests.dispatch.ground import Ground

EVERY_MINUTE = Schedule(name="test.minute", every_s=60, kind="test.noop")


@pytest.fixture
def keeper(ground: Ground) -> Iterator[Housekeeper]:
    made = Housekeeper(identity=new_identity(), conf=ground.conf)
    yield made
    made.stop()


@contextmanager
def scheduled(*entries: Schedule) -> Iterator[None]:
    before = schedules._entries
    schedules._entries = {}
    try:
        with schedules.temporarily(*entries):
            sync_schedules()
            yield
    finally:
        schedules._entries = before


def make_due(ground: Ground, tenant_id: int, *, seconds_ago: float = 1) -> object:
    return ground.one(
        "UPDATE dispatch_firing SET next_at = date_trunc('milliseconds', clock_timestamp()) - %s * interval '1 second' "
        "WHERE tenant_id = %s RETURNING next_at",
        [seconds_ago, tenant_id],
    )


def test_a_sweep_pages_past_what_it_cannot_act_on(ground: Ground, keeper: Housekeeper) -> None:
    tenant_id = ground.tenant()
    facade.enqueue_many(tenant_id=tenant_id, works=[NewWork(kind="test.noop", ref=str(number)) for number in range(40)])
    works = sorted(claim(ground), key=lambda work: work.id)
    ground.run("UPDATE dispatch_worker SET lease_until = clock_timestamp() - interval '1 second'")
    object.__setattr__(keeper._conf, "sweep_page", 4)
    locker = ground.connect(autocommit=False)
    try:
        with locker.cursor() as cursor:
            cursor.execute(
                "SELECT id FROM dispatch_workitem WHERE id = ANY(%s) FOR UPDATE", [[work.id for work in works[:10]]]
            )
            assert keeper.sweep() == 30
    finally:
        locker.rollback()
        object.__setattr__(keeper._conf, "sweep_page", 200)
    assert keeper.sweep() == 10


def test_one_row_the_database_refuses_does_not_keep_the_others_waiting(ground: Ground, keeper: Housekeeper) -> None:
    tenant_id = ground.tenant()
    facade.enqueue_many(tenant_id=tenant_id, works=[NewWork(kind="test.noop", ref=str(number)) for number in range(9)])
    works = sorted(claim(ground), key=lambda work: work.id)
    ground.run("UPDATE dispatch_worker SET lease_until = clock_timestamp() - interval '1 second'")
    ground.set(works[4].id, evidence='{"losses": {}}', fence=2**63 - 1)
    assert keeper.sweep() == 8
    ground.set(works[4].id, fence=5)


def test_three_losses_in_a_day_mean_dead_with_evidence(ground: Ground, keeper: Housekeeper) -> None:
    work_id = ground.item(ground.tenant(), max_attempts=50)
    for _ in range(3):
        assert len(claim(ground)) == 1
        ground.run("UPDATE dispatch_worker SET lease_until = clock_timestamp() - interval '1 second'")
        assert keeper.sweep() == 1
    state, code, evidence = ground.row(work_id, "state", "error_code", "evidence")
    assert (state, code, len(evidence["losses"])) == ("dead", "poison", 3)
    assert {loss["why"] for loss in evidence["losses"]} == {"lease_expired"}


def test_losses_of_yesterday_do_not_kill(ground: Ground, keeper: Housekeeper) -> None:
    work_id = ground.item(ground.tenant())
    claim(ground)
    ground.set(work_id, losses=2, lost_at=timezone.now() - timedelta(hours=25))
    ground.run("UPDATE dispatch_worker SET lease_until = clock_timestamp() - interval '1 second'")
    keeper.sweep()
    assert ground.row(work_id, "state", "losses") == ("ready", 1)


def test_a_dead_neighbour_is_found_before_its_lease_ends(ground: Ground, keeper: Housekeeper) -> None:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    work_id = ground.item(ground.tenant())
    claim(ground)
    ground.run(
        "UPDATE dispatch_worker SET place = %s, pid = %s, pid_started = %s",
        [keeper._identity.place, process.pid, process_started(process.pid)],
    )
    assert keeper.sweep() == 0
    process.kill()
    process.wait()
    assert keeper.sweep() == 1
    assert ground.row(work_id, "state") == "ready"


def test_another_process_under_the_same_number_is_not_the_neighbour(ground: Ground) -> None:
    own = process_started(os.getpid())
    assert not is_gone(pid=os.getpid(), pid_started=own)
    assert is_gone(pid=os.getpid(), pid_started=own + 1)
    assert not is_gone(pid=os.getpid(), pid_started=0)


def test_two_workers_firing_at_once_make_one_item(ground: Ground) -> None:
    tenant_ids = [ground.tenant() for _ in range(10)]
    with scheduled(EVERY_MINUTE):
        for tenant_id in tenant_ids:
            make_due(ground, tenant_id)
        keepers = [Housekeeper(identity=new_identity(), conf=ground.conf) for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            fired = list(pool.map(lambda keeper: keeper.fire(), keepers))
        for keeper in keepers:
            keeper.stop()
        assert sum(fired) == 10
        assert ground.one("SELECT count(*) FROM dispatch_workitem WHERE ref = 'test.minute'") == 10


def test_the_same_instant_never_gives_a_second_live_item(ground: Ground, keeper: Housekeeper) -> None:
    tenant_id = ground.tenant()
    with scheduled(Schedule(name="test.minute", every_s=60, kind="test.noop", overlap=True)):
        instant = make_due(ground, tenant_id)
        assert keeper.fire() == 1
        ground.run("UPDATE dispatch_firing SET next_at = %s WHERE tenant_id = %s", [instant, tenant_id])
        assert keeper.fire() == 0


def test_an_outage_is_caught_up_once_and_the_beat_is_kept(ground: Ground, keeper: Housekeeper) -> None:
    tenant_id = ground.tenant()
    with scheduled(EVERY_MINUTE):
        instant = make_due(ground, tenant_id, seconds_ago=6 * 3600 + 7)
        assert keeper.fire() == 1
        assert keeper.fire() == 0
        following = ground.one("SELECT next_at FROM dispatch_firing WHERE tenant_id = %s", [tenant_id])
        assert (following - instant).total_seconds() % 60 == 0
        assert 0 < (following - ground.one("SELECT clock_timestamp()")).total_seconds() <= 60


def test_an_instant_is_skipped_while_the_previous_item_lives(ground: Ground, keeper: Housekeeper) -> None:
    tenant_id = ground.tenant()
    with scheduled(EVERY_MINUTE):
        for expected in (1, 0):
            make_due(ground, tenant_id, seconds_ago=1 + expected)
            assert keeper.fire() == expected


def test_platform_schedules_fire_for_the_operator_only_and_paused_tenants_not_at_all(
    ground: Ground, keeper: Housekeeper
) -> None:
    ground.run("UPDATE dispatch_tenantqueue SET is_operator = false")
    operator, other, paused = ground.tenant(), ground.tenant(), ground.tenant()
    ground.run("UPDATE dispatch_tenantqueue SET is_operator = true WHERE tenant_id = %s", [operator])
    facade.pause_tenant(tenant_id=paused)
    nightly = Schedule(
        name="test.nightly", every_s=60, kind="test.noop", scope=ScheduleScope.PLATFORM, queue=Queue.BULK
    )
    with scheduled(EVERY_MINUTE, nightly):
        ground.run(
            "UPDATE dispatch_firing SET next_at = clock_timestamp() - interval '1 second' WHERE tenant_id >= 900000"
        )
        keeper.fire()
        fired = set(ground.run("SELECT tenant_id, ref FROM dispatch_workitem WHERE tenant_id >= 900000"))
        assert fired == {(operator, "test.minute"), (operator, "test.nightly"), (other, "test.minute")}
    ground.run(
        "UPDATE dispatch_tenantqueue t SET is_operator = true FROM tenants_tenant n WHERE n.id = t.tenant_id AND n.slug = 'hq'"
    )


def test_staffs_interval_survives_a_sync_until_the_code_changes(ground: Ground) -> None:
    with scheduled(EVERY_MINUTE):
        ground.run("UPDATE dispatch_scheduleentry SET every_s = 300, enabled = false WHERE name = 'test.minute'")
        sync_schedules()
        assert ground.run("SELECT every_s, enabled FROM dispatch_scheduleentry WHERE name = 'test.minute'") == [
            (300, False)
        ]
    with scheduled(Schedule(name="test.minute", every_s=30, kind="test.noop")):
        assert ground.one("SELECT every_s FROM dispatch_scheduleentry WHERE name = 'test.minute'") == 30
    sync_schedules()
    assert ground.one("SELECT count(*) FROM dispatch_scheduleentry WHERE name = 'test.minute'") == 0


def test_sync_schedules_sets_up_the_metronome_and_may_run_twice(
    ground: Ground, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("sync_schedules")
    call_command("sync_schedules")
    assert "metronome every 5 s" in capsys.readouterr().out
    assert ground.one("SELECT count(*) FROM django_celery_beat_periodictask WHERE task = 'dispatch.tick'") == 1


def test_finished_items_are_pruned_after_their_time_and_live_ones_never(ground: Ground, keeper: Housekeeper) -> None:
    tenant_id = ground.tenant()
    ids = [ground.item(tenant_id, ref=str(number)) for number in range(4)]
    old = timezone.now() - timedelta(days=8)
    ground.set(ids[0], state="done", finished_at=old)
    ground.set(ids[1], state="dead", finished_at=old)
    ground.set(ids[2], state="done", finished_at=timezone.now())
    ground.set(ids[3], enqueued_at=old, run_at=old)
    assert keeper.prune() == 1
    assert ground.row(ids[0], "id") is None


def test_work_of_an_old_epoch_that_slipped_in_is_ended(ground: Ground, keeper: Housekeeper) -> None:
    tenant_id = ground.tenant(epoch=3)
    work_id = ground.item(tenant_id)
    ground.set(work_id, epoch=2)
    assert claim(ground) == []
    keeper.end_old_epochs()
    assert ground.row(work_id, "state", "error_code") == ("cancelled", "old_epoch")
