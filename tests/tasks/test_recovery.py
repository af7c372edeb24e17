"""Trying again, cancelling, catching up, finding what is stuck, and the figures."""

from datetime import UTC, timedelta
from io import StringIO
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import User
from apps.core.errors import InvalidInput, NotAllowed
from apps.tasks import facade, receivers
from apps.tasks.errors import IllegalMove, InvalidRequest, UnknownTask
from apps.tasks.models import JobMetric, Task
from apps.tasks.services import metrics, recovery, submitting
from apps.tasks.services.clock import database_now
from apps.workflows import facade as workflows
from apps.workflows.signals import run_finished
from tests.tasks.driving import BODY, Office


@pytest.fixture
def deaf() -> Any:
    """Nobody hears that a run is finished, as after a crash just behind the commit."""
    run_finished.disconnect(dispatch_uid="tasks.run_finished")
    yield
    run_finished.connect(receivers.settle_finished_run, dispatch_uid="tasks.run_finished")


def broken(office: Office) -> Any:
    """A task whose run failed for good."""
    office.model.mode({"status": 400, "code": "content_policy", "message": "No."}, model="*")
    office.model.mode({"status": 400, "code": "content_policy", "message": "No."}, model="gpt-6.1-sol")
    office.sql("UPDATE tasks_tasktype SET workflow = 'plain'")
    with office.inside():
        workflows.ensure_workflow(
            slug="plain",
            name="Plain",
            definition={
                "schema": 1,
                "start": "stop",
                "steps": {
                    "stop": {"type": "fail", "with": {"code": "broken_on_purpose", "message": "Broken on purpose."}}
                },
            },
        )
    return office.done()


def test_a_failed_run_fails_its_task_with_the_reason(office: Office) -> None:
    task = broken(office)
    assert (task.state, task.error_code) == ("failed", "broken_on_purpose")
    assert "Broken on purpose." in task.error and "again" in task.error
    with office.inside():
        letters = facade.list_dead_letters()
    assert [(letter.task_id, letter.error_code) for letter in letters] == [(task.id, "broken_on_purpose")]


def test_a_missed_event_is_caught_up_by_the_sweep(office: Office, deaf: None) -> None:
    task = broken(office)
    assert task.state == "new"
    assert office.sweep()["settled"] == 1
    assert office.view(task.id).state == "failed"
    assert office.sweep()["settled"] == 0


def test_a_missed_bill_is_booked_by_the_sweep(office: Office, deaf: None) -> None:
    task = office.done()
    assert task.state == "done"
    assert office.sweep()["settled"] == 1
    with office.inside():
        assert office.view(task.id).cost_micros == workflows.get_run(task.run_id).cost_micros > 0


def test_only_permitted_people_retry_and_only_failed_tasks(office: Office, owner: User, onlooker: User) -> None:
    task = broken(office)
    with office.inside():
        with pytest.raises(NotAllowed):
            facade.retry_task(task_id=task.id, user_id=onlooker.pk)
        with pytest.raises(NotAllowed):
            facade.cancel_task(task_id=task.id, user_id=onlooker.pk)
        assert facade.get_task(task.id) == task
        facade.retry_task(task_id=task.id, user_id=owner.pk)
        with pytest.raises(IllegalMove):
            facade.retry_task(task_id=task.id, user_id=owner.pk)
        with pytest.raises(UnknownTask):
            facade.retry_task(task_id=uuid4(), user_id=owner.pk)
    office.work()
    assert [event.kind for event in office.view(task.id).events].count("failed") == 2


def test_many_dead_letters_are_replayed_each_on_its_own(office: Office, owner: User) -> None:
    first, second = broken(office), office.done()
    with office.inside():
        answers = facade.replay_dead(task_ids=[first.id, second.id, uuid4()], user_id=owner.pk)
    assert list(answers.values()) == ["", "", "unknown_task"]


def test_a_refused_request_comes_back_only_when_its_reason_can_be_gone(office: Office, owner: User) -> None:
    with office.inside():
        refused = submitting.record_refusal(
            source="notion",
            title="T",
            body="",
            task_type="other",
            error_code="invalid_task",
            error="Description: needed.",
            source_ref={},
        )
        with pytest.raises(InvalidRequest):
            facade.retry_task(task_id=refused.id, user_id=owner.pk)
        full = submitting.record_refusal(
            source="notion",
            title="T",
            body=BODY,
            task_type="drafting",
            error_code="plan_limit_reached",
            error="Plan.",
            source_ref={},
        )
        facade.retry_task(task_id=full.id, user_id=owner.pk)
    office.work()
    assert (office.view(refused.id).state, office.view(full.id).state) == ("failed", "done")


def test_an_outage_is_tried_again_by_itself_when_its_time_comes(office: Office) -> None:
    task = broken(office)
    office.sql("UPDATE tasks_task SET error_code = 'unavailable', retry_at = now() + interval '1 hour'")
    assert office.sweep()["retried"] == 0
    office.sql("UPDATE tasks_task SET retry_at = now() - interval '1 second'")
    assert office.sweep()["retried"] == 1
    after = office.view(task.id)
    assert (after.state, after.attempt) == ("running", 2)
    with office.inside():
        assert not recovery.retry_by_rule(task.id)


def test_cancelling_stops_the_run_and_closes_the_review(office: Office, owner: User) -> None:
    office.model.judge_score = 40
    task = office.done()
    with office.inside():
        cancelled = facade.cancel_task(task_id=task.id, user_id=owner.pk, reason="Not needed any more.")
        assert (cancelled.state, cancelled.review.state if cancelled.review else "") == ("cancelled", "withdrawn")
        assert workflows.get_run(task.run_id).state == "cancelled"
    office.work()
    assert office.view(task.id).result == ""


def test_a_replay_of_the_run_leaves_the_delivered_task_alone(office: Office) -> None:
    task = office.done()
    with office.inside():
        workflows.replay_run(run_id=task.run_id, new_generation=True)
    office.work()
    assert office.view(task.id) == task


def test_a_workflow_without_a_delivery_step_still_answers(office: Office) -> None:
    with office.inside():
        workflows.ensure_workflow(
            slug="plain",
            name="Plain",
            definition={
                "schema": 1,
                "start": "a",
                "steps": {"a": {"type": "set", "with": {"text": {"$text": "Dear {{inputs.title}}"}}}},
                "output": {"text": {"$ref": "steps.a.output.text"}},
            },
        )
    office.sql("UPDATE tasks_tasktype SET workflow = 'plain'")
    task = office.done()
    assert (task.state, task.result, task.workflow) == ("done", "Dear Opening hours", "plain")


def test_the_built_in_workflow_run_without_a_task_says_so(office: Office) -> None:
    task = office.send()
    with office.inside():
        inputs = workflows.get_run(task.run_id).inputs
        run_id = workflows.start_run(workflow="answer", inputs=inputs)
    office.work()
    with office.inside():
        run = workflows.get_run(run_id)
    assert (run.state, "task" in (run.error.message if run.error else "")) == ("failed", True)


def test_stuck_tasks_are_found_with_their_cause_and_noted_once(office: Office) -> None:
    task = office.send()
    with office.inside():
        assert not facade.find_stuck()
    office.sql("UPDATE tasks_task SET touched_at = now() - interval '31 minutes'")
    with office.inside():
        assert [(stuck.task_id, stuck.cause) for stuck in facade.find_stuck()] == [(task.id, "not_started")]
    assert office.sweep()["stuck"] == 1
    assert office.sweep()["stuck"] == 0
    assert [event.kind for event in office.view(task.id).events].count("stuck") == 1


def test_figures_are_computed_from_the_tasks_and_stored_once(office: Office, owner: User) -> None:
    office.done(client="Acme")
    office.done(client="Acme", task_type="other")
    office.model.judge_score = 40
    office.decide(office.done().id, "approve", by=owner)
    today = database_now().astimezone(UTC).date()
    with office.inside():
        rows = {(row.task_type, row.client): row for row in facade.job_metrics(first=today, last=today)}
        drafting = rows["drafting", "Acme"]
        assert (
            drafting.submitted,
            drafting.done,
            drafting.to_person,
            drafting.passed_first_time,
            drafting.score_avg,
        ) == (1, 1, 0, 1, 95)
        assert drafting.duration_ms_p50 is not None and drafting.tokens > 0
        by_person = rows["drafting", ""]
        assert (by_person.done, by_person.to_person, by_person.passed_first_time, by_person.duration_ms_p50) == (
            1,
            1,
            0,
            None,
        )
        assert sum(row.cost_micros for row in rows.values()) == sum(Task.objects.values_list("cost_micros", flat=True))
        assert metrics.roll_up_recent() == metrics.roll_up_recent() == 3
        assert JobMetric.objects.count() == 3
        with pytest.raises(InvalidInput):
            facade.job_metrics(first=today, last=today - timedelta(days=1))
        with pytest.raises(InvalidInput):
            facade.job_metrics(first=today - timedelta(days=5000), last=today)


def test_the_demo_is_seeded_once(office: Office) -> None:
    with office.inside():
        assert facade.seed_demo(limit=3) == facade.seed_demo(limit=3) == 3
    assert office.sql("SELECT count(*) FROM tasks_task") == [(3,)]


def command(*arguments: str) -> str:
    """What the command prints."""
    out = StringIO()
    call_command("tasks", *arguments, stdout=out)
    return out.getvalue()


def test_operators_list_and_replay_from_the_command_line(office: Office, owner: User) -> None:
    task = broken(office)
    assert f"#{task.number} {task.id}" in command("dead", "--tenant", "acme")
    assert command("stuck", "--tenant", "acme") == ""
    assert "started" in command("replay", str(task.number), "--tenant", "acme", "--by", owner.email)
    assert "drafting" in command("metrics", "--tenant", "acme", "--days", "2")
    for arguments in (
        ["dead", "--tenant", "nobody"],
        ["replay", "all", "--tenant", "acme"],
        ["replay", "--tenant", "acme"],
        ["replay", "1", "--tenant", "acme", "--by", "stranger@example.com"],
        ["metrics", "--tenant", "acme", "--days", "0"],
    ):
        with pytest.raises(CommandError):
            command(*arguments)
