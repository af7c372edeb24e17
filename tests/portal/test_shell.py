"""The frame around every page: navigation, palette, notifications, Home's cards, what is asked of the database for them."""

import re
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import User
from apps.core.dashboard import DashboardCard, Notice, NoticeSource, dashboard_cards, notice_sources
from apps.core.search import PaletteAction, SearchHit, SearchSource, palette_actions, search_sources
from apps.portal import guardian
from apps.tasks import facade as tasks
from apps.tasks.enums import TaskSource
from apps.tenants.contracts import TenantRef
from tests import transactions

pytestmark = pytest.mark.django_db

Browse = Callable[..., Client]


@pytest.fixture(autouse=True)
def _fresh_guardian() -> Iterator[None]:
    guardian.forget()
    yield
    guardian.forget()


def path(name: str) -> str:
    return reverse(f"portal:{name}", urlconf="echopilot.urls_tenant")


@pytest.mark.parametrize("name", ["home", "more", "search", "palette", "notifications"])
def test_page_is_there_for_the_least_role_and_asks_strangers_to_sign_in(
    name: str, tenant: TenantRef, browse: Browse, viewer: User, outsider: User
) -> None:
    assert browse(viewer).get(path(name)).status_code == 200
    assert browse(outsider).get(path(name)).status_code == 302
    assert browse().get(path(name)).status_code == 302


def test_no_page_of_the_frame_carries_an_inline_script_style_or_handler(
    tenant: TenantRef, browse: Browse, user: User
) -> None:
    for name in ("home", "more", "search", "notifications"):
        text = browse(user).get(path(name)).content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text), name
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=", text), name


def test_side_bar_hides_what_the_role_may_not_open(tenant: TenantRef, browse: Browse, user: User, viewer: User) -> None:
    create = reverse("tasks:task_create", urlconf="echopilot.urls_tenant")
    assert f'href="{create}"' in browse(user).get(path("more")).content.decode()
    assert f'href="{create}"' not in browse(viewer).get(path("more")).content.decode()


def test_workspaces_of_the_person_are_listed_and_nobody_elses(tenant: TenantRef, browse: Browse, user: User) -> None:
    text = browse(user).get(path("more")).content.decode()
    assert "/workspaces/acme/open/" in text
    assert "/workspaces/globex/open/" not in text


def test_looks_are_drawn_by_the_server(tenant: TenantRef, browse: Browse, user: User) -> None:
    User.objects.filter(pk=user.pk).update(theme="dark", density="compact", single_key_shortcuts=False)
    text = browse(user).get(path("home")).content.decode()
    assert 'data-theme="dark"' in text
    assert 'data-density="compact"' in text
    assert "data-keys" not in text.partition(">")[2].partition(">")[0]


def test_palette_finds_pages_tasks_and_ids(tenant: TenantRef, browse: Browse, user: User) -> None:
    tasks.ensure_defaults()
    task = tasks.submit_task(source=TaskSource.PORTAL, title="Water damage", body="Boxes.", requested_by=user.pk)
    client = browse(user)
    for query in ("water", f"#{task.number}", str(task.id)):
        assert f"/tasks/{task.id}/" in client.get(path("palette"), {"q": query}).content.decode(), query
    assert 'data-url="/tasks/"' in client.get(path("palette"), {"q": "tasks"}).content.decode()


def test_palette_sends_words_after_a_question_mark_to_the_assistant(
    tenant: TenantRef, browse: Browse, user: User
) -> None:
    client = browse(user)
    for typed in ("?what waits for me", "? what waits for me", "؟what waits for me"):
        seen = client.get(path("palette"), {"q": typed}).content.decode()
        assert seen.count("data-asks") == 1 and 'name="question" value="what waits for me"' in seen, typed
    assert "data-asks" not in client.get(path("palette"), {"q": "?"}).content.decode()
    assert "data-asks" not in client.get(path("palette"), {"q": "ask"}).content.decode()
    long = client.get(path("palette"), {"q": "?" + "why " * 200}).content.decode()
    assert long.count("data-asks") == 1


def test_palette_finds_people_of_this_workspace_for_those_who_may_see_them(
    tenant: TenantRef, browse: Browse, user: User, viewer: User, outsider: User
) -> None:
    assert viewer.email in browse(user).get(path("palette"), {"q": "viewer@"}).content.decode()
    assert outsider.email not in browse(user).get(path("palette"), {"q": "outsider"}).content.decode()
    assert viewer.email not in browse(viewer).get(path("palette"), {"q": "viewer@"}).content.decode()


def test_palette_never_finds_what_is_of_another_workspace(db: None, browse: Browse, user: User, outsider: User) -> None:
    with transactions.entered("acme"):
        tasks.ensure_defaults()
        task = tasks.submit_task(source=TaskSource.PORTAL, title="Water damage", body="Boxes.", requested_by=user.pk)
    client = browse(outsider, host="globex.localhost")
    for query in ("water", str(task.id), f"#{task.number}"):
        answer = client.get(path("palette"), {"q": query})
        assert answer.status_code == 200
        assert str(task.id) not in answer.content.decode()


def test_palette_asks_a_source_only_for_people_who_hold_its_permission(
    tenant: TenantRef, browse: Browse, user: User, viewer: User
) -> None:
    asked: list[str] = []

    def seek(query: str, limit: int) -> list[SearchHit]:
        asked.append(query)
        return [SearchHit(title="Secret ledger", url="/secret/", icon="scale")] * (limit + 3)

    source = SearchSource(name="test", label="Test", permission="settings.manage", search=seek)
    action = PaletteAction(
        name="test.act",
        label="Burn everything",
        icon="trash-2",
        url_name="tenants:settings",
        permission="settings.manage",
    )
    with search_sources.temporarily(source), palette_actions.temporarily(action):
        seen = browse(viewer).get(path("palette"), {"q": "burn secret"}).content.decode()
        assert "Secret" not in seen
        assert "Burn" not in browse(viewer).get(path("palette"), {"q": ">"}).content.decode()
        assert asked == []
        seen = browse(user).get(path("palette"), {"q": "secret"}).content.decode()
        assert seen.count("Secret ledger") == 5
        assert "Burn" in browse(user).get(path("palette"), {"q": "> burn"}).content.decode()


def test_a_failing_source_leaves_the_others_answering(tenant: TenantRef, browse: Browse, user: User) -> None:
    def fail(query: str, limit: int) -> list[SearchHit]:
        raise ValueError("not a number")

    with search_sources.temporarily(SearchSource(name="bad", label="Bad", permission="tasks.view", search=fail)):
        assert 'data-url="/tasks/"' in browse(user).get(path("palette"), {"q": "tasks"}).content.decode()


def test_what_was_typed_is_escaped_and_an_odd_query_answers(tenant: TenantRef, browse: Browse, user: User) -> None:
    client = browse(user)
    text = client.get(path("search"), {"q": "<img src=x>"}).content.decode()
    assert "<img src=x>" not in text
    assert "&lt;img src=x&gt;" in text
    for odd in ("\x00", "%", "_", "🙂" * 200, "'; --", ">", "#", "#99999999999999999999"):
        assert client.get(path("palette"), {"q": odd}).status_code == 200


def test_theme_is_an_action_of_the_palette_and_posts(tenant: TenantRef, browse: Browse, user: User) -> None:
    text = browse(user).get(path("palette"), {"q": "> dark", "next": "/tasks/"}).content.decode()
    assert 'name="theme" value="dark"' in text
    assert 'name="next" value="/tasks/"' in text


def test_notifications_show_needs_and_news_of_permitted_sources(
    tenant: TenantRef, browse: Browse, user: User, viewer: User
) -> None:
    source = NoticeSource(
        name="test", section="needs", order=1, permission="settings.manage",
        list=lambda limit: [Notice(title="Renew the certificate", url="/settings/", icon="lock")],
    )  # fmt: skip
    with notice_sources.temporarily(source):
        assert "Renew the certificate" in browse(user).get(path("notifications")).content.decode()
        fragment = browse(user).get(path("notifications"), headers={"HX-Request": "true"}).content.decode()
        assert "Renew the certificate" in fragment
        assert "<html" not in fragment
        assert "Renew the certificate" in browse(user).get(path("home")).content.decode()
        for name in ("notifications", "home"):
            assert "Renew the certificate" not in browse(viewer).get(path(name)).content.decode()


def test_home_draws_the_sections_in_boss_mode_order(tenant: TenantRef, browse: Browse, user: User) -> None:
    text = browse(user).get(path("home")).content.decode()
    places = [text.index(f'id="{heading}"') for heading in ("needs-h", "health-h", "changed-h")]
    assert places == sorted(places)


def test_home_goes_on_without_a_card_that_fails(tenant: TenantRef, browse: Browse, user: User) -> None:
    from apps.core.errors import Unavailable

    def fail(request: object) -> dict[str, object]:
        raise Unavailable(detail="test")

    card = DashboardCard(name="bad", section="needs", order=1, permission="tasks.view", template="x.html", context=fail)
    with dashboard_cards.temporarily(card):
        assert browse(user).get(path("home")).status_code == 200


def test_home_asks_the_same_number_of_queries_whatever_there_is_to_show(
    tenant: TenantRef, browse: Browse, user: User
) -> None:
    tasks.ensure_defaults()
    counts = []
    for size in (1, 3):
        while sum(tasks.count_tasks_by_state().values()) < size:
            tasks.submit_task(source=TaskSource.PORTAL, title="One", body="Boxes.", requested_by=user.pk)
        client = browse(user)
        client.get(path("home"))
        with CaptureQueriesContext(connection) as seen:
            client.get(path("home"))
        counts.append(len(seen))
    assert counts[0] == counts[1]
    assert counts[0] <= HOME_QUERIES, counts


HOME_QUERIES = 36


def test_guardian_line_says_what_the_probes_say(tenant: TenantRef, browse: Browse, user: User) -> None:
    text = browse(user).get(path("home")).content.decode()
    assert 'class="guardian bad"' in text
    assert "No worker is keeping up" in text


def test_guardian_line_is_measured_once_in_a_while(tenant: TenantRef) -> None:
    guardian.guardian_line()
    with CaptureQueriesContext(connection) as seen:
        guardian.guardian_line()
    assert len(seen) == 0


def test_style_page_is_for_staff_and_development(tenant: TenantRef, browse: Browse, user: User, staff: User) -> None:
    assert browse(user).get(path("style")).status_code == 404
    assert browse().get(path("style")).status_code == 404
    page = browse(staff).get(path("style"))
    assert page.status_code == 200
    with override_settings(DEBUG=True):
        assert browse().get(path("style")).status_code == 200
    assert b" style=" not in page.content


def test_undo_of_a_toast_posts_on_this_host_only() -> None:
    from django.contrib.messages import constants
    from django.contrib.messages.storage.base import Message

    from apps.core.templatetags.parts import undo_url

    assert undo_url(Message(constants.SUCCESS, "Done", extra_tags="undo:/tasks/1/undo/")) == "/tasks/1/undo/"
    assert undo_url(Message(constants.SUCCESS, "Done", extra_tags="undo://evil.example/")) == ""
    assert undo_url(Message(constants.SUCCESS, "Done", extra_tags="undo:https://evil.example/")) == ""
    assert undo_url(Message(constants.SUCCESS, "Done")) == ""


def test_the_bell_counts_what_every_source_says_needs_this_person(
    tenant: TenantRef, browse: Browse, user: User, viewer: User
) -> None:
    def source(name: str, **more: object) -> NoticeSource:
        notice = Notice(title=name, url="/", icon="plug")
        return NoticeSource(
            **{
                "name": name,
                "section": "needs",
                "order": 5,
                "permission": "workspace.view",
                "list": lambda limit: [notice],
            }
            | more
        )

    sources = [
        source("one"), source("counted", count=lambda: 40), source("news", section="changed"),
        source("hidden", permission="connections.manage"),
    ]  # fmt: skip
    with notice_sources.temporarily(*sources):
        assert "Notifications, 42 need you" in browse(user).get(path("more")).content.decode()
        assert "Notifications, 41 need you" in browse(viewer).get(path("more")).content.decode()
