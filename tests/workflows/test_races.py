"""Two at one run in the same moment: each race that was lost once, played in the one order that loses it."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.core.errors import NotFound
from apps.dispatch.models import WorkItem
from apps.workflows import facade
from apps.workflows.conf import RUN_KIND
from apps.workflows.engine import abandon, sending, turn
from apps.workflows.models import Effect, Run, UsageEntry
from apps.workflows.services import children
from tests.faults.kit import wait_until
from tests.servers.effects import Ledger
from tests.workflows import driving

pytestmark = [pytest.mark.usefixtures("committed"), pytest.mark.timeout(120)]
WAITING = {"a": {"type": "wait_event", "with": {"event": "go"}}}


class Other:
    """Somebody else with a connection of their own: ``does`` it at once, in the tenant."""

    def __init__(self) -> None:
        self._threads: list[threading.Thread] = []
        self.errors: list[BaseException] = []

    def does(self, act: Callable[[], object], *, wait_s: float = 30) -> None:
        """Start it and wait for its end at most ``wait_s`` seconds, which is for ever unless it is held up."""

        def work() -> None:
            try:
                with driving.inside():
                    act()
            except BaseException as error:
                self.errors.append(error)
            finally:
                connection.close()

        self._threads.append(threading.Thread(target=work))
        self._threads[-1].start()
        self._threads[-1].join(wait_s)

    def join(self) -> None:
        """Wait for everything begun; raise what went wrong."""
        for thread in self._threads:
            thread.join(30)
        if self.errors:
            raise self.errors[0]


@pytest.fixture
def other() -> Iterator[Other]:
    somebody = Other()
    yield somebody
    somebody.join()


def once_at(patch: pytest.MonkeyPatch, module: Any, point: str, act: Callable[[], object]) -> None:
    """Let ``act`` happen when the engine comes to a fault point of this module for the first time."""
    left = [act]

    def reach(name: str) -> None:
        if name == point and left:
            left.pop()()

    patch.setattr(module, "reach", reach)


def child(slug: str, steps: dict[str, Any], **more: Any) -> None:
    with driving.inside():
        driving.workflow(steps, slug=slug, **more)


def call(next_: str | None = None, **config: Any) -> dict[str, Any]:
    return {"type": "workflow.run", "with": config, "next": next_}


def below(run_id: UUID) -> list[Run]:
    with driving.inside():
        return list(Run.objects.filter(parent_id=run_id).order_by("parent_index", "pk"))


def test_a_doubt_settled_while_a_worker_is_at_the_run_is_not_slept_over(
    provider: Ledger, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.script = ["500_after"]
    steps = {
        "a": {"type": "parallel", "branches": ["blind", "pause"], "join": "meet"},
        "blind": {"type": "test.blind", "with": {"reference": "x"}, "next": "meet"},
        "pause": {"type": "delay", "with": {"seconds": 0.5}, "next": "meet"},
        "meet": {"type": "join"},
    }
    run_id = driving.run(steps)
    assert driving.view(run_id).state == "waiting"

    def happened() -> None:
        (effect,) = facade.list_effects_in_review()
        facade.resolve_effect(effect_id=effect.id, decision="happened", response={"reference": "x"}, actor="test")

    once_at(monkeypatch, turn, "turn.loaded", lambda: other.does(happened))
    time.sleep(0.6)
    driving.wake_sleepers()
    driving.drain()
    assert driving.view(run_id).state == "succeeded"


def test_a_child_that_was_held_up_tells_the_try_its_parent_is_at(provider: Ledger, other: Other) -> None:
    child("slow", {"a": {"type": "test.metered", "with": {"reference": "x", "delay_ms": 1500}}})
    steps = {
        "a": {"type": "parallel", "branches": ["kids", "wait"], "join": "meet"},
        "kids": call("meet", workflow="slow"),
        "wait": {"type": "wait_event", "with": {"event": "x"}, "next": "boom"},
        "boom": {"type": "set", "with": {"n": {"$expr": "6 / inputs.by"}}, "next": "meet"},
        "meet": {"type": "join"},
    }
    with driving.inside():
        run_id = facade.start_run(workflow=driving.workflow(steps), inputs={"by": 0})

    def fail_and_retry() -> None:
        assert wait_until(lambda: provider.requests > 0, seconds=20, every=0.02)
        facade.signal_run(run_id=run_id, event="x", payload={})
        assert wait_until(lambda: Run.objects.get(pk=run_id).state == "failed", seconds=20, every=0.02)
        Run.objects.filter(pk=run_id).update(inputs={"by": 2})
        facade.retry_run(run_id=run_id)
        assert wait_until(lambda: Run.objects.get(pk=run_id).state == "waiting", seconds=20, every=0.02)

    other.does(fail_and_retry, wait_s=0)
    driving.drain()
    other.join()
    driving.drain()
    (only,) = below(run_id)
    assert (only.state, only.parent_attempt) == ("succeeded", 2)
    assert driving.view(run_id).state == "succeeded"
    assert provider.applied["metered"]["x"] == 1


def test_children_that_a_turn_starts_while_its_run_is_cancelled_are_cancelled_with_it(
    other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    child("leaf", WAITING)
    with driving.inside():
        run_id = facade.start_run(
            workflow=driving.workflow({"a": call(workflow="leaf", items=[1, 2, 3], max_parallel=3)}), inputs={}
        )
    cancel = lambda: facade.cancel_run(run_id=run_id, reason="enough")  # noqa: E731
    once_at(monkeypatch, children, "children.started", lambda: other.does(cancel, wait_s=0.5))
    driving.drain()
    other.join()
    driving.drain()
    assert driving.view(run_id).state == "cancelled"
    assert [row.state for row in below(run_id)] == ["cancelled"] * 3


def test_a_run_goes_on_at_once_when_the_one_it_waits_for_is_cancelled() -> None:
    child("waiting", WAITING)
    run_id = driving.run(
        {"a": {**call(workflow="waiting"), "on_error": "b"}, "b": {"type": "set", "with": {"ok": True}}}
    )
    (only,) = below(run_id)
    with driving.inside():
        facade.cancel_run(run_id=only.pk, reason="not this one")
    driving.drain()
    assert driving.view(run_id).state == "succeeded"


def test_what_a_cancelled_run_has_started_stands_still_too_and_goes_on_when_the_cancel_is_taken_back() -> None:
    child("waiting", WAITING)
    run_id = driving.run({"a": call(workflow="waiting", items=[1, 2])})
    with driving.inside():
        person = User.objects.get(email="owner@acme.example").pk
        facade.hold_cancel(run_id=run_id, user_id=person)
        for one in below(run_id):
            facade.signal_run(run_id=one.pk, event="go", payload={})
    driving.drain()
    assert [row.state for row in below(run_id)] == ["waiting"] * 2
    with driving.inside():
        facade.undo_cancel(run_id=run_id, user_id=person)
    driving.drain()
    assert [row.state for row in below(run_id)] == ["succeeded"] * 2
    assert driving.view(run_id).state == "succeeded"


def test_a_child_that_somebody_holds_stays_held_when_its_parents_cancel_is_taken_back() -> None:
    child("waiting", WAITING)
    run_id = driving.run({"a": call(workflow="waiting")})
    (only,) = below(run_id)
    with driving.inside():
        person = User.objects.get(email="owner@acme.example").pk
        facade.hold_cancel(run_id=only.pk, user_id=person)
        facade.hold_cancel(run_id=run_id, user_id=person)
        facade.undo_cancel(run_id=run_id, user_id=person)
        assert not WorkItem.objects.filter(kind=RUN_KIND, ref=str(only.pk), finished_at=None).exists()
        facade.hold_cancel(run_id=run_id, user_id=person)
        facade.undo_cancel(run_id=only.pk, user_id=person)
        assert not WorkItem.objects.filter(kind=RUN_KIND, ref=str(only.pk), finished_at=None).exists()
        facade.undo_cancel(run_id=run_id, user_id=person)
        assert WorkItem.objects.filter(kind=RUN_KIND, ref=str(only.pk), finished_at=None).exists()


def test_a_call_that_is_being_sent_while_its_run_is_cancelled_is_booked(
    provider: Ledger, other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    with driving.inside():
        steps = {"a": {"type": "test.metered", "with": {"reference": "x"}}}
        run_id = facade.start_run(workflow=driving.workflow(steps), inputs={})
    cancel = lambda: facade.cancel_run(run_id=run_id, reason="enough")  # noqa: E731
    once_at(monkeypatch, sending, "mark.before_commit", lambda: other.does(cancel, wait_s=0.5))
    driving.drain()
    other.join()
    assert driving.view(run_id).state == "cancelled"
    assert provider.applied["metered"]["x"] == 1
    with driving.inside():
        assert list(UsageEntry.objects.values_list("account", "cost_micros")) == [("waste", 1000)]


def test_what_a_cancelled_run_only_intended_is_never_sent_even_where_its_step_is_unknown(
    provider: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = {"a": {"type": "test.blind", "with": {"reference": "x"}, "approval": {"require": "always"}}}
    run_id = driving.run(steps)

    class Nothing:
        @staticmethod
        def get(name: str) -> object:
            raise NotFound(detail=name)

    monkeypatch.setattr(abandon, "step_types", Nothing)
    with driving.inside():
        facade.cancel_run(run_id=run_id, reason="enough")
        assert Effect.objects.get(run_id=run_id).state == "failed"


def test_a_turn_that_gives_way_in_a_deadlock_is_made_again_at_once(
    other: Other, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other holds what this turn wants next and waits for what this turn holds."""
    child("waiting", WAITING)
    parent = driving.run({"a": call(workflow="waiting")})
    (only,) = below(parent)
    parents_item = WorkItem.objects.get(ref=str(parent)).pk
    childs_item = WorkItem.objects.get(ref=str(only.pk)).pk
    waits = threading.Event()

    def hold_both() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET deadlock_timeout = '20s'")  # so that the turn is the one that gives way
            cursor.execute("BEGIN")
            cursor.execute("SELECT FROM public.dispatch_workitem WHERE id = %s FOR UPDATE", [parents_item])
            waits.set()
            cursor.execute("SELECT FROM public.dispatch_workitem WHERE id = %s FOR UPDATE", [childs_item])
            cursor.execute("ROLLBACK")

    def collide() -> None:
        other.does(hold_both, wait_s=0)
        assert waits.wait(10)
        time.sleep(0.3)

    with driving.inside():
        facade.signal_run(run_id=only.pk, event="go", payload={})
    from apps.workflows.engine import children as telling

    once_at(monkeypatch, telling, "parents.told", collide)
    driving.drain()
    assert driving.view(parent).state == "succeeded"
    item = WorkItem.objects.get(pk=childs_item)
    assert (item.error_code, item.evidence) == ("", {})
