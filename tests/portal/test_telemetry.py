"""Reports from browsers: counted and logged without anything personal; floods, giants and nonsense are refused with a code."""

import json
import logging

import pytest
from prometheus_client import REGISTRY

from apps.portal.telemetry import views


@pytest.fixture
def send(browse, tenant):
    client = browse(None)

    def post(body, *, address="/telemetry/", kind="application/json", **headers):
        data = body if isinstance(body, str | bytes) else json.dumps(body)
        return client.post(address, data, content_type=kind, headers=headers)

    return post


def value(sample: str, /, **labels: str) -> float:
    return REGISTRY.get_sample_value(sample, labels) or 0.0


ERROR = {
    "kind": "error",
    "message": "x is undefined",
    "source": "http://acme.localhost/static/portal/portal.js?v=1",
    "line": 3,
    "column": 7,
}


def test_errors_are_counted_by_route_and_logged_without_ids_queries_or_secrets(send, caplog):
    page = "/tasks/01890000-0000-7000-8000-00000000dead/?token=hunter2hunter2"
    before = value("echopilot_browser_errors_total", route="/tasks/<uuid:task_id>/")
    with caplog.at_level(logging.WARNING, logger="echopilot.browser"):
        answer = send({"page": page, "events": [{**ERROR, "message": "failed: Bearer abcdefghijklmnop"}]})
    assert answer.status_code == 204
    assert value("echopilot_browser_errors_total", route="/tasks/<uuid:task_id>/") == before + 1
    (record,) = [record for record in caplog.records if record.name == "echopilot.browser"]
    said = str(vars(record))
    assert record.source == "/static/portal/portal.js"
    assert "dead" not in said
    assert "hunter2" not in said
    assert "abcdefghijklmnop" not in said


def test_vitals_fill_their_histograms(send):
    before = value("echopilot_browser_vitals_sum", name="LCP", route="/")
    answer = send(
        {
            "page": "/",
            "events": [
                {"kind": "vital", "name": "LCP", "value": 1200},
                {"kind": "vital", "name": "CLS", "value": 0.05},
            ],
        }
    )
    assert answer.status_code == 204
    assert value("echopilot_browser_vitals_sum", name="LCP", route="/") == before + 1200


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"events": "many"}, 400, "invalid_input"),
        ([], 400, "invalid_input"),
        ({"page": "/", "events": [{}] * 21}, 400, "invalid_input"),
        ({"page": "/", "events": [{"kind": "vital", "name": "LCP", "value": -1}]}, 400, "invalid_input"),
        ({"page": "/", "events": [{"kind": "vital", "name": "XYZ", "value": 1}]}, 400, "invalid_input"),
        ({"page": "/", "events": [{"kind": "vital", "name": "CLS", "value": True}]}, 400, "invalid_input"),
        ({"page": "/", "events": [3]}, 400, "invalid_input"),
        ("{", 400, "malformed_body"),
        ("[" * 50 + "]" * 50, 400, "too_deep"),
        ('{"events": [], "x": "' + "y" * 20_000 + '"}', 413, "too_large"),
        (b"\xff\xfe", 400, "malformed_body"),
    ],
)
def test_bad_reports_are_refused_with_a_code(send, body, status, code):
    answer = send(body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_flood_is_cut_off(send):
    answers = [send({"page": "/", "events": []}).status_code for _ in range(views.PER_MINUTE + 1)]
    assert answers[-1] == 429
    assert set(answers[:-1]) == {204}


def test_unknown_pages_and_extensions_do_not_multiply_the_labels(send, caplog):
    with caplog.at_level(logging.WARNING, logger="echopilot.browser"):
        for page in ("/nothing/here", 7, "x" * 5000, "http://[bad"):
            assert (
                send({"page": page, "events": [{**ERROR, "source": "chrome-extension://abc/x.js"}]}).status_code == 204
            )
    records = [record for record in caplog.records if record.name == "echopilot.browser"]
    assert {record.route for record in records} == {"unknown"}
    assert {record.source for record in records} == {"elsewhere"}


def test_what_the_policy_refused_is_counted_in_both_wire_forms(send):
    before = value("echopilot_browser_refusals_total", directive="script-src-elem")
    old = {"csp-report": {"document-uri": "http://acme.localhost/tasks/?q=secret", "effective-directive": "script-src-elem",
                          "blocked-uri": "https://evil.example/x.js?who=me", "line-number": 3}}  # fmt: skip
    new = [{"type": "csp-violation", "body": {"documentURL": "http://acme.localhost/", "effectiveDirective": "script-src-elem",
                                              "blockedURL": "inline"}}]  # fmt: skip
    assert send(old, address="/telemetry/content-policy/", kind="application/csp-report").status_code == 204
    assert send(new, address="/telemetry/content-policy/", kind="application/reports+json").status_code == 204
    assert value("echopilot_browser_refusals_total", directive="script-src-elem") == before + 2
    assert send({"other": 1}, address="/telemetry/content-policy/").status_code == 400


def test_pages_name_the_door_for_refusals_on_every_host(browse, tenant):
    for host, page in (("acme.localhost", "/accounts/login/"), ("localhost", "/en/")):
        assert "report-uri /telemetry/content-policy/" in browse(None, host=host).get(page)["Content-Security-Policy"]
        assert (
            browse(None, host=host)
            .post("/telemetry/", {"page": "/", "events": []}, content_type="application/json")
            .status_code
            == 204
        )


def test_only_posts_are_taken(browse, tenant):
    assert browse(None).get("/telemetry/").status_code == 405
