"""Time comes from the database, at the moment a statement runs, not from workers and not from when a transaction began."""

import time
from datetime import timedelta

from django.db import transaction

from apps.dispatch import facade
from apps.dispatch.contracts import Settlement
from apps.dispatch.enums import WorkState
from apps.dispatch.identity import new_identity
from apps.dispatch.lease import Lease
from tests.dispatch.claims import claim
from tests.dispatch.ground import Ground

HELD_S = 0.4


def test_a_delay_counts_from_the_settlement_not_from_the_start_of_its_transaction(ground: Ground) -> None:
    work_id = ground.item(ground.tenant())
    (work,) = claim(ground)
    with transaction.atomic():
        time.sleep(HELD_S)
        settled_at = ground.one("SELECT clock_timestamp()")
        facade.settle(
            [Settlement(work_id=work.id, fence=work.fence, to=WorkState.READY, delay_s=10, count_attempt=False)]
        )
    assert ground.row(work_id, "run_at") >= settled_at + timedelta(seconds=10)


def test_an_extension_counts_from_the_settlement(ground: Ground) -> None:
    work_id = ground.item(ground.tenant())
    (work,) = claim(ground)
    with transaction.atomic():
        time.sleep(HELD_S)
        settled_at = ground.one("SELECT clock_timestamp()")
        facade.settle([Settlement(work_id=work.id, fence=work.fence, to=WorkState.RUNNING, keep_running_until_s=5)])
    assert ground.row(work_id, "deadline_at") >= settled_at + timedelta(seconds=5)


def test_an_item_is_as_old_as_its_insertion(ground: Ground) -> None:
    tenant_id = ground.tenant()
    with transaction.atomic():
        ground.one("SELECT 1")
        facade.settle([])
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        time.sleep(HELD_S)
        before = ground.one("SELECT clock_timestamp()")
        work_id = ground.item(tenant_id, delay_s=5)
    assert ground.row(work_id, "enqueued_at") >= before
    assert ground.row(work_id, "run_at") >= before + timedelta(seconds=5)


def test_a_lease_does_not_depend_on_the_workers_wall_clock(ground: Ground, monkeypatch: object) -> None:
    real = time.time
    for shift in (-3600, 3600):
        monkeypatch.setattr(time, "time", lambda shift=shift: real() + shift)
        identity = new_identity()
        lease = Lease(
            identity=identity,
            conf=ground.conf,
            boot={"revision": "", "slots": 1, "kinds": "[]"},
            in_flight=lambda: 0,
            last_tick=lambda: float("inf"),
            on_owned=lambda *_: None,
        )
        try:
            lease._session.run(lease_boot(), lease_params(lease, identity))
            assert lease.beat()
            left = ground.one(
                "SELECT extract(epoch FROM lease_until - clock_timestamp())::float8 FROM dispatch_worker "
                "WHERE incarnation = %s",
                [str(identity.incarnation)],
            )
            assert ground.conf.lease_s - 2 < left <= ground.conf.lease_s
        finally:
            lease._session.close()


def lease_boot() -> str:
    from apps.dispatch.sql import worker

    return worker.BOOT


def lease_params(lease: Lease, identity: object) -> dict[str, object]:
    return {
        "worker": str(identity.incarnation),
        "host": "t",
        "place": "t",
        "pid": 1,
        "pid_started": 1,
        "lease": 30,
        "revision": "",
        "kinds": "[]",
        "slots": 1,
    }


def test_two_boots_are_never_the_same_worker_and_the_first_ones_items_come_back(ground: Ground) -> None:
    first, second = new_identity(), new_identity()
    assert first.incarnation != second.incarnation
    assert first.host == second.host
