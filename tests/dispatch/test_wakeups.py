"""Wake-ups are hints: never in the way, joined when they come thick, quiet while the broker is gone."""

import contextlib
import socket
import threading
import time

import pytest
from django.db import transaction
from django.test import override_settings

from apps.dispatch import bell, facade, process, wakeups
from apps.dispatch.bell import Bell
from apps.dispatch.contracts import NewWork
from apps.dispatch.tasks import tick, wake
from apps.dispatch.wakeups import WakeSender
from tests.dispatch.ground import Ground


def test_a_burst_of_rings_becomes_few_messages_and_the_last_one_is_heard() -> None:
    sent: list[float] = []

    def send() -> None:
        time.sleep(0.02)
        sent.append(time.monotonic())

    sender = WakeSender(send=send)
    for _ in range(300):
        sender.ring()
        time.sleep(0.0005)
    last = time.monotonic()
    sender.flush(2)
    assert 2 <= len(sent) < 60
    assert sent[-1] >= last - 0.02


def test_ringing_with_a_dead_broker_neither_blocks_nor_raises() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def send() -> None:
        socket.create_connection(("127.0.0.1", port), timeout=2)

    sender = WakeSender(send=send)
    slowest = 0.0
    for _ in range(200):
        started = time.perf_counter()
        sender.ring()
        slowest = max(slowest, time.perf_counter() - started)
        time.sleep(0.001)
    assert slowest < 0.05


def test_the_breaker_opens_longer_each_time_and_closes_after_success() -> None:
    now, calls, broken = [0.0], [], [True]

    def send() -> None:
        calls.append(now[0])
        if broken[0]:
            raise ConnectionError

    sender = WakeSender(send=send, clock=lambda: now[0])
    sender.send_due()
    sender.ring()
    assert sender._thread is None
    now[0] = 5.1
    sender.send_due()
    assert sender._closed_until == pytest.approx(15.1)
    now[0], broken[0] = 16, False
    sender.send_due()
    assert sender._failures == 0


def test_a_wake_up_goes_out_after_commit_and_not_after_rollback(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    rings: list[int] = []
    monkeypatch.setattr(wakeups, "ring", lambda: rings.append(1))
    tenant_id = ground.tenant()
    with transaction.atomic():
        facade.enqueue(tenant_id=tenant_id, work=NewWork(kind="test.noop", ref="r"))
        assert rings == []
    assert rings == [1]
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        facade.enqueue(tenant_id=tenant_id, work=NewWork(kind="test.noop", ref="r"))
        raise ZeroDivisionError
    facade.enqueue(tenant_id=tenant_id, work=NewWork(kind="test.noop", ref="later", delay_s=60))
    assert rings == [1]


def test_the_message_reaches_the_broker_without_content(ground: Ground) -> None:
    import json

    from django.conf import settings
    from kombu import Connection

    seen: list[tuple[str, dict]] = []
    with Connection(settings.CELERY_BROKER_URL) as broker, broker.channel() as channel:
        from echopilot.celery import app

        queue = app.amqp.queues["dispatch.wake"]
        from kombu import Consumer

        with Consumer(
            channel,
            queues=[queue.bind(channel)],
            callbacks=[lambda body, message: (seen.append((json.dumps(body), message.headers)), message.ack())],
            accept=["json"],
        ):
            with contextlib.suppress(TimeoutError):
                broker.drain_events(timeout=0.3)  # subscribes
            wakeups.send_wake()
            for _ in range(10):
                if not seen:
                    broker.drain_events(timeout=5)
    body, headers = seen[0]
    assert json.loads(body)[:2] == [[], {}]
    assert headers["task"] == "dispatch.wake"
    assert headers["_schema_name"] == "public"
    assert headers["ignore_result"] is True
    assert headers["expires"]


def test_the_wake_task_rings_and_the_tick_task_has_the_chores_done(monkeypatch: pytest.MonkeyPatch) -> None:
    own = Bell()
    wake()
    assert own.take_look()
    ticked: list[int] = []
    monkeypatch.setattr(process, "_loops", [type("Loop", (), {"tick": lambda self: ticked.append(1)})()])
    tick()
    assert ticked == [1]


def test_a_bell_rung_before_the_wait_is_not_missed() -> None:
    own = Bell()
    own.ring()
    own.ring(look=True)
    started = time.monotonic()
    own.wait(5)
    assert time.monotonic() - started < 1
    assert own.take_look()
    assert not own.take_look()
    threading.Timer(0.05, own.ring).start()
    own.wait(5)
    assert time.monotonic() - started < 2
    assert own in bell._bells


@override_settings(DISPATCH={"wake_by_broker": False})
def test_the_broker_can_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    rings: list[int] = []
    monkeypatch.setattr(wakeups._sender, "ring", lambda: rings.append(1))
    wakeups.ring()
    assert rings == []
