"""Looks, language and time zone: one door for people and visitors, applied by the server."""

import pytest
from django.test import Client
from django.utils import timezone

from apps.accounts.models import User
from apps.accounts.preferences import Preferences

DOOR = "/accounts/preferences/"
JSON = {"Accept": "application/json"}


def kept(person: User) -> tuple[object, ...]:
    person.refresh_from_db()
    return (person.theme, person.density, person.motion, person.single_key_shortcuts, person.language, person.time_zone)


def test_any_subset_is_kept_and_the_rest_stays(user: User, browse) -> None:
    client = browse(user)
    answer = client.post(DOOR, {"theme": "dark", "next": "/tasks/"})
    assert (answer.status_code, answer["Location"]) == (302, "/tasks/")
    answer = client.post(
        DOOR, {"density": "compact", "single_key_shortcuts": "off", "time_zone": "Asia/Karachi"}, headers=JSON
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert kept(user) == ("dark", "compact", "system", False, user.language, "Asia/Karachi")


@pytest.mark.parametrize(("field", "value"), [("theme", "sepia"), ("density", ""), ("motion", "wild"), ("language", "xx"),
                                              ("time_zone", "Mars/Base"), ("single_key_shortcuts", "perhaps")])  # fmt: skip
def test_a_wrong_wish_is_named_and_nothing_is_kept(user: User, browse, field: str, value: str) -> None:
    before = kept(user)
    answer = browse(user).post(DOOR, {"theme": "dark", field: value}, headers=JSON)
    assert (answer.status_code, set(answer.json()["fields"])) == (400, {field})
    assert kept(user) == before


@pytest.mark.parametrize(
    "wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "", "http://globex.localhost/"]
)
def test_it_never_leads_to_another_host(user: User, browse, wanted: str) -> None:
    assert browse(user).post(DOOR, {"theme": "dark", "next": wanted})["Location"] == "/"


def test_the_persons_language_goes_before_the_cookie_and_that_before_the_browser(user: User, browse) -> None:
    client = browse(user)
    asked = {"Accept-Language": "es"}
    assert client.get("/", headers=asked)["Content-Language"] == "es"
    client.cookies["django_language"] = "en"
    assert client.get("/", headers=asked)["Content-Language"] == "en"
    User.objects.filter(pk=user.pk).update(language="ur")
    answer = client.get("/", headers=asked)
    assert answer["Content-Language"] == "ur"
    assert 'dir="rtl"' in answer.text


def test_a_visitors_wishes_live_in_cookies_of_this_browser(db: None) -> None:
    client = Client(SERVER_NAME="localhost")
    client.post(DOOR, {"theme": "dark", "language": "ur"})
    page = client.get("/accounts/login/")
    assert page["Content-Language"] == "ur"
    assert page.wsgi_request.preferences.theme == "dark"
    client.cookies["theme"] = "<script>"
    assert client.get("/accounts/login/").wsgi_request.preferences.theme == "system"


def test_times_are_shown_in_the_persons_zone_and_the_thread_is_left_clean(user: User, rf) -> None:
    from apps.accounts.middleware import PreferencesMiddleware

    seen = []
    request = rf.get("/")
    request.user, request.COOKIES["echopilot_session"] = user, "x"
    user.time_zone = "Asia/Karachi"
    PreferencesMiddleware(lambda request: seen.append(timezone.get_current_timezone_name()))(request)
    user.time_zone = "No/Where"
    PreferencesMiddleware(lambda request: seen.append(timezone.get_current_timezone_name()))(request)
    assert seen == ["Asia/Karachi", "UTC"]
    assert timezone.get_current_timezone_name() == "UTC"


def test_a_person_without_session_cookie_costs_no_query(db, rf, django_assert_num_queries) -> None:
    with django_assert_num_queries(0):
        assert Preferences.of(rf.get("/")) == Preferences()
