"""Approvals through the real loop and real HTTP: what is held, what lets it go, and what the database refuses whoever asks."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg2
import pytest
from django.db import IntegrityError, InternalError, connection, transaction

from apps.core.errors import InvalidInput, NotAllowed
from apps.workflows import facade
from apps.workflows.approvals import deciding, editing, people
from apps.workflows.approvals.enums import Channel
from apps.workflows.approvals.errors import (
    AlreadyVoted,
    ApprovalClosed,
    ApprovalExpired,
    MayNotDecide,
    OwnRequest,
    PayloadChanged,
)
from apps.workflows.approvals.models import Approval, ApprovalVote, Deputy
from apps.workflows.core.effects import payload_digest
from apps.workflows.models import Effect, Run
from apps.workflows.registries import step_types
from apps.workflows.services.clock import database_now
from tests.servers.effects import Ledger
from tests.workflows import approving
from tests.workflows.approving import decide, one_mail, question
from tests.workflows.driving import drain, inside, run, view

pytestmark = pytest.mark.usefixtures("committed")
Refused = (psycopg2.Error, IntegrityError, InternalError)


@pytest.fixture(autouse=True)
def _steps(provider: Ledger) -> Iterator[None]:
    with step_types.temporarily(*approving.STEPS):
        yield


@pytest.fixture
def people_of(django_db_setup: None, django_db_blocker: Any) -> Any:
    from apps.accounts.models import User

    return lambda name: User.objects.get(email=f"{name}@{'globex' if name == 'outsider' else 'acme'}.example")


def effect_of(run_id: Any) -> Effect:
    with inside():
        return Effect.objects.get(run_id=run_id)


def sent(provider: Ledger) -> int:
    return sum(sum(counts.values()) for counts in provider.applied.values())


def test_risky_act_waits_for_a_person_and_is_sent_once_they_approve(provider: Ledger, people_of: Any) -> None:
    run_id = run(one_mail())
    waiting = view(run_id)
    assert (waiting.state, waiting.steps[0].state) == ("review", "review")
    assert (sent(provider), effect_of(run_id).risk_class, effect_of(run_id).held) == (0, "C", True)
    assert [reason["code"] for reason in question(run_id).reasons] == ["recipients_outside"]
    decide(run_id, user=people_of("owner"))
    done = view(run_id)
    assert (done.state, len(done.steps), sent(provider)) == ("succeeded", 1, 1)
    assert question(run_id).spent_at is not None


def test_refusal_fails_the_step_with_its_code_and_reason_or_takes_the_error_route(
    provider: Ledger, people_of: Any
) -> None:
    run_id = run(one_mail())
    decide(run_id, "deny", user=people_of("owner"), reason="Wrong client.")
    failed = view(run_id)
    assert failed.error is not None
    assert (failed.state, failed.error.code) == ("failed", "approval_denied")
    assert "Wrong client." in failed.error.message
    routed = run({**one_mail(on_error="b"), "b": {"type": "log", "with": {"message": "no"}}})
    decide(routed, "deny", user=people_of("owner"))
    assert (view(routed).state, sent(provider)) == ("succeeded", 0)


def test_retry_of_a_refused_step_asks_anew(provider: Ledger, people_of: Any) -> None:
    run_id = run(one_mail())
    first = decide(run_id, "deny", user=people_of("owner"))
    with inside():
        facade.retry_run(run_id=run_id)
    drain()
    assert view(run_id).state == "review"
    assert question(run_id).pk != first.pk
    decide(run_id, user=people_of("owner"))
    assert (view(run_id).state, sent(provider)) == ("succeeded", 1)


def test_nobody_deciding_in_time_means_no(provider: Ledger, people_of: Any) -> None:
    run_id = run(one_mail(approval={"expires_s": 60}))
    row = question(run_id)
    with inside(), pytest.MonkeyPatch.context() as clock:
        clock.setattr(deciding, "database_now", lambda: database_now() + timedelta(seconds=61))
        assert deciding.sweep() == 1
        assert deciding.sweep() == 0
    drain()
    failed = view(run_id)
    assert failed.error is not None
    assert (failed.state, failed.error.code, sent(provider)) == ("failed", "approval_expired", 0)
    with pytest.raises(ApprovalClosed):
        decide(run_id, user=people_of("owner"), payload_hash=row.payload_hash)


def test_a_decision_after_the_deadline_is_refused_even_before_the_sweep(people_of: Any) -> None:
    run_id = run(one_mail())
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr(deciding, "database_now", lambda: database_now() + timedelta(days=30))
        with pytest.raises(ApprovalExpired):
            decide(run_id, user=people_of("owner"), go_on=False)
    assert question(run_id).state == "expired"


def test_decision_names_the_bytes_and_another_hash_is_refused(provider: Ledger, people_of: Any) -> None:
    run_id = run(one_mail())
    with pytest.raises(PayloadChanged):
        decide(run_id, user=people_of("owner"), payload_hash="0" * 64)
    with inside():
        assert ApprovalVote.objects.count() == 0
    assert (view(run_id).state, sent(provider)) == ("review", 0)


def test_changed_byte_after_approval_voids_it_and_asks_again(provider: Ledger, people_of: Any) -> None:
    run_id = run(one_mail())
    decide(run_id, user=people_of("owner"), go_on=False)
    changed = json.dumps({"reference": str(run_id), "to": "evil@elsewhere.example"})
    with inside(), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE workflows_effect SET request = %s, request_hash = encode(sha256(convert_to(%s, 'UTF8')), 'hex')",
            [changed, changed],
        )
    drain()
    with inside():
        states = list(Approval.objects.filter(run_id=run_id).order_by("pk").values_list("state", "payload"))
    assert [state for state, _payload in states] == ["void", "pending"]
    assert (states[1][1], sent(provider), view(run_id).state) == (changed, 0, "review")


def test_approval_that_was_not_used_in_time_is_void(provider: Ledger, people_of: Any) -> None:
    run_id = run(one_mail())
    with inside():
        Approval.objects.filter(run_id=run_id).update(valid_s=0)
    decide(run_id, user=people_of("owner"), go_on=False)
    time.sleep(0.01)
    drain()
    assert (question(run_id).state, view(run_id).state, sent(provider)) == ("pending", "review", 0)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE workflows_effect SET state = 'sending', sent_at = now()",
        "UPDATE workflows_effect SET held = false, risk_class = 'A'",
        "UPDATE workflows_approval SET state = 'approved', decided_at = now(), valid_until = now() + interval '1 day'",
        "UPDATE workflows_approval SET payload = payload || ' '",
        "UPDATE workflows_approval SET payload_hash = repeat('0', 64)",
        "UPDATE workflows_approval SET quorum = 1, expires_at = expires_at + interval '1 day'",
        "UPDATE workflows_approval SET spent_at = now()",
        (
            "INSERT INTO workflows_approval (id, run_id, effect_id, path, attempt, type, title, workflow, payload, payload_hash, fields, "
            "reasons, roles, users, escalate_to, expires_at, state, decided_at, valid_until) SELECT gen_random_uuid(), run_id, effect_id, "
            "path, attempt, type, title, workflow, payload, payload_hash, fields, reasons, roles, users, escalate_to, expires_at, "
            "'approved', now(), now() + interval '1 day' FROM workflows_approval"
        ),
    ],
)
def test_the_database_refuses_what_no_code_may_do(sql: str) -> None:
    run(one_mail())
    with inside(), pytest.raises(Refused), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


def test_what_was_decided_stays_decided_and_votes_never_change(people_of: Any) -> None:
    run_id = run(one_mail())
    decide(run_id, "deny", user=people_of("owner"))
    for sql in (
        "UPDATE workflows_approval SET state = 'pending', decided_at = NULL",
        "UPDATE workflows_approvalvote SET choice = 'approve'",
    ):
        with inside(), pytest.raises(Refused), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql)
    with pytest.raises(ApprovalClosed):
        decide(run_id, user=people_of("member"))


def test_without_the_quorum_the_database_refuses_to_approve_and_to_send(provider: Ledger, people_of: Any) -> None:
    run_id = run(one_mail(approval={"quorum": 2}))
    decide(run_id, user=people_of("owner"))
    assert (question(run_id).state, view(run_id).state, sent(provider)) == ("pending", "review", 0)
    with pytest.raises(AlreadyVoted):
        decide(run_id, user=people_of("owner"))
    with inside(), pytest.raises(Refused), transaction.atomic():
        Approval.objects.filter(run_id=run_id).update(
            state="approved", decided_at=database_now(), valid_until=database_now() + timedelta(days=1)
        )
    decide(run_id, user=people_of("member"))
    assert (question(run_id).state, view(run_id).state, sent(provider)) == ("approved", "succeeded", 1)


def test_first_decision_wins_among_many_at_once(provider: Ledger, people_of: Any) -> None:
    run_id = run(one_mail())
    row, results = question(run_id), []
    barrier = threading.Barrier(2)

    def say(choice: str, user_id: int) -> None:
        barrier.wait()
        try:
            with inside():
                deciding.decide(
                    approval_id=row.pk,
                    choice=choice,
                    payload_hash=row.payload_hash,
                    user_id=user_id,
                    channel=Channel.PORTAL,
                )
            results.append(choice)
        except ApprovalClosed:
            results.append("late")
        finally:
            connection.close()

    pairs = [("approve", people_of("owner").pk), ("deny", people_of("member").pk)]
    threads = [threading.Thread(target=say, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    drain()
    assert results.count("late") == 1
    first = next(one for one in results if one != "late")
    assert view(run_id).state == {"approve": "succeeded", "deny": "failed"}[first]
    assert sent(provider) == {"approve": 1, "deny": 0}[first]


def test_only_those_who_may_decide_do(people_of: Any) -> None:
    run_id = run(one_mail(approval={"roles": ["owner"]}))
    for name, error in (("viewer", NotAllowed), ("outsider", NotAllowed), ("member", MayNotDecide)):
        with pytest.raises(error):
            decide(run_id, user=people_of(name))
    with inside():
        assert ApprovalVote.objects.count() == 0
        assert [one.email for one in people.deciders_of(question(run_id))] == ["owner@acme.example"]


def test_whoever_started_it_may_not_approve_it_where_that_is_settled(provider: Ledger, people_of: Any) -> None:
    owner = people_of("owner")
    with inside():
        facade.ensure_workflow(
            slug="own",
            name="own",
            definition={"schema": 1, "start": "a", "steps": one_mail(approval={"allow_self": False})},
        )
        run_id = facade.start_run(workflow="own", inputs={}, started_by=owner.pk)
    drain()
    with pytest.raises(OwnRequest):
        decide(run_id, user=owner)
    decide(run_id, user=people_of("member"))
    assert sent(provider) == 1


def test_deputy_decides_in_somebodys_place_for_a_time_and_never_for_two(people_of: Any) -> None:
    owner, member = people_of("owner"), people_of("member")
    run_id = run(one_mail(approval={"roles": ["owner"], "quorum": 2}))
    with inside():
        deputy = Deputy.objects.create(
            person_id=owner.pk, deputy_id=member.pk, until_at=database_now() + timedelta(days=1)
        )
    decide(run_id, user=member)
    with inside():
        assert ApprovalVote.objects.get().person_id == owner.pk
    with pytest.raises(AlreadyVoted):
        decide(run_id, user=owner)
    other = run(one_mail(approval={"roles": ["owner"]}))
    with inside():
        Deputy.objects.filter(pk=deputy.pk).update(revoked_at=database_now())
    with pytest.raises(MayNotDecide):
        decide(other, user=member)


def test_vote_can_be_taken_back_until_it_counts(provider: Ledger, people_of: Any) -> None:
    owner = people_of("owner")
    run_id = run(one_mail())
    row = decide(run_id, user=owner, undo=True)
    assert (question(run_id).state, sent(provider)) == ("pending", 0)
    with inside():
        assert not deciding.tally(row.pk)
        deciding.take_back(approval_id=row.pk, user_id=owner.pk)
    decide(run_id, user=owner, undo=True)
    with inside(), pytest.MonkeyPatch.context() as clock:
        clock.setattr(deciding, "database_now", lambda: database_now() + timedelta(seconds=9))
        with pytest.raises(Refused), transaction.atomic():
            deciding.tally(row.pk)  # the database's own clock has the last word
    with inside(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM workflows_approvalvote")
    decide(run_id, user=owner)
    assert sent(provider) == 1


def test_edit_binds_the_decision_to_the_edited_bytes_and_keeps_both(provider: Ledger, people_of: Any) -> None:
    run_id = run(one_mail())
    row = question(run_id)
    before = json.loads(row.payload)
    with inside():
        new = editing.edit_and_approve(
            approval_id=row.pk,
            payload_hash=row.payload_hash,
            value={**before, "reference": "edited"},
            user_id=people_of("owner").pk,
            channel=Channel.PORTAL,
        )
    drain()
    assert view(run_id).state == "succeeded"
    assert provider.applied["keyed"] == {"edited": 1}
    assert (new.replaces_id, new.edited_by, new.state) == (row.pk, people_of("owner").pk, "approved")
    assert new.payload_hash == payload_digest("test.mail", effect_of(run_id).request)
    with inside():
        assert json.loads(Approval.objects.get(pk=row.pk).payload) == before


def test_edit_that_makes_it_riskier_waits_for_votes_of_its_own(provider: Ledger, people_of: Any) -> None:
    run_id = run(
        one_mail(
            approval={"require": "always"}, **{"with": {"reference": {"$ref": "run.id"}, "to": "member@acme.example"}}
        )
    )
    row = question(run_id)
    assert row.risk_class == "B"
    with inside():
        new = editing.edit_and_approve(
            approval_id=row.pk,
            payload_hash=row.payload_hash,
            value={**json.loads(row.payload), "to": "stranger@elsewhere.example"},
            user_id=people_of("owner").pk,
            channel=Channel.PORTAL,
        )
    drain()
    assert (new.state, new.risk_class, sent(provider), view(run_id).state) == ("pending", "C", 0, "review")
    decide(run_id, user=people_of("owner"))
    assert sent(provider) == 1


def test_edit_is_checked_against_the_actions_schema_and_may_not_move_secrets(people_of: Any) -> None:
    run_id = run(one_mail())
    row = question(run_id)
    for value in (
        {"to": "x"},
        {"reference": ""},
        {"reference": "x", "more": 1},
        {"reference": "x", "text": {"$secret": "token"}},
    ):
        with inside(), pytest.raises(InvalidInput):
            editing.edit_and_approve(
                approval_id=row.pk,
                payload_hash=row.payload_hash,
                value=value,
                user_id=people_of("owner").pk,
                channel=Channel.PORTAL,
            )
    assert question(run_id).state == "pending"


def test_cancel_withdraws_the_question(provider: Ledger, people_of: Any) -> None:
    run_id = run(one_mail())
    row = question(run_id)
    with inside():
        facade.cancel_run(run_id=run_id, reason="not needed")
    assert question(run_id).state == "withdrawn"
    with pytest.raises(ApprovalClosed):
        decide(run_id, user=people_of("owner"), payload_hash=row.payload_hash)
    assert sent(provider) == 0


def test_replay_of_what_happened_does_not_ask_and_a_new_generation_does(provider: Ledger, people_of: Any) -> None:
    run_id = run(one_mail(**{"with": {"reference": "fixed"}}))
    decide(run_id, user=people_of("owner"))
    with inside():
        again = facade.replay_run(run_id=run_id)
        anew = facade.replay_run(run_id=run_id, new_generation=True)
    drain()
    assert (view(again).state, view(anew).state, sent(provider)) == ("succeeded", "review", 1)
    with inside():
        assert not Approval.objects.filter(run_id=again).exists()
        assert Approval.objects.get(run_id=anew).effect.run_id == anew


def test_messages_to_members_and_own_writes_ask_nobody_and_have_their_class_on_record(provider: Ledger) -> None:
    to_member = run({"a": {"type": "test.mail", "with": {"reference": "m", "to": "Member <member@acme.example>"}}})
    own = run({"a": {"type": "test.keyed", "with": {"reference": "w"}}})
    assert (view(to_member).state, view(own).state) == ("succeeded", "succeeded")
    assert (effect_of(to_member).risk_class, effect_of(own).risk_class) == ("A", "B")
    assert effect_of(own).reasons == [{"code": "writes_connected", "detail": "double"}]


def test_step_that_cannot_say_what_it_reaches_waits(provider: Ledger) -> None:
    run_id = run({"a": {"type": "test.mute", "with": {"reference": "x"}}})
    assert (view(run_id).state, effect_of(run_id).reasons[0]["code"]) == ("review", "unknown_reach")


def test_recipient_that_a_model_or_a_stranger_wrote_waits_although_it_is_a_member(provider: Ledger) -> None:
    with inside():
        facade.ensure_workflow(
            slug="t",
            name="t",
            definition={
                "schema": 1,
                "start": "a",
                "steps": {"a": {"type": "test.mail", "with": {"reference": "t", "to": {"$ref": "inputs.to"}}}},
            },
        )
        mine = facade.start_run(workflow="t", inputs={"to": "member@acme.example"})
        theirs = facade.start_run(workflow="t", inputs={"to": "member@acme.example"}, trigger="webhook")
    drain()
    assert (view(mine).state, view(theirs).state) == ("succeeded", "review")
    with inside():
        assert Run.objects.get(pk=theirs).effects.get().reasons == [
            {"code": "untrusted_choice", "detail": "to (recipient)"}
        ]


def test_question_step_waits_for_people_and_hands_their_answer_on(people_of: Any) -> None:
    steps = {
        "ask": {
            "type": "approval",
            "with": {
                "title": "Which colour?",
                "content": {"draft": "x"},
                "fields": {
                    "type": "object",
                    "required": ["colour"],
                    "properties": {"colour": {"enum": ["red", "blue"]}},
                },
            },
            "next": "b",
        },
        "b": {"type": "set", "with": {"colour": {"$ref": "steps.ask.output.answer.colour"}}},
    }
    run_id = run(steps, start="ask")
    assert view(run_id).state == "review"
    with pytest.raises(InvalidInput):
        decide(run_id, user=people_of("owner"), answer={"colour": "green"})
    decide(run_id, user=people_of("owner"), answer={"colour": "red"})
    done = view(run_id)
    assert (done.state, done.steps[-1].output) == ("succeeded", {"colour": "red"})
    refused = run(steps, start="ask")
    decide(refused, "deny", user=people_of("owner"))
    assert (view(refused).state, view(refused).error.code) == ("failed", "approval_denied")  # type: ignore[union-attr]


def test_failure_elsewhere_withdraws_open_questions(provider: Ledger) -> None:
    steps = {
        "p": {"type": "parallel", "branches": ["a", "x"], "join": "j"},
        **one_mail(next="j"),
        "x": {"type": "delay", "with": {"seconds": 0.2}, "next": "y"},
        "y": {"type": "fail", "with": {"code": "oops"}},
        "j": {"type": "join"},
    }
    run_id = run(steps, start="p")
    assert question(run_id).state == "pending"
    time.sleep(0.3)
    drain()
    assert (view(run_id).state, question(run_id).state, sent(provider)) == ("failed", "withdrawn", 0)
