"""Waiting, cancelling, retrying and replaying through the facade."""

import threading
import time
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from apps.core.errors import InvalidInput
from apps.dispatch.models import WorkItem
from apps.workflows import facade
from apps.workflows.contracts import StepContext, StepHandler, StepResult
from apps.workflows.errors import (
    AlreadyDecided,
    InvalidRunInput,
    NotWaiting,
    RunNotRetryable,
    UnknownRun,
    UnknownWorkflow,
)
from apps.workflows.models import Run, StepRun
from apps.workflows.registries import step_types
from apps.workflows.services.reconcile import give_up_run, reconcile_runs
from apps.workflows.signals import run_finished, run_waiting
from tests.servers.effects import Ledger
from tests.workflows.driving import drain, inside, run, view, wake_sleepers, workflow

pytestmark = pytest.mark.usefixtures("committed")
ASK = {
    "a": {"type": "wait_event", "with": {"event": "decision"}, "next": "b"},
    "b": {"type": "set", "with": {"said": {"$ref": "steps.a.output.answer"}}},
}


def signal(run_id: UUID, answer: str, **more: object) -> None:
    with inside():
        facade.signal_run(run_id=run_id, event="decision", payload={"answer": answer}, **more)


def test_run_waits_for_an_answer_and_the_first_one_counts() -> None:
    run_id = run(ASK)
    asked = view(run_id)
    assert (asked.state, asked.waiting_for, asked.waiting_at, asked.steps[0].state) == (
        "waiting",
        ("decision",),
        ("a",),
        "waiting",
    )
    signal(run_id, "yes", wait_path="a")
    with pytest.raises(AlreadyDecided):
        signal(run_id, "no", wait_path="a")
    drain()
    done = view(run_id)
    assert (done.state, done.steps[1].output) == ("succeeded", {"said": "yes"})
    with pytest.raises(NotWaiting):
        signal(run_id, "late")


def test_answer_meant_for_another_question_is_refused() -> None:
    run_id = run(ASK)
    with pytest.raises(NotWaiting):
        signal(run_id, "yes", wait_path="a#2")
    assert view(run_id).state == "waiting"


def test_early_answer_counts_only_where_the_step_says_so() -> None:
    for early, state in ((True, "succeeded"), (False, "waiting")):
        steps = {"a": {"type": "wait_event", "with": {"event": "decision", "accept_early": early}}}
        with inside():
            run_id = facade.start_run(workflow=workflow(steps, slug=f"w{early}"), inputs={})
        signal(run_id, "yes")
        drain()
        assert view(run_id).state == state


@pytest.mark.parametrize(
    ("event", "payload"), [("$effect", {}), ("", {}), ("x" * 81, {}), ("decision", {"o": object()})]
)
def test_signal_that_makes_no_sense_is_refused_with_a_code(event: str, payload: dict[str, object]) -> None:
    run_id = run(ASK)
    with inside(), pytest.raises(InvalidInput):
        facade.signal_run(run_id=run_id, event=event, payload=payload)


def test_wait_times_out_into_its_route() -> None:
    steps = {
        "a": {"type": "wait_event", "with": {"event": "decision", "timeout_s": 0.05}, "on_timeout": "c"},
        "c": {"type": "set", "with": {"late": True}},
    }
    run_id = run(steps)
    time.sleep(0.06)
    wake_sleepers()
    drain()
    assert [(step.path, step.state) for step in view(run_id).steps] == [("a", "failed"), ("c", "succeeded")]


def test_delay_rests_without_a_worker_and_goes_on() -> None:
    run_id = run({"a": {"type": "delay", "with": {"seconds": 0.05}, "next": "b"}, "b": {"type": "set", "with": {}}})
    assert view(run_id).state in ("waiting", "succeeded")
    time.sleep(0.06)
    wake_sleepers()
    drain()
    assert view(run_id).state == "succeeded"


class Slow(StepHandler):
    """Waits in memory until told, so that a signal can come while the run is in a worker's hands."""

    type = "test.slow"
    entered, leave = threading.Event(), threading.Event()

    def run(self, ctx: StepContext) -> StepResult:
        self.entered.set()
        self.leave.wait(10)
        return StepResult(output={})


def test_answer_that_comes_just_before_the_run_falls_asleep_wakes_it() -> None:
    Slow.entered.clear(), Slow.leave.clear()
    steps = {
        "s": {"type": "test.slow", "next": "a"},
        "a": {"type": "wait_event", "with": {"event": "decision", "accept_early": True}},
    }

    def answer() -> None:
        Slow.entered.wait(10)
        threading.Timer(0.3, Slow.leave.set).start()
        signal(run_ids[0], "yes")
        connection.close()

    with step_types.temporarily(Slow()):
        with inside():
            run_ids = [facade.start_run(workflow=workflow(steps, start="s"), inputs={})]
        thread = threading.Thread(target=answer)
        thread.start()
        drain()
        thread.join()
        drain()
    assert view(run_ids[0]).state == "succeeded"


def test_cancelled_run_stays_cancelled_and_its_worker_writes_nothing() -> None:
    Slow.entered.clear(), Slow.leave.clear()

    def cancel() -> None:
        Slow.entered.wait(10)
        with inside():
            facade.cancel_run(run_id=run_ids[0], reason="not needed")
        connection.close()
        Slow.leave.set()

    steps = {
        "b": {"type": "log", "with": {"message": "x"}, "next": "s"},
        "s": {"type": "test.slow", "next": "c"},
        "c": {"type": "set", "with": {}},
    }
    with step_types.temporarily(Slow()):
        with inside():
            run_ids = [facade.start_run(workflow=workflow(steps, start="b"), inputs={})]
        thread = threading.Thread(target=cancel)
        thread.start()
        Slow.leave.wait(0.5)
        Slow.leave.set()
        drain()
        thread.join()
    done = view(run_ids[0])
    assert done.state in ("cancelled", "succeeded")
    if done.state == "cancelled":
        assert done.error is not None
        assert "c" not in {step.path for step in done.steps}


def test_cancelling_ends_a_waiting_run_and_its_work() -> None:
    run_id = run(ASK)
    seen = []
    run_finished.connect(listener := lambda sender, event, **_: seen.append((event.run_id, event.state)))
    with inside():
        facade.cancel_run(run_id=run_id, reason="changed my mind")
        facade.cancel_run(run_id=run_id, reason="again")
    run_finished.disconnect(listener)
    done = view(run_id)
    assert (done.state, done.error.message, done.steps[0].state) == ("cancelled", "changed my mind", "cancelled")
    assert WorkItem.objects.get(ref=str(run_id)).state == "cancelled"
    assert seen == [(run_id, "cancelled")]


def test_failed_run_goes_on_where_it_stopped(provider: Ledger) -> None:
    steps = {
        "a": {"type": "test.keyed", "with": {"reference": {"$ref": "run.id"}}, "next": "b"},
        "b": {
            "type": "test.blind",
            "with": {"reference": {"$ref": "run.id"}},
            "retry": {"max_attempts": 1},
            "next": "c",
        },
        "c": {"type": "set", "with": {"both": [{"$ref": "steps.a.output.id"}, {"$ref": "steps.b.output.id"}]}},
    }
    provider.script = ["", "429"]
    run_id = run(steps)
    assert (view(run_id).state, view(run_id).error.code) == ("failed", "http_429")
    with inside():
        facade.retry_run(run_id=run_id, actor="ada")
        with pytest.raises(RunNotRetryable):
            facade.retry_run(run_id=run_id, actor="bob")
    drain()
    done = view(run_id)
    assert done.state == "succeeded"
    assert (provider.applied["keyed"], provider.applied["blind"]) == ({str(run_id): 1}, {str(run_id): 1})
    assert [(step.path, step.attempt, step.state) for step in done.steps] == [
        ("a", 1, "succeeded"),
        ("b", 1, "failed"),
        ("b", 2, "succeeded"),
        ("c", 1, "succeeded"),
    ]


def test_retry_from_an_earlier_step_repeats_no_effect_unless_asked(provider: Ledger) -> None:
    steps = {
        "a": {"type": "test.keyed", "with": {"reference": {"$ref": "run.id"}}, "next": "b"},
        "b": {"type": "fail", "with": {"code": "no"}},
    }
    run_id = run(steps)
    for new_generation, requests in ((False, 1), (True, 2)):
        with inside():
            facade.retry_run(run_id=run_id, from_step="a", actor="ada", new_generation=new_generation)
        drain()
        assert view(run_id).state == "failed"
        assert provider.requests == requests
    with inside(), pytest.raises(RunNotRetryable):
        facade.retry_run(run_id=run_id, from_step="nowhere", actor="ada")


def test_replay_gives_the_same_outputs_without_touching_the_world(provider: Ledger) -> None:
    steps = {
        name: {"type": f"test.{kind}", "with": {"reference": {"$text": "{{inputs.n}}-" + kind}}, "next": following}
        for name, kind, following in (
            ("a", "keyed", "b"),
            ("b", "lookup", "c"),
            ("c", "blind", "d"),
            ("d", "metered", None),
        )
    }
    run_id = run(steps, {"n": 7}, output={"ids": [{"$ref": f"steps.{name}.output.id"} for name in "abcd"]})
    requests, first = provider.requests, view(run_id)
    with inside():
        same = facade.replay_run(run_id=run_id)
        tail = facade.replay_run(run_id=run_id, from_step="c")
    drain()
    assert provider.requests == requests
    for copy in (same, tail):
        assert (view(copy).state, view(copy).outputs, view(copy).cost_micros) == ("succeeded", first.outputs, 0)
        assert view(copy).replay_of == run_id
    assert [step.path for step in view(tail).steps] == ["c", "d"]
    with inside():
        fresh = facade.replay_run(run_id=run_id, new_generation=True)
    drain()
    assert view(fresh).state == "succeeded"
    assert provider.applied["blind"] == {"7-blind": 2}


def test_same_idempotency_key_starts_one_run() -> None:
    with inside():
        slug = workflow({"a": {"type": "set", "with": {}}})
        ids = {facade.start_run(workflow=slug, inputs={}, idempotency_key="once") for _ in range(3)}
        assert len(ids) == 1
        assert Run.objects.count() == 1


def test_nothing_of_a_run_remains_when_the_callers_transaction_fails() -> None:
    with inside(), pytest.raises(ZeroDivisionError), transaction.atomic():
        facade.start_run(workflow=workflow({"a": {"type": "set", "with": {}}}), inputs={})
        raise ZeroDivisionError
    with inside():
        assert Run.objects.count() == 0
    assert not WorkItem.objects.filter(kind="workflows.run").exists()


@pytest.mark.parametrize(
    "inputs", [{"n": "seven"}, {}, {"n": 1, "extra": object()}, {"n": float("nan")}, {"n": 1, "big": "x" * 1_100_000}]
)
def test_inputs_that_do_not_fit_are_refused_with_a_code(inputs: dict[str, object]) -> None:
    schema = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    with inside():
        slug = workflow({"a": {"type": "set", "with": {}}}, inputs=schema)
        with pytest.raises(InvalidRunInput):
            facade.start_run(workflow=slug, inputs=inputs)
        assert Run.objects.count() == 0


def test_unknown_ids_are_not_found() -> None:
    with inside():
        for act in (
            lambda: facade.get_run(uuid4()),
            lambda: facade.retry_run(run_id=uuid4(), actor="x"),
            lambda: facade.cancel_run(run_id=uuid4(), reason="x"),
            lambda: facade.replay_run(run_id=uuid4()),
            lambda: facade.signal_run(run_id=uuid4(), event="x", payload={}),
        ):
            with pytest.raises(UnknownRun):
                act()
        with pytest.raises(UnknownWorkflow):
            facade.start_run(workflow="nothing", inputs={})


def test_other_tenants_run_is_unknown_here() -> None:
    run_id = run({"a": {"type": "set", "with": {}}})
    with inside("globex"), pytest.raises(UnknownRun):
        facade.get_run(run_id)


def test_step_type_that_is_gone_makes_the_run_wait_not_die() -> None:
    class Once(StepHandler):
        type = "test.once"

        def run(self, ctx: StepContext) -> StepResult:
            return StepResult(output={"ok": True})

    steps = {"a": {"type": "set", "with": {}, "next": "b"}, "b": {"type": "test.once"}}
    with step_types.temporarily(Once()), inside():
        run_id = facade.start_run(workflow=workflow(steps), inputs={})
    drain()
    assert view(run_id).state == "waiting"
    with step_types.temporarily(Once()):
        wake_sleepers()
        drain()
    assert view(run_id).state == "succeeded"


def test_hostile_outputs_fail_their_own_step_and_nobody_elses() -> None:
    outputs = {
        "nul": {"t": "a\x00b"},
        "lone": {"t": "\ud800"},
        "nan": {"t": float("inf")},
        "huge": {"t": "x" * 1_200_000},
        "object": {"t": object()},
        "list": ["no"],
        "nothing": None,
    }

    class Hostile(StepHandler):
        type = "test.hostile"
        touches_database = False

        def run(self, ctx: StepContext) -> StepResult:
            return StepResult(output=outputs[ctx.config["which"]])

    with step_types.temporarily(Hostile()):
        with inside():
            slug = workflow(
                {
                    "a": {
                        "type": "test.hostile",
                        "with": {"which": {"$ref": "inputs.which"}},
                        "retry": {"max_attempts": 1},
                    }
                }
            )
            ids = {which: facade.start_run(workflow=slug, inputs={"which": which}) for which in outputs}
        drain()
    codes = {
        which: (view(run_id).state, view(run_id).error.code if view(run_id).error else "")
        for which, run_id in ids.items()
    }
    assert codes["nul"] == ("succeeded", "")
    assert codes["lone"] == ("succeeded", "")
    assert view(ids["nul"]).steps[0].output == {"t": "a\ufffdb"}
    assert {codes[which] for which in ("nan", "object")} == {("failed", "output_not_json")}
    assert codes["huge"] == ("failed", "output_too_large")


def test_database_error_in_one_step_does_not_touch_its_neighbours() -> None:
    class Clumsy(StepHandler):
        type = "test.clumsy"

        def run(self, ctx: StepContext) -> StepResult:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / %s", [ctx.config["by"]])
            return StepResult(output={})

    with step_types.temporarily(Clumsy()):
        with inside():
            slug = workflow(
                {"a": {"type": "test.clumsy", "with": {"by": {"$ref": "inputs.by"}}, "retry": {"max_attempts": 1}}}
            )
            ids = [facade.start_run(workflow=slug, inputs={"by": by}) for by in (1, 0, 2)]
        drain()
    assert [view(run_id).state for run_id in ids] == ["succeeded", "failed", "succeeded"]


def test_dead_work_fails_its_run_and_a_person_may_retry_it() -> None:
    with inside() as tenant:
        run_id = facade.start_run(workflow=workflow({"a": {"type": "set", "with": {"x": 1}}}), inputs={})
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE public.dispatch_workitem SET state = 'dead', finished_at = now() WHERE ref = %s", [str(run_id)]
        )
    give_up_run(tenant_id=tenant.id, run_id=str(run_id), code="poison")
    assert (view(run_id).state, view(run_id).error.code) == ("failed", "poison")
    with inside():
        facade.retry_run(run_id=run_id, actor="ada")
    drain()
    assert view(run_id).state == "succeeded"


def test_run_that_lost_its_work_item_is_queued_again() -> None:
    with inside():
        run_id = facade.start_run(workflow=workflow({"a": {"type": "set", "with": {}}}), inputs={})
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE public.dispatch_workitem SET state = 'dead', finished_at = now() WHERE ref = %s", [str(run_id)]
            )
            cursor.execute("UPDATE workflows_run SET created_at = now() - interval '1 hour'")
        assert reconcile_runs() == 1
    drain()
    assert view(run_id).state == "succeeded"


def test_waiting_is_announced_once() -> None:
    seen = []
    run_waiting.connect(listener := lambda sender, event, **_: seen.append(event.waiting_for))
    run(ASK)
    run_waiting.disconnect(listener)
    assert seen == [("decision",)]


def test_parallel_calls_are_in_flight_together(provider: Ledger) -> None:
    steps = {
        "p": {"type": "parallel", "branches": ["a", "b", "c"], "join": "j"},
        **{name: {"type": "test.metered", "with": {"reference": name, "delay_ms": 400}, "next": "j"} for name in "abc"},
        "j": {"type": "join", "next": "e"},
        "e": {"type": "set", "with": {}},
    }
    began = time.monotonic()
    run_id = run(steps, start="p")
    assert view(run_id).state == "succeeded"
    assert time.monotonic() - began < 2.4
    with inside():
        spans = list(
            StepRun.objects.filter(run_id=run_id, type="test.metered").values_list("started_at", "finished_at")
        )
    assert max(start for start, _ in spans) < min(end for _, end in spans)
