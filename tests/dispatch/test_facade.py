"""Enqueue, settle, nudge and the rest, on committed rows."""

from datetime import timedelta

import psycopg2
import pytest
from django.db import transaction
from django.utils import timezone

from apps.dispatch import facade, selectors, services
from apps.dispatch.contracts import ClaimedWork, NewWork, Settlement
from apps.dispatch.enums import Queue, WorkState
from apps.dispatch.errors import IllegalMove, InvalidWork, UnknownQueue, UnknownWork
from tests.dispatch.claims import claim
from tests.dispatch.ground import Ground


def settled(work: ClaimedWork, to: WorkState, **rest: object) -> bool:
    return work.id in facade.settle([Settlement(work_id=work.id, fence=work.fence, to=to, **rest)])


def test_enqueue_belongs_to_the_callers_transaction(ground: Ground) -> None:
    tenant_id = ground.tenant()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ground.item(tenant_id)
        raise ZeroDivisionError
    assert selectors.queue_depth(tenant_id)["ready"] == 0


def test_ids_come_back_in_the_order_given(ground: Ground) -> None:
    tenant_id = ground.tenant()
    works = [
        NewWork(kind="test.noop", ref=str(number), dedupe_key=str(number) if number % 3 else "") for number in range(30)
    ]
    ids = facade.enqueue_many(tenant_id=tenant_id, works=works)
    assert [ground.row(work_id, "ref") for work_id in ids] == [str(number) for number in range(30)]


def test_a_live_duplicate_is_returned_and_a_finished_one_is_not(ground: Ground) -> None:
    tenant_id, other = ground.tenant(), ground.tenant()
    first = ground.item(tenant_id, dedupe_key="k")
    assert ground.item(tenant_id, dedupe_key="k") == first
    assert ground.item(other, dedupe_key="k") != first
    (work,) = [one for one in claim(ground) if one.id == first]
    assert ground.item(tenant_id, dedupe_key="k") == first
    assert settled(work, WorkState.DONE)
    assert ground.item(tenant_id, dedupe_key="k") != first


def test_a_change_behind_a_running_duplicate_runs_it_again(ground: Ground) -> None:
    tenant_id = ground.tenant()
    first = ground.item(tenant_id, dedupe_key="k")
    (work,) = claim(ground)
    assert ground.item(tenant_id, dedupe_key="k", again=True) == first
    assert settled(work, WorkState.DONE)
    assert ground.row(first, "state", "again", "attempt") == ("ready", False, 0)
    (work,) = claim(ground)
    assert settled(work, WorkState.DONE)
    assert ground.row(first, "state") == "done"


def test_impossible_work_is_refused_with_the_fields_at_fault(ground: Ground) -> None:
    tenant_id = ground.tenant()
    with pytest.raises(InvalidWork) as refused:
        ground.item(
            tenant_id,
            kind="unheard.of",
            ref="",
            cost=0,
            delay_s=-1,
            timeout_s=0,
            max_attempts=0,
            priority=99_999,
            run_at=timezone.now().replace(tzinfo=None),
        )
    assert set(refused.value.fields) == {
        "kind",
        "ref",
        "cost",
        "delay_s",
        "timeout_s",
        "max_attempts",
        "priority",
        "run_at",
    }
    with pytest.raises(UnknownQueue):
        ground.item(77_777_777)
    with pytest.raises(UnknownQueue):
        ground.item(77_777_777, dedupe_key="k")


@pytest.mark.parametrize("column", ["kind", "ref"])
def test_the_database_refuses_empty_names(ground: Ground, column: str) -> None:
    work_id = ground.item(ground.tenant())
    with pytest.raises(psycopg2.errors.CheckViolation):
        ground.run(
            f"INSERT INTO dispatch_workitem (tenant_id, epoch, kind, ref, queue, priority, state, parked, fence, "
            f"timeout_s, attempt, max_attempts, losses, nudges, seen_nudges, again, dedupe_key, cost, error_code, evidence) "
            f"SELECT tenant_id, epoch, {'kind' if column != 'kind' else repr('')}, {'ref' if column != 'ref' else repr('')}, "
            f"queue, priority, state, parked, fence, timeout_s, attempt, max_attempts, losses, nudges, seen_nudges, again, "
            f"dedupe_key, cost, error_code, evidence FROM dispatch_workitem WHERE id = %s",
            [work_id],
        )


@pytest.mark.parametrize(("source", "change"), [
    ("done", "state = 'ready', finished_at = NULL"),
    ("done", "error_code = 'x'"),
    ("cancelled", "state = 'ready', finished_at = NULL"),
    ("dead", "error_code = 'x'"),
    ("ready", "state = 'done', finished_at = now()"),
    ("ready", "fence = fence - 1"),
    ("ready", "tenant_id = tenant_id + 1"),
    ("waiting", "state = 'review'"),
])  # fmt: skip
def test_the_database_refuses_illegal_moves(ground: Ground, source: str, change: str) -> None:
    work_id = ground.item(ground.tenant())
    ground.set(
        work_id, state=source, fence=3, finished_at=timezone.now() if source in ("done", "dead", "cancelled") else None
    )
    with pytest.raises(psycopg2.errors.IntegrityError, match="not legal"):
        ground.run(f"UPDATE dispatch_workitem SET {change} WHERE id = %s", [work_id])


def test_live_rows_cannot_be_deleted(ground: Ground) -> None:
    work_id = ground.item(ground.tenant())
    with pytest.raises(psycopg2.errors.IntegrityError, match="cannot be deleted"):
        ground.run("DELETE FROM dispatch_workitem WHERE id = %s", [work_id])


def test_attempts_used_up_with_an_error_mean_dead(ground: Ground) -> None:
    work_id = ground.item(ground.tenant(), max_attempts=2)
    (work,) = claim(ground)
    assert settled(work, WorkState.READY, error_code="boom")
    (work,) = claim(ground)
    assert (work.attempt, work.max_attempts) == (2, 2)
    assert settled(work, WorkState.READY, error_code="boom", delay_s=60)
    assert ground.row(work_id, "state", "parked", "error_code") == ("dead", False, "boom")
    assert [one.id for one in selectors.list_dead(work.tenant_id)] == [work_id]


def test_an_attempt_given_back_does_not_count(ground: Ground) -> None:
    work_id = ground.item(ground.tenant(), max_attempts=1)
    for _ in range(5):
        (work,) = claim(ground)
        assert settled(work, WorkState.READY, error_code="away", count_attempt=False)
    assert ground.row(work_id, "state", "attempt") == ("ready", 0)


def test_a_delayed_item_is_not_claimed_before_its_time(ground: Ground) -> None:
    tenant_id = ground.tenant()
    later = ground.item(tenant_id, delay_s=3600)
    soon = ground.item(tenant_id, run_at=timezone.now() - timedelta(seconds=1))
    assert [work.id for work in claim(ground)] == [soon]
    ground.set(later, run_at=timezone.now() - timedelta(seconds=1))
    assert [work.id for work in claim(ground)] == [later]


def test_a_waiting_item_wakes_by_timer_or_nudge(ground: Ground) -> None:
    tenant_id = ground.tenant()
    timed, nudged = ground.item(tenant_id, ref="timed"), ground.item(tenant_id, ref="nudged")
    for work in claim(ground):
        assert settled(work, WorkState.WAITING, delay_s=60 if work.id == timed else 0)
    assert claim(ground) == []
    facade.nudge(tenant_id=tenant_id, kind="test.noop", ref="nudged")
    assert [work.id for work in claim(ground)] == [nudged]
    ground.set(timed, run_at=timezone.now() - timedelta(seconds=1))
    assert [work.id for work in claim(ground)] == [timed]


def test_keep_running_moves_the_deadline_and_keeps_the_fence(ground: Ground) -> None:
    work_id = ground.item(ground.tenant(), timeout_s=1)
    (work,) = claim(ground)
    assert settled(work, WorkState.RUNNING, keep_running_until_s=500)
    assert ground.row(work_id, "state", "fence") == ("running", work.fence)
    assert ground.row(work_id, "deadline_at") > work.deadline_at + timedelta(seconds=400)
    with pytest.raises(InvalidWork):
        settled(work, WorkState.RUNNING)


def test_one_settle_accepts_what_is_ours_and_refuses_the_rest(ground: Ground) -> None:
    tenant_id = ground.tenant()
    for number in range(4):
        ground.item(tenant_id, ref=str(number))
    works = claim(ground)
    facade.cancel(tenant_id=tenant_id, kind="test.noop", ref=works[1].ref, reason="test")
    accepted = facade.settle([Settlement(work_id=work.id, fence=work.fence, to=WorkState.DONE) for work in works])
    assert accepted == {work.id for work in works} - {works[1].id}
    assert (
        facade.settle([Settlement(work_id=work.id, fence=work.fence, to=WorkState.DONE) for work in works])
        == frozenset()
    )


def test_review_ends_by_the_first_decision(ground: Ground) -> None:
    tenant_id = ground.tenant()
    work_id = ground.item(tenant_id)
    (work,) = claim(ground)
    assert settled(work, WorkState.REVIEW, evidence={"effect": "unknown"})
    decide = {"tenant_id": tenant_id, "kind": "test.noop", "ref": "r1", "reason": "seen", "actor": "owner"}
    assert facade.resolve_review(to=WorkState.DONE, **decide)
    assert not facade.resolve_review(to=WorkState.READY, **decide)
    assert ground.row(work_id, "state") == "done"
    assert ground.row(work_id, "evidence")["review"] == {"by": "owner", "reason": "seen"}
    with pytest.raises(InvalidWork):
        facade.resolve_review(to=WorkState.RUNNING, **decide)


def test_redrive_gives_dead_items_a_fresh_start_and_nothing_else(ground: Ground) -> None:
    work_id = ground.item(ground.tenant())
    with pytest.raises(IllegalMove, match="ready"):
        facade.redrive(work_id=work_id, reason="r", actor="a")
    with pytest.raises(UnknownWork):
        facade.redrive(work_id=2**60, reason="r", actor="a")
    with pytest.raises(InvalidWork):
        facade.redrive(work_id=work_id, reason="", actor="a")
    (work,) = claim(ground)
    assert settled(work, WorkState.DEAD, error_code="boom")
    facade.redrive(work_id=work_id, reason="fixed", actor="owner")
    assert ground.row(work_id, "state", "attempt", "finished_at") == ("ready", 0, None)


def test_a_paused_tenant_is_not_served(ground: Ground) -> None:
    tenant_id = ground.tenant()
    ground.item(tenant_id)
    facade.pause_tenant(tenant_id=tenant_id)
    assert claim(ground) == []
    facade.resume_tenant(tenant_id=tenant_id)
    assert len(claim(ground)) == 1
    with pytest.raises(UnknownQueue):
        facade.pause_tenant(tenant_id=77_777_777)


def test_a_new_epoch_voids_what_was_in_hand(ground: Ground) -> None:
    tenant_id = ground.tenant()
    running, ready = ground.item(tenant_id, ref="a"), ground.item(tenant_id, ref="b", priority=200)
    work = next(one for one in claim(ground, limit=1))
    assert work.id == running
    assert facade.set_epoch(tenant_id=tenant_id, epoch=2) == 2
    assert not settled(work, WorkState.DONE)
    assert (ground.row(running, "state"), ground.row(ready, "state")) == ("cancelled", "cancelled")
    assert ground.row(ground.item(tenant_id), "epoch") == 2
    with pytest.raises(UnknownQueue):
        facade.set_epoch(tenant_id=tenant_id, epoch=1)


def test_a_forgotten_tenant_leaves_nothing(ground: Ground) -> None:
    tenant_id = ground.tenant()
    ground.item(tenant_id)
    facade.forget_tenant(tenant_id=tenant_id)
    assert ground.one("SELECT count(*) FROM dispatch_workitem WHERE tenant_id = %s", [tenant_id]) == 0
    with pytest.raises(UnknownQueue):
        ground.item(tenant_id)


def test_caps_are_exact_while_several_workers_claim(ground: Ground) -> None:
    from concurrent.futures import ThreadPoolExecutor

    tenant_id = ground.tenant(max_in_flight=7)
    facade.enqueue_many(tenant_id=tenant_id, works=[NewWork(kind="test.noop", ref=str(number)) for number in range(60)])
    with ThreadPoolExecutor(6) as pool:
        batches = list(pool.map(lambda _: claim(ground, limit=5), range(24)))
    assert sum(len(batch) for batch in batches) == 7
    assert (
        ground.one("SELECT count(*) FROM dispatch_workitem WHERE tenant_id = %s AND state = 'running'", [tenant_id])
        == 7
    )


def test_interactive_work_finds_a_slot_behind_any_backlog(ground: Ground) -> None:
    tenant_id = ground.tenant()
    facade.enqueue_many(
        tenant_id=tenant_id, works=[NewWork(kind="test.noop", ref=str(n), queue=Queue.BULK) for n in range(50)]
    )
    urgent = ground.item(tenant_id, queue=Queue.INTERACTIVE, priority=500)
    assert claim(ground, limit=1)[0].id == urgent


def test_cancel_one_names_what_went_wrong(ground: Ground) -> None:
    work_id = ground.item(ground.tenant())
    services.cancel_one(work_id=work_id, reason="r", actor="a")
    with pytest.raises(IllegalMove):
        services.cancel_one(work_id=work_id, reason="r", actor="a")
