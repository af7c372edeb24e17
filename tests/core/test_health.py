"""Live without a database, ready only when every critical thing is, metrics only for the inside."""

import pytest
from django.test import Client

from apps.core import probes
from apps.core.health import HealthProbe, health_probes, recent


@pytest.fixture
def prober():
    recent.forget()
    probes._migrations_seen_at.clear()
    yield Client(SERVER_NAME="10.1.2.3")
    recent.forget()


def fail():
    raise ConnectionError("password=hunter2")


def test_live_needs_no_database_tenant_or_known_host(prober):
    # Without the `db` fixture every query of this test would raise.
    answer = prober.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "alive"})
    assert answer["Cache-Control"] == "no-store"
    assert answer["X-Request-ID"]


def test_ready_reports_each_probe_with_state_and_time(prober, db):
    answer = prober.get("/readyz")
    assert answer.status_code == 200
    document = answer.json()
    assert document["status"] in {"ready", "degraded"}  # other apps' probes may miss their processes here
    for name in ("database", "migrations", "broker"):
        assert document["probes"][name]["state"] == "ok"
    for probe in document["probes"].values():
        assert probe["ms"] >= 0


def test_a_failing_critical_probe_takes_the_process_out_of_traffic(prober, db):
    with health_probes.temporarily(HealthProbe(name="disk", check=fail)):
        answer = prober.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["probes"]["disk"] | {"ms": 0} == {
        "state": "failed",
        "critical": True,
        "ms": 0,
        "error": "ConnectionError",
    }
    assert "hunter2" not in answer.content.decode()


def test_a_failing_other_probe_only_degrades(prober, db):
    with health_probes.temporarily(HealthProbe(name="mail", check=fail, critical=False)):
        answer = prober.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")


def test_a_broker_that_is_away_degrades_and_a_database_that_is_away_stops(prober, db, settings, monkeypatch):
    settings.BROKER_URL = "redis://127.0.0.1:1/0"
    answer = prober.get("/readyz")
    assert (answer.status_code, answer.json()["probes"]["broker"]["state"]) == (200, "failed")
    recent.forget()
    with health_probes.temporarily(HealthProbe(name="database", check=fail), replace=True):
        assert prober.get("/readyz").status_code == 503


def test_pending_migrations_are_noticed(prober, db):
    from django.db import connection

    connection.set_schema_to_public()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    answer = prober.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["probes"]["migrations"]["error"] == "unavailable"


def test_the_answer_is_remembered_for_a_second(prober, db):
    asked = []
    with health_probes.temporarily(HealthProbe(name="count", check=lambda: asked.append(1))):
        for _ in range(5):
            prober.get("/readyz")
    assert len(asked) == 1


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_the_doors_are_for_reading(prober, method):
    assert getattr(prober, method)("/healthz").status_code == 405


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("10.2.3.4", {}, 200),
        ("::1", {}, 200),
        ("93.184.216.34", {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "10.0.0.1"}, 404),
        ("10.2.3.4", {"Forwarded": "for=10.0.0.1"}, 404),
        ("93.184.216.34", {"Authorization": "Bearer right-token"}, 200),
        ("93.184.216.34", {"Authorization": "Bearer wrong-token"}, 404),
        ("93.184.216.34", {"Authorization": "Bearer "}, 404),
        ("", {}, 404),
    ],
)
def test_metrics_are_for_the_inside_or_the_token(prober, db, settings, address, headers, status):
    settings.METRICS_TOKEN = "right-token"
    answer = prober.get("/metrics", REMOTE_ADDR=address, headers=headers)
    assert answer.status_code == status
    if status == 200:
        assert b"django_http_requests" in answer.content


def test_an_empty_token_setting_opens_nothing(prober, settings):
    settings.METRICS_TOKEN = ""
    assert prober.get("/metrics", REMOTE_ADDR="93.184.216.34", headers={"Authorization": "Bearer "}).status_code == 404
