"""Limits of the API: who is counted together, what a caller over the limit is told, and what a lost cache does not break."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import caches
from django.test import Client

from apps.accounts.api.throttles import ByCaller
from apps.accounts.models import User
from tests.cast import PASSWORD

pytestmark = pytest.mark.django_db

PATH = "/api/v1/tasks/"
Browse = Callable[..., Client]


@pytest.fixture
def three_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ByCaller, "rate", "3/min")


def test_a_caller_over_the_limit_is_told_when_to_come_back_and_others_are_not_held_up(
    three_a_minute: None, browse: Browse, user: User, viewer: User, outsider: User
) -> None:
    owner = browse(user)
    assert [owner.get(PATH).status_code for _ in range(3)] == [200, 200, 200]
    refused = owner.get(PATH)
    assert (refused.status_code, refused.json()["code"]) == (429, "limit_reached")
    assert 0 < int(refused["Retry-After"]) <= 60
    assert browse(viewer).get(PATH).status_code == 200
    assert browse(outsider, host="globex.localhost").get(PATH).status_code == 200


@pytest.fixture
def no_cache(settings: Any) -> None:
    """Nothing listens at the cache's address."""
    settings.CACHES = {
        name: {**conf, "LOCATION": "redis://127.0.0.1:9/0"} if "LOCATION" in conf else conf
        for name, conf in settings.CACHES.items()
    }
    assert caches["default"].get("anything") is None


def test_pages_api_and_sign_in_go_on_while_the_cache_is_away(no_cache: None, browse: Browse, user: User) -> None:
    client = browse(user)
    assert client.get("/").status_code == 200
    assert client.get(PATH).status_code == 200
    token = client.post(
        "/api/v1/auth/token/", {"email": user.email, "password": PASSWORD}, content_type="application/json"
    )
    assert token.status_code == 200
    assert caches["default"].incr("nothing") == 0
    visitor = browse()
    answer = visitor.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.content[:500]


def test_a_cache_that_is_there_adds_a_key_once() -> None:
    assert caches["default"].add("lock", 1, 5) is True
    assert caches["default"].add("lock", 1, 5) is False
