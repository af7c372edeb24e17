"""The checks have teeth: an engine broken on purpose is caught by the scenarios that a sound one passes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from django.db import connection

from apps.workflows.core.effects import Move, Plan
from apps.workflows.core.taxonomy import classify_status
from apps.workflows.engine import effects, outcomes, sending, steps, store, turn
from apps.workflows.models import UsageEntry
from tests.servers.effects import Ledger
from tests.workflows import provider_steps, test_effects
from tests.workflows.driving import inside, run, view

pytestmark = pytest.mark.usefixtures("committed")
Scenario = Callable[[Ledger], None]
Patch = pytest.MonkeyPatch


def keyed_after_500(provider: Ledger) -> None:
    test_effects.test_keyed_effect_is_sent_again_under_the_same_key_and_happens_once(provider, "500_after")


def keyed_after_409(provider: Ledger) -> None:
    test_effects.test_keyed_effect_is_sent_again_under_the_same_key_and_happens_once(provider, "409")


def lookup_after_reset(provider: Ledger) -> None:
    test_effects.test_lookup_effect_is_looked_for_before_it_is_sent_again(provider, "reset_after", 1)


def blind_after_500(provider: Ledger) -> None:
    test_effects.test_blind_effect_of_unknown_outcome_waits_for_a_person_and_is_never_sent_again(provider, "500_after")


def ledger_through_a_rollback(provider: Ledger) -> None:
    """The checkpoint of the answer fails once before its commit; what it wrote must be gone, then written once."""
    before, failed = turn.Turn._before_commit, []

    def fail_once(self: turn.Turn, answers: Any) -> None:
        before(self, answers)
        if answers and not failed:
            failed.append(True)
            raise RuntimeError("power cut")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(turn.Turn, "_before_commit", fail_once)
        run_id = run(test_effects.one_step("metered"))
    assert failed
    assert (view(run_id).state, view(run_id).cost_micros) == ("succeeded", 1000)
    with inside():
        assert list(UsageEntry.objects.values_list("account", "cost_micros")) == [("tenant", 1000)]


def attempt_in_key(patch: Patch) -> None:
    context, key = steps.make_context, effects.EffectRunner._key

    def altered(live: Any, token: Any, *args: Any, **options: Any) -> Any:
        made = context(live, token, *args, **options)
        return replace(made, key=f"{made.key[:40]}{token.attempt}")

    patch.setattr(effects, "make_context", altered)
    patch.setattr(
        effects.EffectRunner, "_key", lambda self, live, token: f"{key(self, live, token)[:40]}{token.attempt}"
    )


def key_made_when_sending(patch: Patch) -> None:
    perform = provider_steps.ProviderStep.perform
    patch.setattr(
        provider_steps.ProviderStep,
        "perform",
        lambda self, request, secrets, *, key, deadline: perform(
            self, request, secrets, key=uuid4().hex, deadline=deadline
        ),
    )


def call_before_the_intent_is_committed(patch: Patch) -> None:
    before = turn.Turn._before_commit

    def early(self: turn.Turn, answers: Any) -> None:
        for _live, call in self.effects.calls:
            self.handlers[call.type].perform({"schema": call.ctx.tenant.schema_name}, None, key=call.key, deadline=0)
        before(self, answers)

    patch.setattr(turn.Turn, "_before_commit", early)


def ledger_in_a_transaction_of_its_own(patch: Patch) -> None:
    def elsewhere(lines: Any) -> Any:
        schema = connection.schema_name
        other = psycopg2.connect(**connection.get_connection_params())
        try:
            with other, other.cursor() as cursor:
                cursor.execute(f"SET search_path = {schema}")
                cursor.execute(store.POST_USAGE, [store.compact(lines)])
                return {(row[0], row[1]) for row in cursor.fetchall()}
        finally:
            other.close()

    patch.setattr(store, "post_usage", elsewhere)


def conflict_taken_for_success(patch: Patch) -> None:
    def lenient(status: int, *, retry_after: str | None = None) -> Any:
        return None if status == 409 else classify_status(status, retry_after=retry_after)

    patch.setattr(provider_steps, "classify_status", lenient)


def body_built_again(patch: Patch) -> None:
    again = effects.EffectRunner._send_again

    def rebuilt(
        self: Any, live: Any, token: Any, handler: Any, ctx: Any, call: Any, now: float, **options: Any
    ) -> None:
        call.request_text = self._prepare(handler, ctx)
        call.request_hash = effects.request_digest(call.request_text)
        again(self, live, token, handler, ctx, call, now, **options)

    patch.setattr(effects.EffectRunner, "_send_again", rebuilt)


def blind_sent_again(patch: Patch) -> None:
    patch.setattr(outcomes, "may_retry", lambda *_args, **_options: True)
    patch.setattr(effects, "next_move", lambda facts, *, now: Plan(move=Move.SEND))


def lookup_sent_without_looking(patch: Patch) -> None:
    patch.setattr(effects, "next_move", lambda facts, *, now: Plan(move=Move.SEND))


def unmarked_sends(patch: Patch) -> None:
    patch.setattr(sending, "_mark", lambda calls, handlers: {call.effect_id: 1 for call in calls})


MUTANTS: list[tuple[Callable[[Patch], None], Scenario]] = [
    (attempt_in_key, keyed_after_500),
    (key_made_when_sending, keyed_after_500),
    (call_before_the_intent_is_committed, test_effects.test_intent_is_committed_and_marked_before_a_byte_leaves),
    (unmarked_sends, test_effects.test_intent_is_committed_and_marked_before_a_byte_leaves),
    (ledger_in_a_transaction_of_its_own, ledger_through_a_rollback),
    (conflict_taken_for_success, keyed_after_409),
    (body_built_again, test_effects.test_request_is_frozen_with_the_intent_whatever_the_handler_would_send_later),
    (blind_sent_again, blind_after_500),
    (lookup_sent_without_looking, lookup_after_reset),
]


def test_sound_engine_keeps_its_ledger_through_a_rollback(provider: Ledger) -> None:
    ledger_through_a_rollback(provider)


@pytest.mark.parametrize(("mutate", "scenario"), MUTANTS, ids=[mutate.__name__ for mutate, _ in MUTANTS])
def test_mutant_is_caught(mutate: Callable[[Patch], None], scenario: Scenario, provider: Ledger) -> None:
    with pytest.MonkeyPatch.context() as patch:
        mutate(patch)
        with pytest.raises(AssertionError):
            scenario(provider)
