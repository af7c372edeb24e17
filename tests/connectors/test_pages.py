"""The pages of connections through the front door, against the sandbox of Notion."""

import re
import uuid
from collections.abc import Callable

import pytest
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from apps.accounts.models import User
from apps.connectors import facade
from apps.connectors.models import Connection, NotionConflict, NotionPage, NotionPush
from apps.connectors.providers.notion import jobs
from apps.dispatch.models import WorkItem
from tests.connectors.world import World
from tests.servers.notion import PARENT_PAGE_ID, TOKEN

Browse = Callable[..., Client]


def path(name: str, *args: object) -> str:
    return reverse(f"connections:{name}", args=args, urlconf="echopilot.urls_tenant")


class Context:
    """What a handler gets from the loop."""

    def __init__(self, ref: str, tenant_id: int) -> None:
        self.work = type("Work", (), {"ref": ref, "tenant_id": tenant_id})()
        self.completed = False

    def complete_in_transaction(self) -> None:
        self.completed = True


@pytest.fixture
def address(settings, bare: World) -> World:
    """The sandbox as the installation's own Notion, nothing connected yet."""
    Connection.objects.all().delete()
    settings.NOTION_BASE_URL = bare.notion.url
    settings.OUTBOUND_ALLOW_OPERATOR = [bare.notion.url.removeprefix("http://")]
    return bare


def said(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def test_an_empty_workspace_offers_to_connect(tenant, browse: Browse, user: User) -> None:
    page = said(browse(user), path("connection_list"))
    assert "Nothing is connected yet" in page
    assert path("connection_create", "notion") in page


def test_people_without_the_permission_look_and_do_not_touch(
    world: World, browse: Browse, viewer: User, member: User
) -> None:
    assert browse(viewer).get(path("connection_list")).status_code == 403
    page = said(browse(member), path("connection_detail", world.connection_id))
    assert "Make a test call" not in page
    for verb in ("test", "pause", "resume", "disconnect", "schema", "set_up", "read"):
        assert browse(member).post(path(f"connection_{verb}", world.connection_id)).status_code == 403
    assert browse(member).post(path("connection_create", "notion"), {"token": TOKEN}).status_code == 403
    world.connection.refresh_from_db()
    assert world.connection.state == "active"
    assert "hooks/notion" not in page


@pytest.mark.parametrize(
    "verb", ["detail", "reconnect", "test", "pause", "resume", "disconnect", "schema", "set_up", "read"]
)
def test_an_unknown_connection_is_not_found(tenant, browse: Browse, user: User, verb: str) -> None:
    address = path(f"connection_{verb}", uuid.uuid4())
    client = browse(user)
    assert (client.get if verb in ("detail", "reconnect") else client.post)(address).status_code == 404


def test_reading_now_queues_one_poll_however_often_it_is_asked(world: World, browse: Browse, user: User) -> None:
    here = world.connection_id
    for _again in range(2):
        page = browse(user).post(path("connection_read", here), follow=True).content.decode()
        assert "becomes a task within seconds" in page
    assert WorkItem.objects.filter(kind=jobs.POLL, ref=str(here)).count() == 1


def test_connecting_asks_the_service_and_leads_to_the_connection(address: World, browse: Browse, user: User) -> None:
    client = browse(user)
    answer = client.post(
        path("connection_create", "notion"), {"token": TOKEN, "parent_page_id": PARENT_PAGE_ID, "name": ""}
    )
    assert answer.status_code == 302, answer.content.decode()[-1500:]
    view = facade.list_connections()[0]
    assert answer["Location"] == path("connection_detail", view.id)
    page = said(client, answer["Location"])
    assert "accepted the credentials" in page
    assert "Compare with what is needed" in page
    assert TOKEN not in page


@pytest.mark.parametrize(
    ("typed", "shown"),
    [({"token": "secret_wrong"}, "refused"), ({"token": "has space"}, "no spaces"), ({"token": ""}, "required"),
     ({"parent_page_id": "nowhere"}, "32 characters")],
)  # fmt: skip
def test_bad_credentials_are_refused_in_words_and_what_was_typed_stays(
    address: World, browse: Browse, user: User, typed: dict[str, str], shown: str
) -> None:
    sent = {"token": TOKEN, "parent_page_id": PARENT_PAGE_ID, "name": "My own name"} | typed
    answer = browse(user).post(path("connection_create", "notion"), sent)
    page = answer.content.decode()
    assert answer.status_code == 400
    assert shown in page
    assert 'value="My own name"' in page
    assert not Connection.objects.exists()


def test_the_sandbox_is_filled_in_for_development_only(address: World, browse: Browse, user: User, settings) -> None:
    from pydantic import SecretStr

    settings.ENV = settings.ENV.model_copy(
        update={"notion_token": SecretStr("secret_sandbox"), "notion_parent_page_id": PARENT_PAGE_ID}
    )
    assert "secret_sandbox" not in said(browse(user), path("connection_create", "notion"))
    settings.DEBUG = True
    assert "secret_sandbox" in said(browse(user), path("connection_create", "notion"))
    settings.NOTION_BASE_URL = "https://notion.example"
    assert "secret_sandbox" not in said(browse(user), path("connection_create", "notion"))


def test_a_test_call_says_who_answered_or_what_is_wrong(world: World, browse: Browse, user: User) -> None:
    client = browse(user)
    page = client.post(path("connection_test", world.connection_id), follow=True).content.decode()
    assert re.search(r"answered in \d+ ms", page)
    world.faults({"kind": "status", "status": 401})
    page = client.post(path("connection_test", world.connection_id), follow=True).content.decode()
    assert "refused the stored credentials" in page
    assert "Needs you" in page


def test_a_pause_holds_work_back_and_a_test_call_does_not_end_it(world: World, browse: Browse, user: User) -> None:
    client, here = browse(user), world.connection_id
    page = client.post(path("connection_pause", here), follow=True).content.decode()
    assert "Paused" in page
    client.post(path("connection_test", here))
    world.connection.refresh_from_db()
    assert world.connection.state == "paused"
    jobs.sweep_connections(Context("notion.sweep", 1))
    assert not WorkItem.objects.filter(kind="notion.poll", ref=str(here)).exists()
    with pytest.raises(Exception, match="paused"):
        world.poll()
    assert "is working again" in client.post(path("connection_resume", here), follow=True).content.decode()
    assert WorkItem.objects.filter(kind="notion.poll", ref=str(here)).exists()


def test_disconnecting_forgets_the_token_and_offers_to_connect_again(world: World, browse: Browse, user: User) -> None:
    client = browse(user)
    page = client.post(path("connection_disconnect", world.connection_id), follow=True).content.decode()
    assert "its credentials are forgotten" in page
    world.connection.refresh_from_db()
    assert world.connection.secret == ""
    assert path("connection_reconnect", world.connection_id) in said(
        client, path("connection_detail", world.connection_id)
    )


def test_databases_are_compared_first_and_set_up_by_the_workers(
    bare: World, browse: Browse, user: User, tenant
) -> None:
    client = browse(user)
    before = len(bare.notion.store.records) if hasattr(bare.notion.store, "records") else None
    page = client.post(path("connection_schema", bare.connection_id)).content.decode()
    assert "Create the database" in page
    assert "Nothing has been changed" in page
    if before is not None:
        assert len(bare.notion.store.records) == before
    page = client.post(path("connection_set_up", bare.connection_id), follow=True).content.decode()
    assert "Being set up now" in page
    assert 'data-refresh="1500"' in page
    work = WorkItem.objects.get(kind=jobs.SETUP)
    jobs.set_up(Context(work.ref, tenant.id))
    view = facade.get_connection(bare.connection_id)
    assert view.setup_state == "done"
    assert len(view.databases) >= 2
    assert (
        "Everything is as it should be" in client.post(path("connection_schema", bare.connection_id)).content.decode()
    )


def test_a_set_up_that_cannot_be_says_why(bare: World, browse: Browse, user: User, tenant) -> None:
    browse(user).post(path("connection_set_up", bare.connection_id))
    bare.faults({"kind": "status", "status": 401})
    context = Context(str(bare.connection_id), tenant.id)
    jobs.set_up(context)
    assert context.completed
    view = facade.get_connection(bare.connection_id)
    assert view.setup_state == "failed"
    assert "credentials" in view.setup_problem


def make_conflict(world: World, number: int = 1) -> NotionConflict:
    page = NotionPage.objects.create(
        database=world.database("t_queue"),
        page_id=f"page-{number}",
        local_ref=f"task-{number}",
        seen={"Result": "theirs"},
    )
    NotionPush.objects.create(
        connection=world.connection, database_key="t_queue", local_ref=f"task-{number}", page=page, state="in_step"
    )
    return NotionConflict.objects.create(page=page, property="Result", ours="ours", theirs="theirs", base="before")


def test_a_conflict_shows_both_values_and_the_choice_can_be_taken_back(
    world: World, browse: Browse, user: User
) -> None:
    conflict = make_conflict(world)
    client = browse(user)
    page = said(client, path("conflict_list"))
    assert "ours" in page
    assert "theirs" in page
    client.post(path("conflict_resolve", conflict.pk), {"choice": "theirs"})
    conflict.refresh_from_db()
    assert (conflict.state, conflict.resolved_by) == ("theirs", user.pk)
    client.post(path("conflict_reverse", conflict.pk))
    conflict.refresh_from_db()
    assert conflict.state == "ours"
    wish = NotionPush.objects.get().wishes["Result"]
    assert (wish["value"], wish["base"]) == ("ours", "theirs")
    client.post(path("conflict_reverse", conflict.pk))
    assert NotionPush.objects.get().wishes["Result"]["value"] == "theirs"


def test_an_open_or_old_conflict_cannot_be_reversed(world: World, browse: Browse, user: User) -> None:
    from datetime import timedelta

    from django.utils import timezone

    conflict = make_conflict(world)
    client = browse(user)
    assert "can no longer be undone" in client.post(path("conflict_reverse", conflict.pk), follow=True).content.decode()
    client.post(path("conflict_resolve", conflict.pk), {"choice": "theirs"})
    NotionConflict.objects.update(resolved_at=timezone.now() - timedelta(hours=2))
    assert "can no longer be undone" in client.post(path("conflict_reverse", conflict.pk), follow=True).content.decode()
    assert client.post(path("conflict_resolve", uuid.uuid4()), {"choice": "ours"}).status_code == 404


def test_a_nonsense_choice_decides_nothing(world: World, browse: Browse, user: User, viewer: User) -> None:
    conflict = make_conflict(world)
    browse(user).post(path("conflict_resolve", conflict.pk), {"choice": "both"})
    assert browse(viewer).post(path("conflict_resolve", conflict.pk), {"choice": "ours"}).status_code == 403
    conflict.refresh_from_db()
    assert conflict.state == "open"


def test_troubled_connections_and_conflicts_are_noticed(world: World) -> None:
    from apps.connectors import notices

    assert notices.connections(5) == []
    assert notices.conflicts(5) == []
    Connection.objects.update(state="attention", problem="The token was revoked.")
    make_conflict(world)
    assert notices.connections(5)[0].text == "The token was revoked."
    assert (len(notices.conflicts(5)), notices.count_conflicts()) == (1, 1)
    assert notices.find(world.connection.name[:4], 5)[0].url == path("connection_detail", world.connection_id)


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(database) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_lists_take_the_same_queries_for_one_row_and_three(world: World, browse: Browse, user: User) -> None:
    make_conflict(world)
    client = browse(user)
    addresses = [path("connection_list"), path("conflict_list"), path("connection_detail", world.connection_id)]
    before = [queries(client, address) for address in addresses]
    for number in (2, 3):
        make_conflict(world, number)
        Connection.objects.create(connector="notion", name=str(number), base_url="x", account_id=str(number))
    assert [queries(client, address) for address in addresses] == before
    assert max(before) <= 16, before
