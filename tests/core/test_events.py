"""Events arrive after commit, once per receiver, and a failing receiver disturbs nobody."""

from dataclasses import dataclass

import pytest
from django.db import transaction

from apps.core.events import Event, EventSignal


@dataclass(frozen=True, kw_only=True)
class Happened(Event):
    name: str


@pytest.fixture
def heard():
    signal, seen = EventSignal(), []

    def receiver(event, **_kwargs):
        seen.append(event.name)

    signal.connect(receiver, weak=False)
    return signal, seen


def test_an_event_is_sent_after_commit_and_not_after_rollback(heard, db, django_capture_on_commit_callbacks):
    signal, seen = heard
    with django_capture_on_commit_callbacks(execute=True):
        with transaction.atomic():
            signal.announce(Happened(tenant_id=1, name="kept"))
            assert seen == []
        with pytest.raises(RuntimeError), transaction.atomic():
            signal.announce(Happened(tenant_id=1, name="undone"))
            raise RuntimeError
    assert seen == ["kept"]


def test_a_failing_receiver_is_logged_and_the_others_still_hear(heard, db, caplog, django_capture_on_commit_callbacks):
    signal, seen = heard

    def broken(event, **_kwargs):
        raise ValueError("no")

    signal.connect(broken, weak=False)
    with django_capture_on_commit_callbacks(execute=True):
        signal.announce(Happened(tenant_id=None, name="x"))
    assert seen == ["x"]
    assert "broken" in str(caplog.records[-1].receiver)
