"""A delivery and the run it starts are one transaction of few statements, whoever dies and however many copies arrive."""

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext

from apps.dispatch.loop import Loop
from apps.dispatch.models import WorkItem
from apps.tasks.models import Task
from apps.workflows.conf import RUN_KIND
from apps.workflows.models import Firing, Run, Trigger
from apps.workflows.triggers import firing, receiving, syncing
from apps.workflows.triggers.jobs import BEGIN
from tests.faults.kit import wait_until
from tests.workflows.driving import FAST, inside
from tests.workflows.triggers.world import publish

OPEN = {"type": "webhook", "with": {"verify": "none"}}
TASK = {"type": "webhook", "with": {"verify": "none", "task": {"task_type": "other", "title": "From outside"}}}
# In a test's transaction the outer savepoint stands for BEGIN and COMMIT, and the host's tenant is not remembered but asked for.
FOUND = ["SET", "SELECT", "SET", "SELECT"]
START = ["SELECT", "SAVEPOINT", "INSERT", "INSERT", "RELEASE"]
TAKEN = [*FOUND, "SAVEPOINT", "SELECT", "SAVEPOINT", *START, "RELEASE", "INSERT", "RELEASE"]
REPEATED = [*FOUND, "SAVEPOINT", "SELECT", "RELEASE"]
BEGUN = ["SAVEPOINT", "SELECT", "SELECT", *START, "UPDATE", "RELEASE"]


def address(trigger):
    return f"/hooks/w/{trigger.address_key}/"


def post(client, trigger, number):
    return client.post(address(trigger), json.dumps({"n": number}), content_type="application/json")


def kinds(captured):
    return [query["sql"].split()[0] for query in captured.captured_queries]


def test_a_delivery_takes_a_fixed_number_of_statements(tenant, browse) -> None:
    trigger, client = publish(door=OPEN), browse(None)
    post(client, trigger, 0)
    for number in (1, 2):
        with CaptureQueriesContext(connection) as captured:
            assert post(client, trigger, number).status_code == 202
        assert kinds(captured) == TAKEN
    assert Run.objects.count() == WorkItem.objects.filter(kind=RUN_KIND).count() == 3


def test_a_repeat_takes_even_fewer(tenant, browse) -> None:
    trigger, client = publish(door=OPEN), browse(None)
    post(client, trigger, 0)
    with CaptureQueriesContext(connection) as captured:
        assert post(client, trigger, 0).json()["repeat"] is True
    assert kinds(captured) == REPEATED


def test_what_a_worker_begins_takes_a_fixed_number_of_statements(tenant, browse) -> None:
    trigger, client = publish(door=OPEN), browse(None)
    post(client, trigger, 0)
    for _number in (1, 2):
        again = receiving.replay(firing_id=Firing.objects.earliest("created_at").pk)
        with CaptureQueriesContext(connection) as captured:
            firing.begin_by_id(firing_id=again.pk)
        assert kinds(captured) == BEGUN
    assert Run.objects.count() == 3


def test_a_refused_delivery_says_why_and_starts_nothing(tenant, browse) -> None:
    schema = {"type": "object", "required": ["topic"], "properties": {"topic": {"type": "string"}}}
    trigger, client = publish(door=OPEN, inputs=schema), browse(None)
    assert post(client, trigger, 0).status_code == 202
    taken = Firing.objects.get()
    assert (taken.state, taken.code, taken.run_id) == ("refused", "invalid_run_input", None)
    trigger.refresh_from_db()
    assert trigger.failures == 1
    assert "topic" in trigger.problem
    assert not Run.objects.exists()
    assert not WorkItem.objects.exists()
    client.post(address(trigger), '{"topic": "x"}', content_type="application/json")
    trigger.refresh_from_db()
    assert (trigger.failures, trigger.problem) == (0, "")


def test_what_fails_unforeseen_loses_nothing_and_a_worker_begins_it(tenant, browse, monkeypatch, caplog) -> None:
    trigger, client = publish(door=OPEN), browse(None)
    monkeypatch.setattr("apps.workflows.services.runs.enqueue_run", lambda **_given: 1 / 0)
    assert post(client, trigger, 0).status_code == 202
    monkeypatch.undo()
    taken = Firing.objects.get()
    assert (taken.state, taken.run_id, Run.objects.count()) == ("received", None, 0)
    assert WorkItem.objects.get().kind == BEGIN
    assert "could not be begun at once" in caplog.text
    for _twice in range(2):
        firing.begin_by_id(firing_id=taken.pk)
    taken.refresh_from_db()
    assert (taken.state, Run.objects.get().pk) == ("started", taken.run_id)


def test_a_failed_statement_after_the_run_takes_neither_the_delivery_nor_leaves_half_of_it(
    tenant, browse, monkeypatch
) -> None:
    def fails(*_given, **_named) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 / 0")

    trigger, client = publish(door=OPEN), browse(None)
    monkeypatch.setattr("apps.workflows.triggers.store.note_success", fails)
    assert post(client, trigger, 0).status_code == 202
    monkeypatch.undo()
    taken = Firing.objects.get()
    assert (taken.state, taken.run_id, Run.objects.count()) == ("received", None, 0)
    firing.begin_by_id(firing_id=taken.pk)
    assert Run.objects.count() == 1


def test_a_task_is_made_by_a_worker(tenant, browse) -> None:
    trigger, client = publish(door=TASK), browse(None)
    post(client, trigger, 0)
    assert (Firing.objects.get().state, Task.objects.count()) == ("received", 0)
    firing.begin_by_id(firing_id=WorkItem.objects.get(kind=BEGIN).ref)
    assert Task.objects.get().title == "From outside"


def test_a_run_of_every_delivery_has_the_version_current_then(tenant, browse) -> None:
    trigger, client = publish(door=OPEN), browse(None)
    post(client, trigger, 0)
    publish(door=OPEN)
    post(client, trigger, 1)
    assert [run.version.number for run in Run.objects.order_by("created_at")] == [1, 2]
    syncing.switch(trigger_id=trigger.pk, on=False)
    assert post(client, trigger, 2).status_code == 404


@pytest.mark.usefixtures("committed")
def test_copies_that_arrive_at_once_start_one_run() -> None:
    with inside():
        trigger = publish(door=OPEN)
    gate, answers = threading.Barrier(4), []

    def deliver() -> None:
        try:
            with inside():
                found = receiving.find(key=trigger.address_key, kind="webhook")
                gate.wait()
                answers.append(receiving.receive(found, headers={}, body=b"{}", payload={"body": {"n": 1}}))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=deliver) for _each in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with inside():
        taken = Firing.objects.get()
        assert sorted(new for _id, new in answers) == [False, False, False, True]
        assert {pk for pk, _new in answers} == {taken.pk}
        assert (taken.repeats, Run.objects.get().pk) == (3, taken.run_id)


def in_a_process(*arguments: str, fault: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.workflows.triggers.dying", *arguments]
    environment = {**os.environ, "FAULT_AT": fault, "LOG_LEVEL": "ERROR"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=120)


def rows() -> tuple[int, int, int]:
    with inside():
        return Firing.objects.count(), Run.objects.count(), WorkItem.objects.filter(kind=RUN_KIND).count()


@pytest.mark.usefixtures("committed")
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("fault", "left"), [("delivery.before_commit", (0, 0, 0)), ("delivery.after_commit", (1, 1, 1))]
)
def test_a_web_process_that_dies_leaves_delivery_and_run_or_neither(fault: str, left: tuple[int, int, int]) -> None:
    with inside():
        trigger = publish(door=OPEN)
    died = in_a_process("take", address(trigger), '{"n": 1}', fault=fault)
    assert (died.returncode, died.stdout) == (-signal.SIGKILL, "")
    assert rows() == left
    again = (
        Client(SERVER_NAME="acme.localhost").post(address(trigger), '{"n": 1}', content_type="application/json").json()
    )
    assert again["repeat"] is (left != (0, 0, 0))
    assert rows() == (1, 1, 1)


@pytest.mark.usefixtures("committed")
@pytest.mark.timeout(180)
def test_a_worker_that_dies_in_the_middle_begins_nothing_twice() -> None:
    with inside():
        trigger = publish(door=OPEN)
        kept = [Firing.objects.create(trigger=trigger, state="received", payload={"body": {"n": n}}) for n in range(3)]
        for taken in kept:
            firing.enqueue_begin(taken)
    assert in_a_process("begin", fault="begin.before_commit:2").returncode == -signal.SIGKILL
    begun, runs, queued = rows()
    assert (begun, runs, queued) == (3, 1, 1)
    with inside():
        assert Firing.objects.filter(state="started").count() == 1

    def all_begun() -> bool:
        Loop(conf=replace(FAST, sweep_s=0.1), kinds=[BEGIN], until_empty=True).run()
        with inside():
            return Firing.objects.filter(state="started").count() == 3

    assert wait_until(all_begun, seconds=60, every=0.2)
    assert rows() == (3, 3, 3)
    with inside():
        assert set(Run.objects.values_list("pk", flat=True)) == set(Firing.objects.values_list("run_id", flat=True))
        assert Trigger.objects.get().fired_at is not None
