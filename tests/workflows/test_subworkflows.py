"""Workflows as steps of other workflows: one child or one per item, failures, retries, cancelling, circles, lost wake-ups."""

from typing import Any
from uuid import UUID

import pytest

from apps.workflows import facade
from apps.workflows.enums import RunState
from apps.workflows.errors import InvalidDefinition
from apps.workflows.models import Run, RunEvent
from apps.workflows.services.reconcile import catch_up_parents
from tests.workflows import driving

pytestmark = pytest.mark.usefixtures("committed", "provider")

DOUBLE = {"a": {"type": "set", "with": {"twice": {"$expr": "inputs.item * 2"}}}}
PICKY = {
    "a": {"type": "condition", "when": {"$expr": "inputs.item == 2"}, "then": "b", "else": None},
    "b": {"type": "fail", "with": {"code": "no_twos"}},
}


def child(slug: str, steps: dict[str, Any], **more: Any) -> None:
    with driving.inside():
        driving.workflow(steps, slug=slug, **more)


def call(**config: Any) -> dict[str, Any]:
    return {"a": {"type": "workflow.run", "with": config}}


def children(parent: UUID) -> list[Run]:
    with driving.inside():
        return list(Run.objects.filter(parent_id=parent).order_by("parent_index", "created_at"))


def test_parent_waits_for_its_child_and_gets_its_output() -> None:
    child("double", DOUBLE, output={"$ref": "steps.a.output.twice"})
    run = driving.run(call(workflow="double", inputs={"item": 21}), output={"$ref": "steps.a.output.output"})
    seen = driving.view(run)
    assert (seen.state, seen.outputs) == ("succeeded", 42)
    assert [(row.depth, row.state) for row in children(run)] == [(1, "succeeded")]


def test_one_run_per_item_a_few_at_a_time_in_order() -> None:
    child("double", DOUBLE, output={"$ref": "steps.a.output.twice"})
    run = driving.run(call(workflow="double", items=list(range(7)), max_parallel=2), output={"$ref": "steps.a.output"})
    outputs = driving.view(run).outputs
    assert [one["output"] for one in outputs["results"]] == [0, 2, 4, 6, 8, 10, 12]
    assert (outputs["count"], outputs["failed"]) == (7, 0)
    assert len(children(run)) == 7


def test_empty_list_starts_nothing() -> None:
    child("double", DOUBLE)
    run = driving.run(call(workflow="double", items=[]))
    assert driving.view(run).state == "succeeded"
    assert children(run) == []


def test_errors_of_items_are_kept_when_asked_for() -> None:
    child("picky", PICKY)
    run = driving.run(
        call(workflow="picky", items=[1, 2, 3], on_item_error="collect"), output={"$ref": "steps.a.output.results"}
    )
    results = driving.view(run).outputs
    assert [one["state"] for one in results] == ["succeeded", "failed", "succeeded"]
    assert results[1]["error"]["code"] == "no_twos"


def test_failed_child_fails_the_step_and_a_retry_goes_on_where_the_child_stopped() -> None:
    child("picky", {"a": {"type": "set", "with": {"n": {"$expr": "6 / inputs.item"}}}})
    run = driving.run(call(workflow="picky", items=[1, 0, 3], max_parallel=1))
    assert driving.view(run).error is not None
    assert driving.view(run).error.code == "child_failed"  # type: ignore[union-attr]
    assert len(children(run)) == 2
    with driving.inside():
        Run.objects.filter(parent_id=run, parent_index=1).update(inputs={"item": 5})
        facade.retry_run(run_id=run)
    driving.drain()
    assert driving.view(run).state == "succeeded"
    assert [row.state for row in children(run)] == ["succeeded"] * 3


def test_cancelling_the_parent_cancels_what_it_started() -> None:
    child("waiting", {"a": {"type": "wait_event", "with": {"event": "never"}}})
    run = driving.run(call(workflow="waiting", items=[1, 2]))
    assert driving.view(run).state == "waiting"
    with driving.inside():
        facade.cancel_run(run_id=run, reason="enough")
    driving.drain()
    assert driving.view(run).state == "cancelled"
    assert {row.state for row in children(run)} == {"cancelled"}


def test_sweep_wakes_a_parent_that_missed_its_child() -> None:
    child("waiting", {"a": {"type": "wait_event", "with": {"event": "go"}}})
    run = driving.run(call(workflow="waiting"))
    (only,) = children(run)
    with driving.inside():
        facade.signal_run(run_id=only.pk, event="go", payload={})
    driving.drain()
    with driving.inside():
        assert driving.view(run).state == "succeeded"
    second = driving.run(call(workflow="waiting"))
    (only,) = children(second)
    with driving.inside():
        Run.objects.filter(pk=only.pk).update(
            state=RunState.SUCCEEDED, finished_at="2026-01-01T00:00:00Z", started_at="2026-01-01T00:00:00Z"
        )
        assert RunEvent.objects.filter(run_id=second).count() == 0
        assert catch_up_parents() == 1
    driving.drain()
    assert driving.view(second).state == "succeeded"


def test_children_keep_the_version_the_first_began_with() -> None:
    child("waiting", {"a": {"type": "wait_event", "with": {"event": "go"}}})
    run = driving.run(call(workflow="waiting", items=[1, 2], max_parallel=1))
    child("waiting", {"a": {"type": "set", "with": {"other": True}}})
    (first,) = children(run)
    with driving.inside():
        facade.signal_run(run_id=first.pk, event="go", payload={})
    driving.drain()
    assert len({row.version_id for row in children(run)}) == 1


def test_circle_of_calls_is_refused_when_published_and_when_it_is_built_at_run_time() -> None:
    child("one", {"a": {"type": "set"}})
    child("two", call(workflow="one"))
    with driving.inside(), pytest.raises(InvalidDefinition) as refused:
        driving.workflow(call(workflow="two"), slug="one")
    assert "workflow_cycle" in str(refused.value.detail)
    hidden = {"a": {"type": "workflow.run", "with": {"workflow": {"$ref": "inputs.name"}, "inputs": {"name": "self"}}}}
    with driving.inside():
        run = facade.start_run(workflow=driving.workflow(hidden, slug="self"), inputs={"name": "self"})
    driving.drain()
    seen = driving.view(run)
    assert seen.state == "failed"
    assert children(run) == []


def test_calls_end_at_a_depth_of_five() -> None:
    child("w6", {"a": {"type": "set"}})
    for level in range(5, -1, -1):
        child(f"w{level}", call(workflow=f"w{level + 1}"))
    with driving.inside():
        run = facade.start_run(workflow="w0", inputs={})
    driving.drain()
    assert driving.view(run).state == "failed"
    with driving.inside():
        assert Run.objects.order_by("-depth").values_list("depth", flat=True)[0] == 5
