"""Connections: credentials, health, and the jobs of the loop."""

import uuid
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection as database

from apps.connectors import budget, facade
from apps.connectors.errors import ConnectionUnknown, ConnectorPaused, CredentialsRefused, RateLimited
from apps.connectors.models import Connection, NotionPush
from apps.connectors.providers.notion import jobs
from apps.core.errors import InvalidInput, NotFound
from apps.dispatch.models import WorkItem
from tests.servers.notion import PARENT_PAGE_ID, TOKEN


class Context:
    """What a handler gets from the loop."""

    def __init__(self, ref, tenant):
        self.work = type("Work", (), {"ref": ref, "tenant_id": tenant.id})()
        self.completed = False

    def complete_in_transaction(self):
        self.completed = True


def test_the_token_is_encrypted_for_its_row(world):
    with database.cursor() as cursor:
        cursor.execute("SELECT secret FROM connectors_connection")
        (stored,) = cursor.fetchone()
    assert TOKEN not in stored
    assert stored.startswith("v1:")
    assert world.connection.secret == TOKEN


def test_connecting_the_same_workspace_again_is_one_connection_with_the_new_token(world):
    world.notion.tokens.add("secret_second")
    view = facade.connect_notion(
        token="secret_second", parent_page_id=PARENT_PAGE_ID, name="Mine", base_url=world.notion.url
    )
    assert view.id == world.connection_id
    assert Connection.objects.count() == 1
    assert world.connection.secret == "secret_second"
    assert view.name == "Mine"


@pytest.mark.parametrize(
    ("token", "parent", "error"),
    [
        ("", PARENT_PAGE_ID, InvalidInput),
        ("has space", PARENT_PAGE_ID, InvalidInput),
        ("x" * 500, PARENT_PAGE_ID, InvalidInput),
        (TOKEN, "not a page", InvalidInput),
        (TOKEN, "", InvalidInput),
        ("secret_wrong", PARENT_PAGE_ID, CredentialsRefused),
    ],
)
def test_wrong_input_is_refused_and_nothing_is_kept(world, token, parent, error):
    Connection.objects.all().delete()
    with pytest.raises(error):
        facade.connect_notion(token=token, parent_page_id=parent, base_url=world.notion.url)
    assert not Connection.objects.exists()


def test_a_pages_address_is_taken_for_its_id(world):
    from apps.connectors.connections import page_id_of

    for text in (
        PARENT_PAGE_ID,
        PARENT_PAGE_ID.replace("-", ""),
        f"https://www.notion.so/acme/Work-{PARENT_PAGE_ID.replace('-', '')}?pvs=4",
    ):
        assert page_id_of(text) == PARENT_PAGE_ID


def test_an_address_inside_is_refused(world, settings):
    settings.OUTBOUND_ALLOW = []
    with pytest.raises(InvalidInput):
        facade.connect_notion(token=TOKEN, parent_page_id=PARENT_PAGE_ID, base_url="http://169.254.169.254")


def test_repeated_failures_rest_the_calls_and_success_ends_it(world):
    world.faults({"kind": "status", "status": 503})
    for _poll in range(5):
        with pytest.raises(Exception, match="503"):
            world.poll()
    calls = world.notion.budget.total
    with pytest.raises(ConnectorPaused) as caught:
        world.poll(after=1)
    assert 0 < caught.value.retry_after <= 60
    assert world.notion.budget.total == calls
    assert facade.get_connection(world.connection_id).health == "down"
    world.faults()
    world.poll(after=61)
    assert facade.get_connection(world.connection_id).health == "ok"


def test_credentials_that_end_soon_are_announced(world):
    from django.utils import timezone

    Connection.objects.update(expires_at=timezone.now() + timedelta(days=3))
    assert facade.get_connection(world.connection_id).health == "degraded"


def test_disconnecting_forgets_the_secret_and_connecting_again_goes_on(world):
    world.add(Task_Name="One")
    world.poll()
    facade.disconnect(world.connection_id)
    assert world.connection.secret == ""
    assert not facade.notion_connected()
    with pytest.raises(ConnectionUnknown):
        world.poll()
    facade.connect_notion(token=TOKEN, parent_page_id=PARENT_PAGE_ID, base_url=world.notion.url)
    world.poll()
    assert len(world.app.changes) == 1


def test_an_unknown_connection_is_not_found(world):
    with pytest.raises(NotFound):
        facade.notion_poll(uuid.uuid4())


def test_listing_takes_the_same_queries_for_one_and_three(world, django_assert_num_queries):
    with django_assert_num_queries(5):
        assert len(facade.list_connections()) == 1
    for number in range(2):
        Connection.objects.create(connector="notion", name=str(number), base_url="x", account_id=str(number))
    with django_assert_num_queries(5):
        assert len(facade.list_connections()) == 3


def test_the_minutes_sweep_asks_for_one_poll_per_connection(world, tenant):
    jobs.sweep_connections(Context("notion.sweep", tenant))
    jobs.sweep_connections(Context("notion.sweep", tenant))
    assert list(WorkItem.objects.filter(kind="notion.poll").values_list("ref", flat=True)) == [str(world.connection_id)]


def test_the_jobs_do_the_loop_and_a_failure_is_tried_again(world, tenant):
    world.notion.clock.release()
    page_id = world.add(Task_Name="One")
    context = Context(str(world.connection_id), tenant)
    world.faults({"kind": "status", "status": 503})
    jobs.poll(context)
    assert context.completed
    world.faults()
    jobs.poll(Context(str(world.connection_id), tenant))
    assert [change.page_id for change in world.app.changes] == [page_id]
    world.upsert("task-1", page_id=page_id, values={"Result": "x"})
    push = NotionPush.objects.get()
    world.faults({"kind": "status", "status": 429, "retry_after": 20, "times": 1})
    context = Context(str(push.pk), tenant)
    jobs.push(context)
    push.refresh_from_db()
    assert context.completed
    assert push.error_code == "connector_rate_limited"
    assert push.failures == 1


def test_actions_are_checked_and_carry_no_secret(world):
    source_id = world.database("t_log").data_source_id
    with pytest.raises(InvalidInput):
        facade.prepare_action(
            connection_id=world.connection_id, action="create_row", inputs={"reference": "EchoPilot ID"}
        )
    with pytest.raises(NotFound):
        facade.prepare_action(connection_id=world.connection_id, action="explode", inputs={})
    request = facade.prepare_action(
        connection_id=world.connection_id,
        action="create_row",
        inputs={
            "data_source_id": source_id,
            "reference": "EchoPilot ID",
            "properties": {"Task": {"title": [{"text": {"content": "by action"}}]}},
        },
    )
    assert TOKEN not in repr(request)
    secrets = facade.unlock_action(request)
    assert TOKEN not in repr(secrets)
    assert facade.find_action(request, secrets, key="k-1") is None
    made = facade.perform_action(request, secrets, key="k-1", timeout_s=10)
    assert facade.find_action(request, secrets, key="k-1")["id"] == made["id"]
    listed = facade.prepare_action(
        connection_id=world.connection_id, action="query_rows", inputs={"data_source_id": source_id}
    )
    assert facade.perform_action(listed, secrets, key="k-2", timeout_s=10)["rows"][0]["id"] == made["id"]


def test_an_action_waits_for_the_shared_budget(world):
    request = facade.prepare_action(
        connection_id=world.connection_id,
        action="query_rows",
        inputs={"data_source_id": world.database().data_source_id},
    )
    from apps.connectors.clock import SYSTEM
    from apps.connectors.providers.notion.session import access_of

    budget.block(key=access_of(world.connection).budget_key, seconds=100, clock=SYSTEM)
    with pytest.raises(RateLimited):
        facade.unlock_action(request)


def test_the_commands_say_what_they_did_and_how_it_ended(bare, capsys):
    from apps.tenants.context import host_context

    bare.notion.clock.release()
    with host_context(None):
        call_command("notion_setup", tenant="acme", dry_run=True)
        assert "[would] t_queue: create database Test Queue" in capsys.readouterr().out
        call_command("notion_setup", tenant="acme")
        assert "2 databases checked" in capsys.readouterr().out
        bare.notion.faults.replace([])
        call_command("poll_notion", tenant="acme")
        assert "1 databases, 0 rows looked at, 0 changes" in capsys.readouterr().out
        bare.notion.tokens = {"gone"}
        with pytest.raises(CommandError) as caught:
            call_command("poll_notion", tenant="acme")
        assert caught.value.returncode == 1
        for arguments, code in (({"tenant": "nobody"}, 3), ({"tenant": "globex"}, 3)):
            with pytest.raises(CommandError) as caught:
                call_command("poll_notion", **arguments)
            assert caught.value.returncode == code
        with pytest.raises(CommandError) as caught:
            call_command("notion_setup", tenant="acme", use=["nonsense"])
        assert caught.value.returncode == 2
