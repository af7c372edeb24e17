"""Every request has an id, one access line, and a context that ends with it."""

import logging

import pytest
from django.test import Client

from apps.core.context import bind_log_context, log_context


@pytest.fixture
def visitor(settings, db):
    settings.PUBLIC_SCHEMA_URLCONF = "tests.core.urls"
    return Client(SERVER_NAME=settings.BASE_DOMAIN, raise_request_exception=False)


def test_the_callers_id_is_kept_bound_and_echoed(visitor):
    answer = visitor.get("/echo", headers={"X-Request-ID": "caller-id-1234"})
    assert answer["X-Request-ID"] == "caller-id-1234"
    assert answer.json()["request_id"] == "caller-id-1234"


@pytest.mark.parametrize("bad", ["x", "a" * 100, "with space", "<script>"])
def test_a_bad_id_is_replaced(visitor, bad):
    answer = visitor.get("/echo", headers={"X-Request-ID": bad})
    assert answer["X-Request-ID"] != bad
    assert answer.json()["request_id"] == answer["X-Request-ID"]


def test_context_from_before_is_neither_seen_nor_lost(visitor):
    with bind_log_context(run="outer"):
        assert "run" not in visitor.get("/echo").json()["context"]
        assert log_context() == {"run": "outer"}


def test_the_access_line_names_the_route_and_never_query_or_token(visitor, caplog):
    with caplog.at_level(logging.INFO, logger="echopilot.access"):
        visitor.get("/fail/very-secret-token/?kind=conflict&key=hunter2")
    (record,) = [record for record in caplog.records if record.name == "echopilot.access"]
    assert (record.method, record.route, record.status) == ("GET", "/fail/<str:token>/", 409)
    assert record.duration_ms >= 0
    assert "secret-token" not in str(record.__dict__)
    assert "hunter2" not in str(record.__dict__)


def test_a_refused_request_leaves_one_line_with_its_code(visitor, caplog):
    with caplog.at_level(logging.INFO, logger="echopilot.errors"):
        visitor.get("/fail?kind=conflict")
    (record,) = [record for record in caplog.records if record.name == "echopilot.errors"]
    assert (record.code, record.status) == ("conflict", 409)


def test_tenant_and_user_are_bound(browse, user, settings):
    settings.ROOT_URLCONF = "tests.core.urls"
    context = browse(user).get("/echo").json()["context"]
    assert context["tenant"] == "acme"
    assert context["user"] == user.pk
