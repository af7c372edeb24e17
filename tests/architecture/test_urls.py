"""Every address declares who may open it; third parties' addresses are known by name and behave as said."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.views import APIView

from apps.core.policy import Access, policy_of, public

CONFIGURATIONS = ("echopilot.urls_public", "echopilot.urls_tenant")
# Whose views guard themselves, and how that is shown.
THIRD_PARTIES = {
    "accounts/": "allauth: sign-in is for visitors, the rest asks for sign-in itself (see the test below)",
    "admin/": "the admin site admits staff only (see the test below)",
    "stripe/": "dj-stripe checks the signature of each webhook",
}
ALLAUTH = "allauth."
# allauth's pages that exist for people who are not signed in.
FOR_VISITORS = re.compile(
    r"^accounts/(login|signup|logout|inactive|confirm-email|password/reset|3rdparty/(login|signup)|2fa/authenticate|"
    r"2fa/webauthn/login|google/|oidc/|social/)"
)


def addresses(configuration: str) -> Iterator[tuple[str, Any]]:
    yield from _walk(get_resolver(configuration).url_patterns, "")


def _walk(patterns: list[URLPattern | URLResolver], prefix: str) -> Iterator[tuple[str, Any]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route, pattern.callback


def owner(callback: Any) -> str:
    view = getattr(callback, "view_class", None) or getattr(callback, "cls", None) or callback
    return str(view.__module__)


def undeclared(configuration: str) -> list[str]:
    return [
        f"{route} ({owner(callback)})"
        for route, callback in addresses(configuration)
        if policy_of(callback) is None
        and (owner(callback).startswith("apps.") or not any(route.startswith(prefix) for prefix in THIRD_PARTIES))
    ]


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_every_address_declares_a_policy(configuration):
    assert list(addresses(configuration))
    assert undeclared(configuration) == []


@pytest.mark.parametrize("configuration", CONFIGURATIONS)
def test_an_open_address_says_why(configuration):
    for route, callback in addresses(configuration):
        policy = policy_of(callback)
        if policy is not None and policy.access in {Access.PUBLIC, Access.SIGNATURE}:
            assert len(policy.detail) > 5, route


def concrete(routes: Iterator[str]) -> list[str]:
    """Routes a request can be made for: parameters are filled with something harmless."""
    filled = []
    for route in routes:
        path = re.sub(r"<(int|path|slug|str|uuid):\w+>|<\w+>", "1", route)
        if "(?P" not in path and "^" not in path:
            filled.append("/" + path.replace("\\", ""))
    return list(dict.fromkeys(filled))


def test_nobody_but_staff_enters_the_back_office(db, settings, user):
    routes = [route for route, _callback in addresses("echopilot.urls_public") if route.startswith("admin/")]
    visitor, member = Client(SERVER_NAME=settings.BASE_DOMAIN), Client(SERVER_NAME=settings.BASE_DOMAIN)
    member.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    tried = [
        path
        for path in concrete(iter(routes))
        if not path.startswith(("/admin/login", "/admin/logout", "/admin/jsi18n"))
    ]
    assert len(tried) > 20
    for path in tried:
        for client in (visitor, member):
            answer = client.get(path)
            assert answer.status_code in {301, 302, 403, 404}, path
            if answer.status_code in {301, 302}:
                assert "/login/" in answer["Location"] or answer["Location"].rstrip("/") == path.rstrip("/"), path


def test_allauths_own_pages_ask_for_sign_in(db, settings):
    visitor = Client(SERVER_NAME=settings.BASE_DOMAIN)
    routes = (route for route, callback in addresses("echopilot.urls_public") if owner(callback).startswith(ALLAUTH))
    tried = [path for path in concrete(routes) if not FOR_VISITORS.match(path.lstrip("/"))]
    assert len(tried) >= 8
    for path in tried:
        answer = visitor.get(path)
        assert answer.status_code in {302, 404}, path
        if answer.status_code == 302:
            assert "/login/" in answer["Location"], path


def test_the_rule_catches_forgotten_views():
    def forgotten(request):
        return None

    class Inherits(APIView):
        pass

    class Names(APIView):
        permission_classes = ()

    assert policy_of(forgotten) is None
    assert policy_of(Inherits.as_view()) is None
    assert policy_of(Names.as_view()) is None
    assert policy_of(public(reason="a test")(forgotten)).access is Access.PUBLIC
