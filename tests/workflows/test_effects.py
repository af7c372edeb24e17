"""Effects through the facade, the real loop and real HTTP: what may be sent again, what may not, and what it costs."""

import time
from typing import Any
from uuid import UUID

import psycopg2
import pytest
from django.db import connection

from apps.dispatch.enums import Queue
from apps.workflows import facade
from apps.workflows.contracts import StepContext, StepResult
from apps.workflows.enums import EffectClass
from apps.workflows.errors import AlreadyDecided
from apps.workflows.models import Effect, Evidence, UsageEntry
from apps.workflows.registries import step_types
from apps.workflows.services.runs import enqueue_run
from tests.servers.effects import Ledger
from tests.workflows.driving import drain, inside, run, view, wake_sleepers
from tests.workflows.provider_steps import Inside

pytestmark = pytest.mark.usefixtures("committed")


def one_step(kind: str, **more: Any) -> dict[str, Any]:
    return {"a": {"type": f"test.{kind}", "with": {"reference": {"$ref": "run.id"}}, **more}}


def settle_down(run_id: UUID, *, rounds: int = 12, pause: float = 0) -> Any:
    """Let retries come until the run rests for good; ``pause`` seconds pass before each."""
    for _ in range(rounds):
        seen = view(run_id)
        if seen.state not in ("running", "waiting"):
            break
        time.sleep(pause)
        wake_sleepers()
        expire_timers(run_id)
        drain()
    return view(run_id)


def expire_timers(run_id: UUID) -> None:
    with inside(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_run SET cursor = jsonb_set(cursor, '{tokens}', (SELECT jsonb_agg(jsonb_set(t, '{9}', "
            "CASE WHEN t->9 = 'null'::jsonb THEN t->9 ELSE '1'::jsonb END)) FROM jsonb_array_elements(cursor->'tokens') t)) "
            "WHERE id = %s AND jsonb_array_length(cursor->'tokens') > 0",
            [run_id],
        )


def effect_of(run_id: UUID) -> Effect:
    with inside():
        return Effect.objects.get(run_id=run_id)


def ledger_of(run_id: UUID) -> dict[str, int]:
    with inside():
        return {entry.account: entry.quantity for entry in UsageEntry.objects.filter(run_id=run_id)}


def test_all_four_classes_happen_once_and_their_answers_feed_the_next_step(provider: Ledger) -> None:
    steps = {
        name: {"type": f"test.{kind}", "with": {"reference": {"$text": "{{run.id}}-" + kind}}, "next": following}
        for name, kind, following in (
            ("a", "keyed", "b"),
            ("b", "lookup", "c"),
            ("c", "blind", "d"),
            ("d", "metered", "e"),
        )
    }
    steps["e"] = {"type": "set", "with": {"ids": [{"$ref": f"steps.{name}.output.id"} for name in "abcd"]}}
    run_id = run(steps)
    done = view(run_id)
    assert done.state == "succeeded"
    assert done.steps[-1].output["ids"] == [
        f"{kind}-{run_id}-{kind}-1" for kind in ("keyed", "lookup", "blind", "metered")
    ]
    assert [sum(provider.applied[kind].values()) for kind in ("keyed", "lookup", "blind", "metered")] == [1, 1, 1, 1]
    assert (done.cost_micros, done.steps[3].cost_micros, done.steps[3].model) == (1000, 1000, "double-1")


@pytest.mark.parametrize("fault", ["500_after", "reset_after", "garbled", "409", "429", "500_before", "reset_before"])
def test_keyed_effect_is_sent_again_under_the_same_key_and_happens_once(provider: Ledger, fault: str) -> None:
    provider.script = [fault, fault]
    run_id = run(one_step("keyed"))
    done = settle_down(run_id)
    assert done.state == "succeeded", done.error
    assert provider.applied["keyed"] == {str(run_id): 1}
    assert (provider.mismatches, len(provider.keys)) == (0, 1)
    assert effect_of(run_id).sends == 3
    assert [step.state for step in done.steps] == ["failed", "failed", "succeeded"]


@pytest.mark.parametrize(
    ("fault", "sends"), [("500_after", 1), ("reset_after", 1), ("500_before", 2), ("409", 2), ("429", 2)]
)
def test_lookup_effect_is_looked_for_before_it_is_sent_again(provider: Ledger, fault: str, sends: int) -> None:
    provider.script = [fault]
    run_id = run(one_step("lookup", timeout_s=0.2))
    done = settle_down(run_id, pause=0.25)
    assert done.state == "succeeded", done.error
    assert provider.applied["lookup"] == {str(run_id): 1}
    assert effect_of(run_id).sends == sends


@pytest.mark.parametrize("fault", ["500_after", "500_before", "reset_after", "garbled", "409"])
def test_blind_effect_of_unknown_outcome_waits_for_a_person_and_is_never_sent_again(
    provider: Ledger, fault: str
) -> None:
    provider.script = [fault]
    run_id = run(one_step("blind"))
    done = settle_down(run_id)
    assert (done.state, done.steps[-1].state) == ("review", "review")
    assert effect_of(run_id).sends == 1
    assert provider.applied["blind"][str(run_id)] <= 1
    with inside():
        assert [effect.run_id for effect in facade.list_effects_in_review()] == [run_id]


def test_blind_effect_that_was_refused_before_it_happened_is_sent_again(provider: Ledger) -> None:
    provider.script = ["429", "429"]
    run_id = run(one_step("blind"))
    assert settle_down(run_id).state == "succeeded"
    assert provider.applied["blind"] == {str(run_id): 1}


@pytest.mark.parametrize(
    ("decision", "applied", "state"),
    [("happened", 1, "succeeded"), ("send_again", 2, "succeeded"), ("give_up", 1, "failed")],
)
def test_person_decides_about_a_doubtful_effect_and_the_first_word_counts(
    provider: Ledger, decision: str, applied: int, state: str
) -> None:
    provider.script = ["500_after"]
    run_id = run(one_step("blind"), output={"id": {"$ref": "steps.a.output.id"}})
    effect = effect_of(run_id)
    with inside():
        facade.resolve_effect(
            effect_id=effect.pk, decision=decision, response={"id": "seen in the shop"}, actor="ada", reason="looked"
        )
        with pytest.raises(AlreadyDecided):
            facade.resolve_effect(effect_id=effect.pk, decision="send_again", actor="bob")
    drain()
    done = settle_down(run_id)
    assert done.state == state
    assert provider.applied["blind"][str(run_id)] == applied
    if decision == "happened":
        assert done.outputs == {"id": "seen in the shop"}


@pytest.mark.parametrize(("fault", "waste"), [("500_after", 1), ("garbled", 1), ("reset_after", 1), ("429", 0)])
def test_metered_call_may_run_again_but_the_tenant_pays_once(provider: Ledger, fault: str, waste: int) -> None:
    provider.script = [fault]
    run_id = run(one_step("metered"))
    done = settle_down(run_id)
    assert (done.state, done.cost_micros) == ("succeeded", 1000)
    assert ledger_of(run_id) == {"tenant": 1} | ({"waste": waste} if waste else {})


def test_retries_end_and_an_effect_of_unknown_outcome_is_then_a_persons_to_judge(provider: Ledger) -> None:
    provider.script = ["500_before"] * 50
    run_id = run(one_step("keyed", retry={"max_attempts": 3}))
    done = settle_down(run_id)
    assert (done.state, len(done.steps)) == ("review", 3)
    assert effect_of(run_id).state == "review"


def test_refused_request_takes_the_error_route(provider: Ledger) -> None:
    steps = {
        **one_step("keyed", retry={"max_attempts": 2}, on_error="b"),
        "b": {"type": "set", "with": {"code": {"$ref": "steps.a.error.code"}}},
    }
    provider.script = ["429", "429"]
    run_id = run(steps)
    done = settle_down(run_id)
    assert (done.state, done.steps[-1].output) == ("succeeded", {"code": "http_429"})


class Shifting(Inside):
    """A careless handler: each look at the world gives another request."""

    type = "test.shifting"
    effect = EffectClass.KEYED
    handles_dry_run = True
    sent: list[str] = []
    looks = 0

    def prepare(self, ctx: StepContext) -> dict[str, Any]:
        type(self).looks += 1
        return {"look": self.looks, "at": ctx.attempt}

    def perform(self, request: Any, secrets: object, *, key: str, deadline: float) -> dict[str, Any]:
        self.sent.append(f"{key} {request}")
        if len(self.sent) < 3:
            raise ConnectionError("broken")
        return {"ok": True}

    def settle(self, ctx: StepContext, request: Any, response: Any) -> StepResult:
        return StepResult(output=response)


def test_request_is_frozen_with_the_intent_whatever_the_handler_would_send_later(provider: Ledger) -> None:
    Shifting.sent, Shifting.looks = [], 0
    with step_types.temporarily(Shifting()):
        run_id = run({"a": {"type": "test.shifting"}})
        assert settle_down(run_id).state == "succeeded"
    assert len(Shifting.sent) == 3
    assert len(set(Shifting.sent)) == 1


class Watching(Inside):
    """Looks, through a connection of its own, whether the intent is committed when the call is made."""

    type = "test.watching"
    effect = EffectClass.BLIND
    handles_dry_run = True
    seen: list[Any] = []
    url = ""

    def prepare(self, ctx: StepContext) -> dict[str, Any]:
        return {"schema": ctx.tenant.schema_name}

    def perform(self, request: Any, secrets: object, *, key: str, deadline: float) -> dict[str, Any]:
        import psycopg2

        watcher = psycopg2.connect(self.url)
        with watcher.cursor() as cursor:
            cursor.execute(
                f"SELECT state, sends, sent_at IS NOT NULL FROM {request['schema']}.workflows_effect WHERE key = %s",
                [key],
            )
            self.seen.append(cursor.fetchone())
        watcher.close()
        return {}


def test_intent_is_committed_and_marked_before_a_byte_leaves(provider: Ledger) -> None:
    Watching.seen = []
    Watching.url = database_url()
    with step_types.temporarily(Watching()):
        assert view(run({"a": {"type": "test.watching"}})).state == "succeeded"
    assert Watching.seen == [("sending", 1, True)]


class Broken(Inside):
    """Its answer cannot be taken in the first time."""

    type = "test.broken"
    effect = EffectClass.KEYED
    handles_dry_run = True
    calls = settles = 0

    def prepare(self, ctx: StepContext) -> dict[str, Any]:
        return {}

    def perform(self, request: Any, secrets: object, *, key: str, deadline: float) -> dict[str, Any]:
        type(self).calls += 1
        return {"n": 1}

    def settle(self, ctx: StepContext, request: Any, response: Any) -> StepResult:
        type(self).settles += 1
        if self.settles == 1:
            with connection.cursor() as cursor:
                cursor.execute(
                    "INSERT INTO workflows_usageentry (id, account, meter, source_key, quantity, cost_micros, detail) VALUES "
                    "(gen_random_uuid(), 'tenant', 'x', 'half-done', 1, 1, '{}')"
                )
            raise ValueError("bug")
        return StepResult(output=response)


def test_answer_whose_handling_breaks_is_kept_and_handled_again_without_a_second_call(provider: Ledger) -> None:
    Broken.calls = Broken.settles = 0
    with step_types.temporarily(Broken()):
        run_id = run({"a": {"type": "test.broken"}})
        assert settle_down(run_id).state == "succeeded"
    assert (Broken.calls, Broken.settles) == (1, 2)
    with inside():
        assert not UsageEntry.objects.filter(source_key="half-done").exists()


def test_before_launch_nothing_is_sent_and_the_dry_run_is_on_record(
    provider: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.workflows import provider_steps

    monkeypatch.setattr(provider_steps.ProviderStep, "handles_dry_run", False)
    monkeypatch.setattr("apps.workflows.engine.runner.is_rehearsal", lambda tenant: True)
    steps = {**one_step("blind", next="b"), "b": {"type": "test.metered", "with": {"reference": "m"}}}
    done = view(run_id := run(steps))
    assert done.state == "succeeded"
    assert done.steps[0].output["dry_run"] is True
    assert (provider.applied["blind"], provider.applied["metered"]) == ({}, {"m": 1})
    with inside():
        assert Effect.objects.get(run_id=run_id, path="a").dry_run


class Overtaken(Inside):
    """Loses its claim to somebody else while the call is under way, as a paused worker does."""

    type = "test.overtaken"
    effect = EffectClass.BLIND
    handles_dry_run = True
    calls = 0

    def prepare(self, ctx: StepContext) -> dict[str, Any]:
        return {"run": str(ctx.run_id)}

    def perform(self, request: Any, secrets: object, *, key: str, deadline: float) -> dict[str, Any]:
        type(self).calls += 1
        with psycopg2.connect(database_url()) as other, other.cursor() as cursor:
            cursor.execute(
                "UPDATE dispatch_workitem SET fence = fence + 1, state = 'ready', owner = NULL, deadline_at = NULL, parked = true, "
                "run_at = clock_timestamp() + interval '1 hour' WHERE ref = %s",
                [request["run"]],
            )
        other.close()
        return {"id": "it did happen"}


def database_url() -> str:
    given = connection.get_connection_params()
    return f"postgresql://{given['user']}@{given['host']}:{given['port']}/{given['dbname']}"


def test_answer_of_a_lost_claim_is_kept_and_spares_the_next_owner_the_doubt(provider: Ledger) -> None:
    Overtaken.calls = 0
    with step_types.temporarily(Overtaken()):
        run_id = run({"a": {"type": "test.overtaken"}}, output={"id": {"$ref": "steps.a.output.id"}})
        stale = view(run_id)
        assert (stale.state, stale.steps[0].state) == ("running", "running")
        with inside():
            assert list(Evidence.objects.values_list("outcome", "response")) == [("succeeded", {"id": "it did happen"})]
        wake_sleepers()
        drain()
    done = view(run_id)
    assert (done.state, done.outputs, Overtaken.calls) == ("succeeded", {"id": "it did happen"}, 1)


def test_work_item_of_a_run_that_has_ended_changes_nothing(provider: Ledger) -> None:
    run_id = run(one_step("keyed"), output={"id": {"$ref": "steps.a.output.id"}})
    before = view(run_id)
    with inside():
        enqueue_run(run_id=run_id, queue=Queue.DEFAULT, priority=1)
    drain()
    assert view(run_id) == before
    assert provider.requests == 1
