"""The API takes what it declares and nothing else; views that forget their permission are closed."""

import json

import pytest
from django.test import Client, RequestFactory
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from apps.core.api import CappedCursorPagination


@pytest.fixture
def caller(settings, db):
    settings.PUBLIC_SCHEMA_URLCONF = "tests.core.urls"
    client = Client(SERVER_NAME=settings.BASE_DOMAIN)

    def post(body, content_type="application/json"):
        return client.post("/api/v1/orders", data=body, content_type=content_type)

    post.client = client
    return post


def test_declared_input_passes(caller):
    answer = caller({"number": 1, "items": [{"title": "abc"}]})
    assert answer.status_code == 201
    assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"number": 1, "nubmer": 2}, "nubmer"),
        ({"number": 1, "state": "paid"}, "state"),
        ({"number": 1, "items": [{"title": "a"}, {"title": "a", "price": 0}]}, "items.1.price"),
        ({"items": []}, "number"),
        ({"number": "many"}, "number"),
        ({"number": 1, "items": [{"title": "too long"}]}, "items.0.title"),
        ({"number": 1, "items": "x"}, "items"),
    ],
)
def test_unknown_readonly_and_wrong_fields_are_named(caller, body, field):
    answer = caller(body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")
    assert field in answer.json()["fields"]


@pytest.mark.parametrize("body", ["[]", '"x"', "1", "null"])
def test_a_body_of_another_shape_is_refused(caller, body):
    answer = caller(body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_input")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ("{", 400, "malformed_body"),
        ('{"number": NaN}', 400, "malformed_body"),
        ('{"number": 1, "number": 2}', 400, "malformed_body"),
        ("[" * 40 + "]" * 40, 400, "too_deep"),
        ("[" * 500_000, 400, "too_deep"),
        (json.dumps({"number": "x" * 1_100_000}), 413, "too_large"),
    ],
)
def test_malformed_deep_and_large_bodies_have_their_own_codes(caller, body, status, code):
    answer = caller(body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_other_formats_and_methods_are_refused(caller):
    assert caller("number=1", "application/x-www-form-urlencoded").json()["code"] == "unsupported_format"
    assert caller.client.get("/api/v1/orders").json()["code"] == "method_not_allowed"
    assert (
        caller.client.post("/api/v1/orders", headers={"Accept": "application/xml"}).json()["code"] == "not_acceptable"
    )


def test_a_view_that_names_no_permission_is_closed(caller):
    answer = caller.client.get("/api/v1/forgotten")
    assert answer.status_code in {401, 403}
    assert "never" not in answer.content.decode()


def request(query):
    return Request(RequestFactory().get(f"/x?{query}"))


def test_pages_are_50_long_by_default_and_200_at_most():
    pages = CappedCursorPagination()
    assert pages.get_page_size(request("")) == 50
    assert pages.get_page_size(request("limit=200")) == 200


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", "", "1e3", "٥"])
def test_a_limit_outside_is_refused_rather_than_replaced(limit):
    with pytest.raises(ValidationError):
        CappedCursorPagination().get_page_size(request(f"limit={limit}"))
