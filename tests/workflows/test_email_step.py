"""Mails of workflows against a real SMTP server: sent once, never twice by themselves, refusals told, deaths survived."""

import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.http import QueryDict

from apps.core.errors import InvalidInput
from apps.workflows import facade
from apps.workflows.approvals import editing
from apps.workflows.approvals.enums import Channel
from apps.workflows.approvals.forms import read_edit
from apps.workflows.models import Effect
from tests.faults.kit import Fleet, wait_until
from tests.servers.smtp import MailServer
from tests.workflows import approving, driving
from tests.workflows.test_effects import expire_timers

pytestmark = pytest.mark.usefixtures("committed", "provider")
OWNER, MEMBER, STRANGER = "owner@acme.example", "member@acme.example", "ana@customer.example"


@pytest.fixture
def mail(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    """The installation's mail server, and a workspace that is live."""
    server = MailServer()
    monkeypatch.setattr("apps.workflows.engine.runner.is_rehearsal", lambda tenant: False)
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", server.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    yield server
    server.stop()


def step(**given: Any) -> dict[str, Any]:
    """A workflow of one mail."""
    return {
        "a": {"type": "email.send", "with": {"to": [OWNER], "subject": "Grüße", "body": "Guten Morgen,\nAda", **given}}
    }


def effect_of(run_id: UUID) -> Effect:
    """The mail's row."""
    with driving.inside():
        return Effect.objects.get(run_id=run_id)


def again(run_id: UUID) -> Any:
    """Let what waits for its next try be tried now."""
    driving.wake_sleepers()
    expire_timers(run_id)
    driving.drain()
    return driving.view(run_id)


def owner() -> Any:
    """Who may approve."""
    from apps.accounts.models import User

    return User.objects.get(email=OWNER)


def test_a_mail_to_members_goes_out_as_it_was_written(mail: MailServer) -> None:
    run_id = driving.run(step(to=[OWNER, MEMBER, OWNER], reply_to="desk@acme.example"))
    run = driving.view(run_id)
    assert run.state == "succeeded"
    (taken,) = mail.kept
    people, message = taken
    assert people == [OWNER, MEMBER] and message["Reply-To"] == "desk@acme.example"
    assert message.get_payload(decode=True).decode().replace("\r\n", "\n").strip() == "Guten Morgen,\nAda"
    output = run.steps[0].output
    assert (output["sent"], output["refused"], output["message_id"]) == (2, [], message["Message-ID"])


def test_a_stranger_is_written_to_only_after_approval(mail: MailServer) -> None:
    run_id = driving.run(step(to=[STRANGER]))
    assert driving.view(run_id).state == "review" and mail.kept == []
    approving.decide(run_id, user=owner())
    assert driving.view(run_id).state == "succeeded"
    assert [people for people, _message in mail.kept] == [[STRANGER]]


def test_who_approves_may_change_the_mail_and_a_new_stranger_is_asked_about(mail: MailServer) -> None:
    run_id = driving.run(step(to=[STRANGER], reply_to="desk@acme.example"))

    def edit(**changed: Any) -> Any:
        row = approving.question(run_id)
        with driving.inside():
            value, _schema = editing.editable_part(row)
            row = editing.edit_and_approve(
                approval_id=row.pk,
                payload_hash=row.payload_hash,
                value={**value, **changed},
                user_id=owner().pk,
                channel=Channel.PORTAL,
            )
        driving.drain()
        return row

    for wrong in ({"to": ["nobody"]}, {"subject": " "}, {"sender": "boss@acme.example"}, {"body": ""}):
        with pytest.raises(InvalidInput) as refused:
            edit(**wrong)
        assert next(iter(wrong)) in str(refused.value.fields)
    assert edit(body="Kürzer").state == "approved"
    assert driving.view(run_id).state == "succeeded"
    ((people, message),) = mail.kept
    assert (people, message["Reply-To"]) == ([STRANGER], "desk@acme.example")
    assert message.get_payload(decode=True).decode().strip() == "Kürzer"
    run_id = driving.run(step(to=[STRANGER]))
    assert edit(to=[STRANGER, "ben@customer.example"]).state == "pending", "nobody approves whom they were not shown"
    assert len(mail.kept) == 1


def test_an_emptied_reply_address_is_taken_out_and_an_emptied_subject_is_named(mail: MailServer) -> None:
    run_id = driving.run(step(to=[STRANGER], reply_to="desk@acme.example"))
    row = approving.question(run_id)
    typed = {"f.to": STRANGER, "f.subject": "Hi", "f.body": "Guten Morgen", "f.reply_to": ""}

    def approve(**changed: str) -> Any:
        form = QueryDict(mutable=True)
        form.update({**typed, **changed})
        with driving.inside():
            value = read_edit(row, form)
            editing.edit_and_approve(
                approval_id=row.pk,
                payload_hash=row.payload_hash,
                value=value,
                user_id=owner().pk,
                channel=Channel.PORTAL,
            )
        driving.drain()

    for name in ("subject", "body", "to"):
        with pytest.raises(InvalidInput) as refused:
            approve(**{f"f.{name}": ""})
        assert f"value.{name}" in refused.value.fields
    approve()
    ((people, message),) = mail.kept
    assert people == [STRANGER] and "Reply-To" not in message


def test_before_launch_nothing_is_sent(mail: MailServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.workflows.engine.runner.is_rehearsal", lambda tenant: True)
    run = driving.view(driving.run(step()))
    assert run.state == "succeeded" and run.steps[0].output["dry_run"] and mail.kept == []


def test_the_same_run_twice_is_one_mail(mail: MailServer) -> None:
    steps = {**step(), "b": {"type": "fail", "with": {"message": "stop"}}}
    steps["a"]["next"] = "b"
    run_id = driving.run(steps)
    assert driving.view(run_id).state == "failed" and len(mail.kept) == 1
    with driving.inside():
        facade.retry_run(run_id=run_id, from_step="a")
    driving.drain()
    with driving.inside():
        replayed = facade.replay_run(run_id=run_id)
    driving.drain()
    assert driving.view(replayed).state == "failed" and len(mail.kept) == 1
    with driving.inside():
        facade.replay_run(run_id=run_id, new_generation=True)
    driving.drain()
    assert len(mail.kept) == 2 and len({message["Message-ID"] for _people, message in mail.kept}) == 2


@pytest.mark.parametrize("given", [
    {"to": []}, {"to": ["nobody"]}, {"to": ["a@b, c@d"]}, {"to": ["a b@c"]}, {"to": ["x@y"] * 21}, {"to": "ana@x.example"},
    {"subject": ""}, {"subject": "two\r\nBcc: all@x.example"}, {"subject": "one\n"}, {"to": [f"{OWNER}\n"]}, {"body": ""}, {"reply_to": "me <a@b>"}, {"bcc": ["a@b"]},
])  # fmt: skip
def test_bad_input_is_refused_before_a_run_and_in_one(mail: MailServer, given: dict[str, Any]) -> None:
    with driving.inside():
        written = [
            one
            for one in facade.validate_definition({"schema": 1, "start": "a", "steps": step(**given)})
            if one.severity == "error"
        ]
        assert written and all(one.place.startswith("steps.a.with") for one in written)
    from_inputs = {name: {"$ref": f"inputs.{name}"} for name in given if name != "bcc"}
    if from_inputs:
        run = driving.view(driving.run(step(**from_inputs), dict(given)))
        assert run.state == "failed" and run.error is not None and run.error.path == "a", run.state
    assert mail.kept == []


def test_a_subject_of_spaces_is_told(mail: MailServer) -> None:
    run = driving.view(driving.run(step(subject="  ")))
    assert run.error is not None and run.error.code == "mail_without_subject" and mail.kept == []


def test_letters_of_all_languages_arrive(mail: MailServer) -> None:
    from email.header import decode_header, make_header

    run_id = driving.run(
        step(to=["jörg@müller.example"], subject="سلام 👋 " + "ü" * 180, body="اردو\n.\n" + "x" * 5000)
    )
    approving.decide(run_id, user=owner())
    assert driving.view(run_id).state == "succeeded", driving.view(run_id).error
    message = mail.kept[0][1]
    assert str(make_header(decode_header(message["Subject"]))).startswith("سلام 👋 ü")
    assert message.get_payload(decode=True).decode().replace("\r\n", "\n").startswith("اردو\n.\nxx")


def test_one_refused_address_among_others_is_named(mail: MailServer) -> None:
    mail.refused = {MEMBER: "550 no such mailbox"}
    run = driving.view(driving.run(step(to=[OWNER, MEMBER])))
    assert run.state == "succeeded"
    assert (run.steps[0].output["sent"], run.steps[0].output["refused"]) == (1, [MEMBER])


def test_an_unknown_address_fails_and_a_full_mailbox_is_tried_again(mail: MailServer) -> None:
    mail.refused = {OWNER: "550 no such mailbox"}
    run = driving.view(driving.run(step()))
    assert run.state == "failed" and run.error is not None
    assert (run.error.code, OWNER in run.error.message) == ("recipient_refused", True)
    mail.refused = {OWNER: "450 greylisted"}
    run_id = driving.run(step())
    assert driving.view(run_id).state in ("running", "waiting")
    mail.refused = {}
    assert again(run_id).state == "succeeded" and len(mail.kept) == 1


@pytest.mark.parametrize(("answer", "state"), [("451 later", "waiting"), ("554 spam", "failed")])
def test_the_servers_word_about_the_content_is_certain(mail: MailServer, answer: str, state: str) -> None:
    mail.answers = [answer]
    run_id = driving.run(step())
    run = driving.view(run_id)
    assert effect_of(run_id).state == "failed" and mail.kept == []
    if state == "failed":
        assert run.error is not None and run.error.code == "mail_554"
    else:
        assert again(run_id).state == "succeeded" and len(mail.kept) == 1


def test_tries_are_bounded(mail: MailServer) -> None:
    mail.answers = ["451 later"] * 9
    run_id = driving.run(step())
    for _try in range(8):
        if again(run_id).state == "failed":
            break
    run = driving.view(run_id)
    assert run.error is not None and run.error.code == "mail_451"
    assert len(mail.answers) == 4 and mail.kept == []


def test_a_silence_after_the_content_asks_a_person_and_sends_nothing_again(mail: MailServer) -> None:
    mail.vanish = True
    run_id = driving.run(step())
    assert driving.view(run_id).state == "review" and len(mail.kept) == 1
    mail.vanish = False
    assert again(run_id).state == "review" and len(mail.kept) == 1
    with driving.inside():
        (open_effect,) = facade.list_effects_in_review()
        facade.resolve_effect(
            effect_id=open_effect.id, decision="happened", response={"sent": 1, "message_id": "x"}, actor="test"
        )
    driving.drain()
    assert driving.view(run_id).state == "succeeded" and len(mail.kept) == 1


def test_a_break_before_the_content_is_certain_and_tried_again(mail: MailServer) -> None:
    mail.hang_up = True
    run_id = driving.run(step())
    assert driving.view(run_id).state != "review" and effect_of(run_id).state == "failed"
    mail.hang_up = False
    assert again(run_id).state == "succeeded" and len(mail.kept) == 1


def test_a_dead_server_and_a_refused_login_are_tried_again(mail: MailServer, settings: Any) -> None:
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "acme", "wrong"
    run_id = driving.run(step())
    assert effect_of(run_id).error["code"] == "mail_login_refused" and "wrong" not in str(effect_of(run_id).error)
    settings.EMAIL_HOST_PASSWORD = "right password"
    assert again(run_id).state == "succeeded" and len(mail.kept) == 1
    mail.stop()
    run_id = driving.run(step())
    assert effect_of(run_id).error["code"] == "mail_server_away"
    assert driving.view(run_id).state in ("running", "waiting")


POINTS = (
    "intent.after_commit",
    "mark.after_commit",
    "call.before_send",
    "call.after_answer",
    "result.before_commit",
    "result.after_commit",
)


@pytest.mark.timeout(240)
def test_a_worker_that_dies_around_the_mail_never_doubles_it(mail: MailServer, tmp_path: Path) -> None:
    def booted() -> set[int]:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM public.dispatch_worker WHERE lease_until > clock_timestamp() AND NOT draining"
            )
            return {row[0] for row in cursor.fetchall()}

    file = tmp_path / "arm"
    env = {"LOG_LEVEL": "ERROR", "FAULT_FILE": str(file), "MAIL_PORT": str(mail.port)}
    told: dict[str, tuple[str, int]] = {}
    with Fleet(["tests.faults.engine_worker:mailing"], rng=random.Random(1), booted=booted, env=env) as fleet:
        assert wait_until(lambda: bool(booted()), seconds=90)
        for point in POINTS:
            file.write_text(point)
            fleet.kill_one()
            assert wait_until(lambda: not file.exists(), seconds=60, every=0.02), point
            mail.kept.clear()
            with driving.inside():
                run_id = facade.start_run(
                    workflow=driving.workflow(step(subject=point), slug=f"m{len(told)}"), inputs={}
                )
            until = time.monotonic() + 30
            while (state := driving.view(run_id).state) not in (
                "succeeded",
                "failed",
                "review",
            ) and time.monotonic() < until:
                time.sleep(0.05)
            told[point] = (state, len(mail.kept))
    certain, open_end = ("succeeded", 1), {("review", 0), ("review", 1), ("succeeded", 1)}
    assert all(told[point] == certain for point in ("intent.after_commit", "result.after_commit")), told
    assert all(told[point] in open_end for point in POINTS), told
    assert told["call.after_answer"] == ("review", 1) and told["mark.after_commit"] == ("review", 0), told
