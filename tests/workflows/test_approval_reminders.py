"""Reminders, escalation, deadlines, deputies and zones, by a clock that is moved: each at its time, each once, also after a kill."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from apps.accounts.models import User
from apps.dispatch.loop import Loop
from apps.workflows.approvals import asking, conf, days, deciding, deputies, mailing, people, telling
from apps.workflows.approvals.enums import Channel
from apps.workflows.approvals.errors import MayNotDecide
from apps.workflows.approvals.models import Approval, ApprovalMail, Deputy
from apps.workflows.registries import step_types
from apps.workflows.services.clock import database_now
from tests.servers.effects import Ledger
from tests.workflows import approving
from tests.workflows.approving import decide, one_mail, question
from tests.workflows.driving import FAST, drain, inside, run, view

pytestmark = pytest.mark.usefixtures("committed")
HOUR = 3600
KINDS = [conf.TELL_KIND, conf.SWEEP_KIND, conf.EXPIRE_KIND, conf.TALLY_KIND]


@pytest.fixture(autouse=True)
def _steps(provider: Ledger) -> Iterator[None]:
    mail.outbox.clear()
    with step_types.temporarily(*approving.STEPS):
        yield


def person(name: str) -> User:
    return User.objects.get(email=f"{name}@acme.example")


@contextmanager
def later(**span: Any) -> Iterator[None]:
    """The same moment plus so much, for the code that asks what time it is."""
    with pytest.MonkeyPatch.context() as clock:
        for module in (deciding, asking):
            clock.setattr(module, "database_now", lambda: database_now() + timedelta(**span))
        yield


def work() -> None:
    """Let a worker do the jobs of approvals that are due, without any broker."""
    Loop(conf=FAST, kinds=KINDS, until_empty=True).run()


def sweep(times: int = 1) -> None:
    """What the schedule does every minute."""
    for _again in range(times):
        with inside():
            deciding.sweep()
    work()


def mails() -> list[tuple[str, str]]:
    """Who was told since the last look, and with which subject."""
    told = sorted((one.to[0].partition("@")[0], one.subject) for one in mail.outbox)
    mail.outbox.clear()
    return told


def asked(**approval: Any) -> Any:
    run_id = run(one_mail(approval=approval))
    work()
    return run_id


def test_reminders_come_at_their_times_once_each_and_not_after_the_decision() -> None:
    run_id = asked(expires_s=4 * HOUR, remind_s=HOUR, roles=["owner"])
    assert [who for who, _subject in mails()] == ["owner"]
    with later(minutes=59):
        sweep(3)
    assert mails() == []
    for hours in (1, 2):
        with later(hours=hours, seconds=1):
            sweep(3)
        assert [who for who, _subject in mails()] == ["owner"], f"after {hours} hours"
    decide(run_id, user=person("owner"), go_on=False)
    with later(hours=3, seconds=1):
        sweep(3)
    assert mails() == []


def test_a_worker_that_was_away_for_long_reminds_once_not_for_every_time_it_missed() -> None:
    asked(expires_s=40 * HOUR, remind_s=HOUR, roles=["owner"])
    mails()
    with later(hours=12):
        sweep(5)
    assert len(mails()) == 1


def test_a_worker_killed_between_sending_and_finishing_sends_nobody_a_second_mail(monkeypatch: Any) -> None:
    run_id = asked(expires_s=4 * HOUR, remind_s=HOUR)
    mails()
    row = question(run_id)
    real = mailing.EmailMultiAlternatives.send

    def killed_after_sending(message: Any) -> int:
        real(message)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(mailing.EmailMultiAlternatives, "send", killed_after_sending)
        with inside(), pytest.raises(KeyboardInterrupt):
            telling.tell(approval_id=row.pk, occasion="reminded-1")
    for _again in range(2):
        with inside():
            telling.tell(approval_id=row.pk, occasion="reminded-1")
    told = [who for who, _subject in mails()]
    assert sorted(told) == sorted(set(told)), "nobody twice"
    assert len(told) == len(set(told)) >= 2
    with inside():
        assert ApprovalMail.objects.filter(occasion="reminded-1").count() == len(told)


def test_a_mail_the_server_refused_is_tried_again_and_the_others_are_not(monkeypatch: Any) -> None:
    run_id = asked(expires_s=4 * HOUR)
    mails()
    row = question(run_id)
    real = mailing.EmailMultiAlternatives.send

    def refuses_one(message: Any) -> int:
        if message.to == ["owner@acme.example"]:
            raise ConnectionRefusedError
        return int(real(message))

    with monkeypatch.context() as patched:
        patched.setattr(mailing.EmailMultiAlternatives, "send", refuses_one)
        with inside(), pytest.raises(OSError):
            telling.tell(approval_id=row.pk, occasion="reminded-2")
    others = [who for who, _subject in mails()]
    assert "owner" not in others
    with inside():
        telling.tell(approval_id=row.pk, occasion="reminded-2")
    assert [who for who, _subject in mails()] == ["owner"]


def test_escalation_lets_the_named_people_decide_from_its_time_on_and_tells_them_once() -> None:
    member = person("member")
    run_id = asked(expires_s=6 * HOUR, remind_s=6 * HOUR, escalate_s=2 * HOUR, escalate_to=[member.pk], roles=["owner"])
    assert [who for who, _subject in mails()] == ["owner"]
    with pytest.raises(MayNotDecide):
        decide(run_id, user=member, go_on=False)
    with later(hours=1, minutes=59):
        sweep(2)
    assert mails() == []
    with later(hours=2, seconds=1):
        sweep(3)
    assert [who for who, _subject in mails()] == ["member", "owner"]
    assert question(run_id).escalated_at is not None
    with later(hours=3):
        sweep(2)
    assert mails() == []
    decide(run_id, user=member)
    assert view(run_id).state == "succeeded"


def test_nobody_deciding_is_no_although_no_wake_up_ever_came(provider: Ledger) -> None:
    run_id = asked(expires_s=60)
    row = question(run_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT run_at FROM public.dispatch_workitem WHERE kind = %s AND state = 'ready'", [conf.EXPIRE_KIND]
        )
        (due,) = cursor.fetchone()
        assert timedelta(0) <= due - row.expires_at < timedelta(seconds=5), "the deadline is a row, not a message"
        cursor.execute(
            "UPDATE public.dispatch_workitem SET run_at = clock_timestamp() WHERE kind = %s", [conf.EXPIRE_KIND]
        )
    with later(seconds=90):
        work()
    drain()
    failed = view(run_id)
    assert failed.error is not None
    assert (failed.state, failed.error.code, question(run_id).state) == ("failed", "approval_expired", "expired")
    assert not provider.applied["keyed"]


def test_whoever_is_away_is_decided_for_by_their_deputy_who_is_told_too() -> None:
    owner, member = person("owner"), person("member")
    with inside():
        Deputy.objects.create(person_id=owner.pk, deputy_id=member.pk, until_at=database_now() + timedelta(days=2))
    run_id = asked(roles=["owner"], expires_s=4 * HOUR, remind_s=HOUR)
    assert [who for who, _subject in mails()] == ["member", "owner"]
    with inside():
        Deputy.objects.update(revoked_at=database_now())
    with later(hours=1, seconds=1):
        sweep()
    assert [who for who, _subject in mails()] == ["owner"], "back from leave, the deputy is left in peace"
    with inside():
        assert [one.user_id for one in people.deciders_of(question(run_id))] == [owner.pk]


def test_nobody_is_reminded_who_has_said_it() -> None:
    run_id = asked(quorum=2, expires_s=4 * HOUR, remind_s=HOUR)
    first = [who for who, _subject in mails()]
    decide(run_id, user=person("owner"), go_on=False)
    with later(hours=1, seconds=1):
        sweep()
    assert [who for who, _subject in mails()] == [who for who in first if who != "owner"]


def test_times_are_told_where_the_reader_lives_and_days_end_there() -> None:
    owner = person("owner")
    User.objects.filter(pk=owner.pk).update(time_zone="Asia/Karachi")
    try:
        run_id = asked(roles=["owner"], expires_s=5 * HOUR)
        with timezone.override(ZoneInfo("Asia/Karachi")):
            local = timezone.localtime(question(run_id).expires_at)
        body = mail.outbox[0].body
        assert f"{local:%H:%M}" in body or f"{local.hour % 12 or 12}:{local:%M}" in body
        with inside():
            day = (database_now().astimezone(ZoneInfo("Asia/Karachi")) + timedelta(days=3)).date()
            until = deputies.name_deputy(
                user_id=owner.pk, deputy=str(person("member").pk), until=day.isoformat()
            ).until_at
        assert until.astimezone(ZoneInfo("Asia/Karachi")).date() == day
        assert until.astimezone(ZoneInfo("Asia/Karachi")).hour == 23
    finally:
        User.objects.filter(pk=owner.pk).update(time_zone=owner.time_zone)


def test_a_day_ends_once_also_when_its_clocks_are_changed() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert days.end_of_day(date(2026, 3, 29), zone=berlin).astimezone(UTC) == datetime(
        2026, 3, 29, 21, 59, 59, 999999, UTC
    )
    assert days.end_of_day(date(2026, 10, 25), zone=berlin).astimezone(UTC).hour == 22
    assert days.zone_named("Nowhere/Land") == ZoneInfo("UTC")


def test_a_vote_by_chat_or_mail_stops_reminders_of_the_same_person_only() -> None:
    run_id = asked(quorum=2, expires_s=4 * HOUR, remind_s=HOUR)
    mails()
    decide(run_id, user=person("member"), go_on=False, channel=Channel.CHAT)
    with later(hours=1, seconds=1):
        sweep()
    told = [who for who, _subject in mails()]
    assert "owner" in told
    assert "member" not in told
    with inside():
        assert Approval.objects.get().state == "pending"
