"""Outages are dull: a dead model costs three tries a minute, whoever asks, and no task fails for it."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connections

from apps.ai import facade
from apps.ai.gateway import breaker as breakers
from apps.ai.gateway.breaker import Breaker
from apps.tenants.facade import get_tenant, tenant_context
from tests.ai.conftest import ask, point_at
from tests.servers.openai import OpenAIServer


class Clock:
    """``time.time`` under the test's control."""

    def __init__(self) -> None:
        self.now = time.time()

    def time(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(breakers.time, "time", clock.time)
    return clock


@pytest.mark.django_db
@pytest.mark.parametrize("death", [{"status": 500}, {"fault": "disconnect"}, {"status": 503}])
def test_a_minute_of_a_dead_primary_at_4_a_second(gateway: OpenAIServer, clock: Clock, death: dict[str, Any]) -> None:
    """I3, with the breaker's clock moved a quarter second per request."""
    gateway.mode(death, model="gpt-6.1-sol")
    for number in range(240):
        assert facade.complete(ask(), key=f"k{number}").model == "gpt-5.4"
        clock.now += 0.25
    assert gateway.counters["model:gpt-6.1-sol"] <= 3


@pytest.mark.django_db(transaction=True)
def test_eight_callers_at_once_share_one_breaker(openai_server: OpenAIServer, settings: Any, db: None) -> None:
    point_at(settings, openai_server)
    openai_server.mode({"status": 500}, model="gpt-6.1-sol")

    def call(number: int) -> str:
        try:
            with tenant_context(get_tenant(slug="acme")):
                return facade.complete(ask(), key=f"k{number}").model
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(call, range(80))) == {"gpt-5.4"}
    # Only calls that were under way before the second failure was known may add to the two that opened it.
    assert openai_server.counters["model:gpt-6.1-sol"] <= 2 + 7


@pytest.mark.django_db
def test_a_recovered_primary_is_used_again(gateway: OpenAIServer, clock: Clock) -> None:
    gateway.mode({"status": 500}, model="gpt-6.1-sol")
    for number in range(4):
        facade.complete(ask(), key=f"k{number}")
    gateway.mode(None, model="gpt-6.1-sol")
    assert facade.complete(ask(), key="early").model == "gpt-5.4"
    clock.now += breakers.FIRST_PAUSE_S + 1
    assert facade.complete(ask(), key="probe").model == "gpt-6.1-sol"
    assert facade.complete(ask(), key="after").model == "gpt-6.1-sol"


def test_one_caller_alone_may_probe_and_each_failure_doubles_the_pause(clock: Clock) -> None:
    one, other = Breaker(name="t:x"), Breaker(name="t:x")
    for _ in range(2):
        one.failed()
    for pause in (30, 60, 120, 240, 300, 300):
        assert not one.allow()
        clock.now += pause - 1
        assert not other.allow()
        clock.now += 2
        assert one.allow()
        assert not other.allow()
        one.failed()


def test_tenants_do_not_share_breakers(clock: Clock) -> None:
    candidate = {"endpoint": "openai", "model": "m", "credential": "c"}
    for _ in range(2):
        Breaker.of("t_a", candidate).failed()
    assert not Breaker.of("t_a", candidate).allow()
    assert Breaker.of("t_b", candidate).allow()


def test_without_a_cache_each_process_counts_for_itself(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    class Down:
        def __getattr__(self, name: str) -> Any:
            def refuse(*_: Any, **__: Any) -> Any:
                raise ConnectionError("no cache")

            return refuse

    monkeypatch.setattr(breakers, "shared", Down())
    one = Breaker(name="t:cacheless")
    for _ in range(2):
        one.failed()
    assert not one.allow()
    one.succeeded()
    assert one.allow()
    assert cache.get("ai.breaker:t:cacheless:open") is None
