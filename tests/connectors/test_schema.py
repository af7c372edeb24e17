"""Declared databases against the ones in Notion."""

import threading

import pytest

from apps.connectors.errors import SetupRunning
from apps.connectors.models import NotionDatabase
from apps.connectors.providers.notion import schema
from apps.core.errors import InvalidInput
from tests.servers.notion import PARENT_PAGE_ID
from tests.servers.notion.rich_text import piece


def found(diff):
    return [(change.database_key, change.action, change.subject) for change in diff.changes]


def column(world, name, key="t_queue"):
    return world.store.column(world.source(key), name)


def test_the_plan_changes_nothing_and_applying_it_does_what_it_said(bare):
    plan = bare.plan()
    assert plan.dry_run
    assert not any(change.applied for change in plan.changes)
    assert not bare.store.databases
    done = bare.set_up()
    assert found(done)[:2] == found(plan)
    assert {database["title"][0]["plain_text"] for database in bare.store.databases.values()} == {
        "Test Queue",
        "Test Log",
    }
    assert column(bare, "Linked")["relation"]["data_source_id"] == bare.database().data_source_id


def test_doing_it_again_finds_nothing_to_do(world):
    for diff in (world.plan(), world.set_up(), world.set_up()):
        assert diff.changes == ()
        assert diff.clean
    assert len(world.store.databases) == 2


def test_missing_columns_and_options_are_added_and_user_data_stays(world):
    page_id = world.add(Task_Name="Mine", Status="New", Description="keep me")
    source = world.source()
    world.store.add_column(source, "My own column", {"number": {}})
    source["columns"].remove(column(world, "Score"))
    status = column(world, "Status")["select"]["options"]
    status.remove(next(option for option in status if option["name"] == "Failed"))
    status.append({"id": "mine", "name": "Parked", "color": "red", "description": None})
    plan = world.plan()
    assert set(found(plan)) == {("t_queue", "add_property", "Score"), ("t_queue", "add_options", "Status")}
    world.set_up()
    assert column(world, "Score")["type"] == "number"
    assert {option["name"] for option in column(world, "Status")["select"]["options"]} == {
        "New",
        "Processing",
        "Done",
        "Failed",
        "Parked",
    }
    assert column(world, "My own column") is not None
    assert world.cells(page_id)["Description"] == "keep me"
    assert world.cells(page_id)["Status"] == "New"
    assert world.plan().clean


def test_a_wrong_number_format_is_set_right(world):
    column(world, "Cost", "t_log")["number"]["format"] = "euro"
    assert found(world.plan()) == [("t_log", "set_format", "Cost")]
    world.set_up()
    assert column(world, "Cost", "t_log")["number"]["format"] == "dollar"


def test_a_column_of_another_type_is_reported_and_only_on_request_gets_one_beside_it(world):
    page_id = world.add(Task_Name="One")
    source = world.source()
    source["columns"].remove(column(world, "Score"))
    world.store.add_column(source, "Score", {"rich_text": {}})
    diff = world.set_up()
    assert found(diff) == [("t_queue", "wrong_type", "Score")]
    assert diff.changes[0].blocked
    assert not diff.clean
    assert column(world, "Score")["type"] == "rich_text"
    assert "Score" in world.database().problem
    done = world.set_up(shadow_columns=True)
    assert found(done) == [("t_queue", "add_shadow", "Score")]
    assert column(world, "Score (number)")["type"] == "number"
    world.poll()
    world.upsert("task-1", page_id=page_id, values={"Score": 90})
    assert not world.push()
    assert world.cells(page_id)["Score (number)"] == "90"
    assert world.plan().clean


def test_a_renamed_column_is_reported_and_left_alone(world):
    column(world, "Result")["name"] = "Answer"
    diff = world.set_up()
    assert found(diff) == [("t_queue", "renamed", "Result")]
    assert diff.clean
    assert column(world, "Answer") is not None
    assert column(world, "Result") is None


def test_a_run_killed_between_create_and_record_is_continued(world):
    NotionDatabase.objects.filter(key="t_log").delete()
    diff = world.set_up()
    assert found(diff)[0] == ("t_log", "adopt_database", "Test Log")
    assert len(world.store.databases) == 2


def test_a_create_whose_answer_was_lost_is_found_by_the_next_run(bare):
    bare.faults({"kind": "drop_after", "method": "POST", "path": "^/v1/databases$", "times": 1})
    with pytest.raises(Exception, match="POST databases"):
        bare.set_up()
    bare.notion.clock.advance(400)
    bare.set_up()
    assert len(bare.store.databases) == 2


def test_a_foreign_database_of_the_same_title_is_not_taken(bare):
    bare.store.create_database(
        parent={"type": "page_id", "page_id": PARENT_PAGE_ID}, title=[piece("Test Log")], description=[], properties={}
    )
    bare.set_up()
    assert len(bare.store.databases) == 3


def test_another_workspace_under_the_same_page_keeps_its_own_databases(bare):
    bare.set_up()
    for database in bare.store.databases.values():
        database["description"][0]["plain_text"] = database["description"][0]["plain_text"].replace(":acme]", ":other]")
    NotionDatabase.objects.all().delete()
    bare.set_up()
    assert len(bare.store.databases) == 4


def test_a_database_in_the_bin_is_made_again(world):
    world.add(Task_Name="old")
    world.poll()
    world.store.database(world.database().database_id)["in_trash"] = True
    old = world.database().data_source_id
    world.poll()
    assert world.database().error_code == "notion_database_missing"
    assert found(world.plan())[0] == ("t_queue", "create_database", "Test Queue")
    world.set_up()
    assert world.database().data_source_id != old
    page_id = world.add(Task_Name="new")
    world.poll()
    assert world.app.changes[-1].page_id == page_id
    assert world.database().error_code == ""


def test_an_existing_database_can_be_named(bare):
    mine = bare.store.create_database(
        parent={"type": "page_id", "page_id": PARENT_PAGE_ID},
        title=[piece("My list")],
        description=[],
        properties={"Name": {"title": {}}, "Status": {"select": {"options": []}}},
    )
    bare.set_up(database_ids={"t_queue": mine["id"]})
    assert bare.database().database_id == mine["id"]
    page_id = bare.add(Name="In my list")
    bare.poll()
    assert bare.app.changes[-1].values["Task Name"] == "In my list"
    assert bare.app.changes[-1].page_id == page_id
    with pytest.raises(InvalidInput):
        bare.set_up(database_ids={"t_log": "00000000-0000-4000-8000-00000000ffff"})


def test_a_second_run_at_the_same_time_is_refused(world):
    with schema.SetupLease(world.connection, world.clock, needed=True), pytest.raises(SetupRunning):
        world.set_up()
    assert world.set_up().clean


@pytest.mark.django_db(transaction=True)
def test_runs_in_parallel_make_each_database_once():
    from apps.tenants import facade as tenants
    from tests.connectors.world import opened

    reference = tenants.get_tenant(slug="acme")
    with tenants.tenant_context(reference), opened(set_up=False) as world:
        outcomes = []

        def run():
            from django.db import connection

            try:
                with tenants.tenant_context(reference):
                    outcomes.append(world.set_up())
            except SetupRunning as error:
                outcomes.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=run) for _number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(outcomes) == 4
        assert any(not isinstance(outcome, SetupRunning) for outcome in outcomes)
        assert len(world.store.databases) == 2


def test_a_run_that_lost_its_lease_while_creating_leaves_one_database(bare, monkeypatch):
    """The process slept through its lease between asking and getting the answer; another run created the database."""
    create = schema.NotionClient.create_database

    def slow(client, **options):
        if not bare.store.databases:
            monkeypatch.setattr(schema.NotionClient, "create_database", create)
            bare.notion.clock.advance(400)
            bare.set_up()
        return create(client, **options)

    monkeypatch.setattr(schema.NotionClient, "create_database", slow)
    with pytest.raises(SetupRunning):
        bare.set_up()
    alive = [database for database in bare.store.databases.values() if not database["in_trash"]]
    assert len(alive) == 2
    assert bare.plan().clean
