"""Schedules that fire: once per instant, whoever fires and whatever dies."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections, transaction

from apps.dispatch.models import WorkItem
from apps.tasks.models import Task
from apps.tenants.facade import tenant_context
from apps.workflows.models import Firing, Run, Trigger
from apps.workflows.triggers import firing, jobs, syncing
from apps.workflows.triggers.errors import InvalidTrigger
from tests.workflows.triggers.world import AT, due_at, publish

HOURLY = {"type": "schedule", "with": {"cron": "0 * * * *"}}


def states(trigger):
    return list(
        Firing.objects.filter(trigger=trigger).order_by("scheduled_at", "created_at").values_list("state", flat=True)
    )


def test_a_due_schedule_starts_one_run_and_moves_on(tenant) -> None:
    trigger = due_at(publish(hourly=HOURLY), AT)
    (fired,) = firing.fire_schedule(trigger_id=trigger.pk, now=AT + timedelta(seconds=2))
    trigger.refresh_from_db()
    assert trigger.next_at == AT + timedelta(hours=1)
    assert Run.objects.get(pk=fired.run_id).trigger == "schedule"
    assert firing.fire_schedule(trigger_id=trigger.pk, now=AT + timedelta(seconds=3)) == []
    assert Run.objects.filter(trigger="schedule").count() == 1
    assert WorkItem.objects.filter(kind=jobs.FIRE, ref=str(trigger.pk), run_at=trigger.next_at).exists()


def test_a_clock_set_back_does_not_fire_an_instant_again(tenant) -> None:
    trigger = due_at(publish(hourly=HOURLY), AT)
    firing.fire_schedule(trigger_id=trigger.pk, now=AT + timedelta(minutes=1))
    Trigger.objects.filter(pk=trigger.pk).update(next_at=AT)
    firing.fire_schedule(trigger_id=trigger.pk, now=AT + timedelta(minutes=1))
    assert Run.objects.filter(trigger="schedule").count() == 1


@pytest.mark.parametrize(
    ("policy", "runs", "missed"), [({"missed": "once"}, 1, 5), ({"missed": "skip", "grace_s": 60}, 0, 6),
                                   ({"missed": "all", "missed_limit": 4}, 4, 2)]
)  # fmt: skip
def test_an_outage_is_made_up_for_by_the_policy(tenant, policy, runs, missed) -> None:
    trigger = due_at(publish(hourly={"type": "schedule", "with": {"cron": "0 * * * *", **policy}}), AT)
    firing.fire_schedule(trigger_id=trigger.pk, now=AT + timedelta(hours=5, minutes=30))
    assert Run.objects.filter(trigger="schedule").count() == runs
    assert Firing.objects.get(trigger=trigger, state="missed").payload == {"count": missed}
    trigger.refresh_from_db()
    assert trigger.next_at == AT + timedelta(hours=6)


def test_a_failure_in_the_middle_leaves_the_schedule_due(tenant, monkeypatch: pytest.MonkeyPatch) -> None:
    trigger = due_at(publish(hourly=HOURLY), AT)
    monkeypatch.setattr(firing, "plan", lambda trigger: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        firing.fire_schedule(trigger_id=trigger.pk, now=AT)
    trigger.refresh_from_db()
    assert trigger.next_at == AT
    assert not Run.objects.filter(trigger="schedule").exists()
    assert not Firing.objects.exists()
    monkeypatch.undo()
    assert len(firing.fire_schedule(trigger_id=trigger.pk, now=AT)) == 1


@pytest.mark.parametrize(("overlap", "outcome"), [("allow", "started"), ("skip", "skipped"), ("queue", "queued")])
def test_a_run_that_still_goes_on_meets_the_overlap_rule(tenant, overlap, outcome) -> None:
    trigger = due_at(publish(hourly={"type": "schedule", "with": {"cron": "0 * * * *", "overlap": overlap}}), AT)
    firing.fire_schedule(trigger_id=trigger.pk, now=AT)
    firing.fire_schedule(trigger_id=trigger.pk, now=AT + timedelta(hours=1))
    firing.fire_schedule(trigger_id=trigger.pk, now=AT + timedelta(hours=2))
    last = {"allow": "started", "skip": "skipped", "queue": "skipped"}[overlap]
    assert states(trigger) == ["started", outcome, last]
    if overlap == "queue":
        Run.objects.update(state="succeeded", finished_at=AT)
        firing.begin_by_id(firing_id=Firing.objects.get(state="queued").pk)
        assert states(trigger) == ["started", "started", "skipped"]


def test_inputs_that_do_not_fit_are_written_down_and_the_schedule_goes_on(tenant) -> None:
    schema = {"type": "object", "required": ["topic"], "properties": {"topic": {"type": "string"}}}
    trigger = due_at(publish(hourly=HOURLY, inputs=schema), AT)
    (fired,) = firing.fire_schedule(trigger_id=trigger.pk, now=AT)
    assert (fired.state, fired.code) == ("refused", "invalid_run_input")
    trigger.refresh_from_db()
    assert (trigger.failures, trigger.next_at) == (1, AT + timedelta(hours=1))
    filled = {"topic": {"$text": "News of {{trigger.local_time}}"}}
    trigger = publish(hourly={"type": "schedule", "with": {"cron": "0 * * * *", "inputs": filled}}, inputs=schema)
    (fired,) = firing.fire_schedule(trigger_id=trigger.pk, now=AT + timedelta(hours=1))
    assert Run.objects.get(pk=fired.run_id).inputs["topic"].startswith("News of 2030-05-06T10:00")


def test_a_schedule_can_create_tasks(tenant) -> None:
    task = {"task_type": "other", "title": "Weekly summary", "body": {"$text": "Week of {{trigger.local_time}}"}}
    trigger = due_at(publish(hourly={"type": "schedule", "with": {"cron": "0 * * * *", "task": task}}), AT)
    (fired,) = firing.fire_schedule(trigger_id=trigger.pk, now=AT)
    assert Task.objects.get(pk=fired.task_id).source == "schedule"


def test_publishing_again_keeps_switch_secret_and_due_time(tenant) -> None:
    trigger = due_at(publish(hourly=HOURLY, door={"type": "webhook"}), AT)
    door = Trigger.objects.get(slug="door")
    syncing.switch(trigger_id=door.pk, on=False)
    publish(hourly={"type": "schedule", "with": {"cron": "0 * * * *", "overlap": "skip"}}, door={"type": "webhook"})
    trigger.refresh_from_db()
    again = Trigger.objects.get(slug="door")
    assert trigger.next_at == AT
    assert (again.enabled, again.secret, again.address_key) == (False, door.secret, door.address_key)
    publish(hourly={"type": "schedule", "with": {"daily": {"at": "09:00"}}})
    trigger.refresh_from_db()
    again.refresh_from_db()
    assert trigger.next_at != AT
    assert again.removed_at is not None
    publish(door={"type": "webhook"})
    again.refresh_from_db()
    assert (again.removed_at, again.secret) == (None, door.secret)


def test_a_trigger_that_cannot_work_is_not_published(tenant) -> None:
    with pytest.raises(InvalidTrigger) as refused:
        publish(
            bad={"type": "schedule", "with": {"cron": "0 0 31 2 *"}},
            odd={"type": "telepathy"},
            extra={"type": "schedule", "with": {"every_minutes": 5, "colour": "red"}},
            ref={"type": "webhook", "with": {"inputs": {"a": {"$ref": "steps.x"}}}},
        )
    assert set(refused.value.fields) == {
        "triggers.bad.with.cron", "triggers.odd.type", "triggers.extra.with", "triggers.ref.with.inputs",
    }  # fmt: skip
    assert not Trigger.objects.exists()


def test_a_switched_off_schedule_does_not_fire_and_makes_nothing_up_later(tenant) -> None:
    trigger = due_at(publish(hourly=HOURLY), AT)
    syncing.switch(trigger_id=trigger.pk, on=False)
    assert firing.fire_schedule(trigger_id=trigger.pk, now=AT + timedelta(days=1)) == []
    assert syncing.switch(trigger_id=trigger.pk, on=True).next_at > datetime.now(UTC)


def test_the_sweep_fires_what_nobody_planned(tenant) -> None:
    trigger = publish(hourly=HOURLY)
    Trigger.objects.filter(pk=trigger.pk).update(next_at=datetime.now(UTC) - timedelta(hours=3))
    jobs.catch_up()
    assert Run.objects.filter(trigger="schedule").count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_start_one_run(django_db_blocker) -> None:
    from tests.workflows.driving import inside

    with inside() as reference:
        trigger = due_at(publish(hourly=HOURLY), AT)
    gate, started = threading.Barrier(4), []

    def worker() -> None:
        try:
            with tenant_context(reference.id):
                gate.wait()
                started.extend(firing.fire_schedule(trigger_id=trigger.pk, now=AT))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=worker) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with inside():
        assert len(started) == 1
        assert Run.objects.filter(trigger="schedule").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_suspended_tenant_does_not_fire_until_it_is_restored(django_db_blocker) -> None:
    from apps.dispatch.loop import Loop
    from apps.tenants.facade import restore_tenant, suspend_tenant
    from tests.workflows.driving import FAST, inside

    with inside() as reference:
        trigger = publish(often={"type": "schedule", "with": {"cron": "* * * * *"}})
        due_at(trigger, datetime.now(UTC).replace(second=0, microsecond=0))
        with transaction.atomic():
            firing.plan(trigger)
    suspend_tenant(tenant_id=reference.id, reason="unpaid")
    Loop(conf=FAST, kinds=[jobs.FIRE], until_empty=True).run()
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT count(*) FROM "{reference.schema_name}".workflows_firing')
        assert cursor.fetchone()[0] == 0
        cursor.execute("UPDATE public.dispatch_workitem SET run_at = clock_timestamp() WHERE parked")
    restore_tenant(tenant_id=reference.id)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE public.dispatch_workitem SET run_at = clock_timestamp() WHERE parked")
    Loop(conf=FAST, kinds=[jobs.FIRE], until_empty=True).run()
    with inside():
        assert Run.objects.filter(trigger="schedule").count() == 1


def test_publishing_by_the_front_door_makes_and_withdraws_triggers(tenant) -> None:
    from apps.workflows.errors import InvalidDefinition
    from apps.workflows.facade import ensure_workflow
    from tests.workflows.triggers.world import STEPS

    base = {"schema": 1, "start": "a", "steps": STEPS}
    ensure_workflow(slug="w", name="W", definition={**base, "triggers": {"hourly": HOURLY}})
    assert Trigger.objects.get().next_at is not None
    ensure_workflow(slug="w", name="W", definition=base)
    assert Trigger.objects.get().removed_at is not None
    with pytest.raises(InvalidDefinition) as refused:
        ensure_workflow(
            slug="w", name="W", definition={**base, "triggers": {"x": {"type": "schedule", "with": {"cron": "9"}}}}
        )
    assert "triggers.x.with.cron" in refused.value.fields
