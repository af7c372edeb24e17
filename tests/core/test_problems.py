"""Every refusal has a code and a way on, as a page or a problem document; no stack trace and no detail leaves."""

import pytest
from django.test import Client
from django.utils import translation

from apps.core.errors import InvalidInput
from apps.core.problems import CONTENT_TYPE, describe, flatten
from tests.core.urls import SECRET

KEYS = {"type", "title", "status", "code", "detail", "fields", "request_id", "retryable"}


@pytest.fixture
def visitor(settings, db):
    settings.PUBLIC_SCHEMA_URLCONF = "tests.core.urls"
    return Client(SERVER_NAME=settings.BASE_DOMAIN, raise_request_exception=False)


EXPECTED = [
    ("conflict", 409, "conflict"),
    ("limit", 429, "limit_reached"),
    ("unavailable", 503, "unavailable"),
    ("invalid", 400, "invalid_input"),
    ("bug", 500, "internal_error"),
    ("missing", 404, "not_found"),
    ("denied", 403, "not_allowed"),
    ("suspicious", 400, "invalid_input"),
]


@pytest.mark.parametrize(("kind", "status", "code"), EXPECTED)
def test_a_page_shows_what_to_do_and_the_request_id_but_no_detail(visitor, kind, status, code):
    answer = visitor.get(f"/fail?kind={kind}", headers={"Accept": "text/html"})
    body = answer.content.decode()
    assert answer.status_code == status
    assert answer["Content-Type"].startswith("text/html")
    assert answer["X-Request-ID"] in body
    assert "<h1>" in body
    assert SECRET not in body
    assert "Traceback" not in body
    assert "<script>" not in body


@pytest.mark.parametrize(("kind", "status", "code"), EXPECTED)
@pytest.mark.parametrize("headers", [{"Accept": "application/json"}, {"Accept": "application/problem+json"}])
def test_a_program_gets_a_problem_document(visitor, kind, status, code, headers):
    answer = visitor.get(f"/fail?kind={kind}", headers=headers)
    document = answer.json()
    assert (answer.status_code, document["status"], document["code"]) == (status, status, code)
    assert answer["Content-Type"] == CONTENT_TYPE
    assert document.keys() >= KEYS
    assert document["request_id"] == answer["X-Request-ID"]
    assert SECRET not in answer.content.decode()


@pytest.mark.parametrize(("kind", "status", "code"), [case for case in EXPECTED if case[0] != "suspicious"])
def test_an_api_view_answers_problem_documents_whatever_is_asked_for(visitor, kind, status, code):
    answer = visitor.get(f"/api/v1/failing?kind={kind}", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == CONTENT_TYPE
    assert SECRET not in answer.content.decode()


def test_fields_and_retry_after_are_told(visitor):
    assert visitor.get("/api/v1/failing?kind=conflict").json()["fields"] == {"title": "Taken."}
    answer = visitor.get("/fail?kind=limit")
    assert answer["Retry-After"] == "2"
    assert visitor.get("/api/v1/failing?kind=limit")["Retry-After"] == "2"


def test_a_fragment_asked_for_by_htmx_gets_a_fragment(visitor):
    body = visitor.get("/fail?kind=conflict", headers={"HX-Request": "true", "Accept": "text/html"}).content.decode()
    assert "<html" not in body
    assert 'role="alert"' in body


def test_unknown_addresses_answer_in_the_callers_format(visitor):
    assert visitor.get("/nothing-here", headers={"Accept": "text/html"}).status_code == 404
    assert visitor.get("/api/v1/nothing").json()["code"] == "not_found"


def test_a_form_without_token_is_refused_with_the_way_back(settings, db):
    settings.PUBLIC_SCHEMA_URLCONF = "tests.core.urls"
    visitor = Client(SERVER_NAME=settings.BASE_DOMAIN, enforce_csrf_checks=True)
    answer = visitor.post("/form", {"a": "1"}, headers={"Accept": "text/html"})
    assert answer.status_code == 403
    assert "reload" in answer.content.decode()
    assert visitor.post("/form", {"a": "1"}, headers={"Accept": "application/json"}).json()["code"] == "csrf_failed"


def test_bodies_over_the_limit_are_refused(visitor):
    answer = visitor.post("/form", {"a": "x" * 1_100_000}, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    many = visitor.post("/form", {f"a{number}": "1" for number in range(600)}, headers={"Accept": "application/json"})
    assert (many.status_code, many.json()["code"]) == (413, "too_large")


def test_the_page_speaks_the_readers_language_and_direction(visitor):
    body = visitor.get("/fail?kind=conflict", headers={"Accept-Language": "ur", "Accept": "text/html"}).content.decode()
    assert '<html lang="ur" dir="rtl">' in body


def test_debug_shows_stack_traces_and_only_debug(visitor, settings):
    assert "Traceback" not in visitor.get("/fail?kind=bug").content.decode()
    settings.DEBUG = True
    assert "Traceback" in visitor.get("/fail?kind=bug", headers={"Accept": "text/html"}).content.decode()


def test_a_broken_error_page_still_answers(visitor, monkeypatch):
    monkeypatch.setattr("apps.core.problems.render_to_string", lambda *_: 1 / 0)
    answer = visitor.get("/fail?kind=invalid", headers={"Accept": "text/html"})
    assert answer.status_code == 400
    assert answer["X-Request-ID"] in answer.content.decode()


def test_nested_messages_are_flattened_to_paths():
    detail = {
        "items": [{}, {"title": ["Too long.", "Wrong."]}],
        "non_field_errors": ["Together?"],
        "tags": {"0": ["x"]},
    }
    assert flatten(detail) == {"items.1.title": "Too long. Wrong.", "": "Together?", "tags.0": "x"}


def test_messages_are_translated_when_they_leave():
    error = InvalidInput()
    with translation.override("en"):
        assert describe(error)["detail"].startswith("Some of the input")
