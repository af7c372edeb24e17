"""Pages carry a policy without inline scripts; only the back office has the looser one its library needs."""

import pytest
from django.test import Client


@pytest.fixture
def policy(settings, db):
    client = Client(SERVER_NAME=settings.BASE_DOMAIN)

    def of(path):
        answer = client.get(path)
        rules = dict(part.strip().partition(" ")[::2] for part in answer["Content-Security-Policy"].split(";"))
        return answer, rules

    return of


@pytest.mark.parametrize("path", ["/accounts/login/", "/nothing-here"])
def test_ordinary_pages_allow_no_inline_code_and_no_framing(policy, path):
    answer, rules = policy(path)
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert rules["default-src"] == rules["object-src"] == rules["base-uri"] == rules["frame-ancestors"] == "'none'"
    assert rules["script-src"].startswith("'self'")
    assert answer["X-Frame-Options"] == "DENY" or path == "/nothing-here"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert "camera=()" in answer["Permissions-Policy"]


def test_the_back_office_may_evaluate_but_loads_only_our_own_scripts(policy):
    _answer, rules = policy("/admin/login/")
    assert rules["script-src"] == "'self' 'unsafe-eval'"
    assert rules["default-src"] == rules["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("path", ["/administer", "/adminx/", "/accounts/admin/"])
def test_addresses_that_only_look_like_the_back_office_keep_the_strict_policy(policy, path):
    answer, _rules = policy(path)
    assert "unsafe" not in answer["Content-Security-Policy"]
