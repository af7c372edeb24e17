"""Events that start workflows: in the transaction, once, never in a circle."""

import pytest
from django.db import transaction

from apps.connectors import facade as connectors
from apps.connectors.contracts import NewEvent
from apps.connectors.webhooks_out import publishing
from apps.connectors.webhooks_out.models import EventInterest, OutEvent
from apps.core.errors import InvalidInput
from apps.tasks.facade import cancel_task, submit_task
from apps.tasks.models import TaskType
from apps.workflows.engine.giving_up import fail_run
from apps.workflows.facade import cancel_run, start_run
from apps.workflows.models import Firing, Run
from apps.workflows.triggers import firing, syncing
from apps.workflows.triggers.errors import InvalidTrigger
from tests.workflows import driving
from tests.workflows.triggers.world import publish


def event_trigger(*kinds, **more):
    return publish(heard={"type": "event", "with": {"events": list(kinds), **more}})


def carry_out():
    publishing.hand_on()
    for found in Firing.objects.filter(state="received"):
        firing.begin_by_id(firing_id=found.pk)


def test_a_cancelled_run_of_another_workflow_starts_one_run(tenant) -> None:
    publish(slug="other", hand={"type": "manual"})
    trigger = event_trigger("run.cancelled")
    cancel_run(run_id=start_run(workflow="other", inputs={}), reason="no")
    carry_out()
    carry_out()
    found = Firing.objects.get(trigger=trigger)
    run = Run.objects.get(pk=found.run_id)
    assert (run.trigger, run.inputs["data"]["workflow"]) == ("event", "other")


def test_a_failed_run_tells_the_workflow_that_looks_after_failures_what_was_wrong(tenant) -> None:
    publish(slug="other", hand={"type": "manual"})
    trigger = event_trigger("run.failed", workflow="other")
    run_id = start_run(workflow="other", inputs={})
    assert fail_run(run_id=str(run_id), tenant_id=tenant.id, code="worker_kept_dying", message="m" * 900)
    carry_out()
    carry_out()
    found = Firing.objects.get(trigger=trigger)
    told = Run.objects.get(pk=found.run_id).inputs["data"]
    assert (told["run_id"], told["workflow"]) == (str(run_id), "other")
    assert told["error"] == {"code": "worker_kept_dying", "message": "m" * 500, "path": ""}


@pytest.mark.usefixtures("committed")
def test_the_engine_tells_which_step_failed_and_why() -> None:
    with driving.inside():
        event_trigger("run.failed")
        driving.workflow({"a": {"type": "set", "with": {"v": {"$expr": "1 / inputs.zero"}}}}, slug="other")
        run_id = start_run(workflow="other", inputs={"zero": 0})
    driving.drain()
    try:
        with driving.inside():
            told, shown = OutEvent.objects.get().data, Run.objects.get(pk=run_id).error
            assert told["error"] == shown
            assert (shown["path"], bool(shown["code"]), bool(shown["message"])) == ("a", True, True)
    finally:
        with driving.inside():
            EventInterest.objects.all().delete()
            OutEvent.objects.all().delete()


def test_nothing_is_kept_of_events_nobody_waits_for(tenant) -> None:
    publish(slug="other", hand={"type": "manual"})
    cancel_run(run_id=start_run(workflow="other", inputs={}), reason="no")
    assert not OutEvent.objects.exists()


def test_an_event_that_is_rolled_back_starts_nothing(tenant) -> None:
    event_trigger("run.failed")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        connectors.publish_events([NewEvent(type="run.failed", object_key="run:1", data={})])
        raise ZeroDivisionError
    carry_out()
    assert not Firing.objects.exists()


def test_a_workflow_does_not_start_itself(tenant) -> None:
    trigger = event_trigger("run.cancelled")
    cancel_run(run_id=start_run(workflow="watch", inputs={}), reason="no")
    carry_out()
    assert not Firing.objects.filter(trigger=trigger).exists()
    with pytest.raises(InvalidTrigger):
        event_trigger("run.failed", workflow="watch")


def test_a_circle_of_two_workflows_is_cut(tenant) -> None:
    publish(slug="ping", heard={"type": "event", "with": {"events": ["run.cancelled"]}})
    publish(slug="pong", heard={"type": "event", "with": {"events": ["run.cancelled"]}})
    cancel_run(run_id=start_run(workflow="ping", inputs={}), reason="go")
    for _round in range(20):
        carry_out()
        for run in Run.objects.filter(trigger="event", finished_at__isnull=True):
            cancel_run(run_id=run.pk, reason="go on")
    assert Run.objects.filter(trigger="event").count() == firing.DEEPEST + 1
    assert Firing.objects.get(state="refused").code == "limit_reached"


def test_tasks_tell_and_filters_choose(tenant, user) -> None:
    trigger = event_trigger("task.created", "task.cancelled", task_type="research")
    for kind in ("research", "other"):
        task = submit_task(source="portal", title="T", body="B", task_type=kind, requested_by=user.pk)
        cancel_task(task_id=task.id, user_id=user.pk)
    carry_out()
    told = [found.payload["type"] for found in Firing.objects.filter(trigger=trigger).order_by("created_at")]
    assert told == ["task.created", "task.cancelled"]


def test_switching_off_ends_the_interest(tenant) -> None:
    trigger = event_trigger("run.failed")
    assert EventInterest.objects.get().types == ["run.failed"]
    syncing.switch(trigger_id=trigger.pk, on=False)
    assert not EventInterest.objects.exists()
    syncing.switch(trigger_id=trigger.pk, on=True)
    publish(slug="watch", hand={"type": "manual"})
    assert not EventInterest.objects.exists()


def test_an_unknown_event_is_refused(tenant) -> None:
    with pytest.raises(InvalidTrigger):
        event_trigger("weather.changed")


def test_a_task_type_is_answered_by_the_workflow_while_it_says_so(tenant, user) -> None:
    publish(answers={"type": "task", "with": {"task_type": "research"}})
    task = submit_task(source="portal", title="T", body="B", task_type="research", requested_by=user.pk)
    assert task.workflow == "watch"
    with pytest.raises(InvalidInput):
        publish(slug="rival", answers={"type": "task", "with": {"task_type": "research"}})
    publish(hand={"type": "manual"})
    assert TaskType.objects.get(slug="research").workflow == "answer"


def test_a_changed_row_starts_a_run(tenant) -> None:
    trigger = publish(row={"type": "connector", "with": {"change": "connector.row_changed", "database": "tasks"}})
    for database in ("tasks", "clients"):
        data = {"database": database, "page_id": "p", "values": {}}
        connectors.publish_events([NewEvent(type="connector.row_changed", object_key="notion:p", data=data)])
    carry_out()
    assert Firing.objects.get(trigger=trigger).payload["data"]["database"] == "tasks"
